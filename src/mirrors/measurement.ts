/** What a run found out about one mirror. */

import type { FailureCode } from '../upstream/upstream.ts'
import type { MirrorEntry, Standing } from './catalogue.ts'

/** A source that is measured: an entry of the catalogue, the origin, or one that only the user knows. */
export interface Candidate {
  readonly id: string
  readonly role: 'catalogue' | 'origin' | 'yours'
  readonly region: string
  readonly isp: string | undefined
  /** Candidates with one domain fail together. */
  readonly domain: string
  /** May hold credentials; the first that can be reached is measured. */
  readonly addresses: readonly string[]
  /** Its place in the list that is in use now, from 0; undefined when it is not in it. */
  readonly inUse: number | undefined
  readonly standing: Standing | undefined
  readonly entry: MirrorEntry | undefined
}

export type Ipv6 = 'works' | 'broken' | 'none'

/** One connection, opened step by step; nothing of it through a forward proxy, which hides the steps. */
export interface Reach {
  readonly dnsMs: number
  readonly tcpMs: number
  /** Undefined over plain HTTP. */
  readonly tlsMs: number | undefined
  /** What the server chose (ALPN): `h2`, `http/1.1`. */
  readonly httpVersion: string
  readonly ipv6: Ipv6
}

export type FaultCode =
  | FailureCode
  /** Other bytes than the pinned ones (`wrong-content` of the transport is the same to a user). */
  | 'html'
  | 'retired'
  | 'status'
  | 'unaddressed'
  | 'unmeasured'

/** Why a mirror cannot be used. */
export interface Fault {
  readonly code: FaultCode
  /** One sentence for people. Holds no secret. */
  readonly message: string
}

/** What one round of samples gave; what failed is counted in `errors`. */
export interface RoundSample {
  /** Of the answers, and of what was waited for in vain; what failed at once is missing. */
  readonly firstByteMs: readonly number[]
  /** Small documents a second, `concurrency` at a time. */
  readonly smallPerSecond: number | undefined
  /** 0 when the download failed, undefined when none was tried. */
  readonly bytesPerSecond: number | undefined
}

export interface Measurement {
  readonly candidate: Candidate
  /** The base that was measured, credentials masked; undefined when none could be. */
  readonly address: string | undefined
  /** True when a forward proxy stands between. */
  readonly proxied: boolean
  /** Whether it took a connection, or where a proxy stands between, answered at all. */
  readonly reached: boolean
  readonly reach: Reach | undefined
  readonly rounds: readonly RoundSample[]
  /** Whether a body can be continued: the second half was the second half. */
  readonly range: 'resumes' | 'ignored' | 'unknown'
  /** Whether it relays the checksum database. */
  readonly sumdb: 'relays' | 'absent' | 'unknown'
  /** The host that the files really come from, where it is not the mirror's own. */
  readonly fileHost: string | undefined
  /** Versions by canary, of those that answered. */
  readonly canaries: ReadonlyMap<string, ReadonlySet<string>>
  /** Tried; not all may have reached it. */
  readonly requests: number
  readonly errors: number
  /** Received by bodies, in all. */
  readonly bytes: number
  readonly fault: Fault | undefined
}
