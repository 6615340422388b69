import type { MplsLabel } from '../wire/icmp-extensions.ts'
import type { IcmpMeaning } from '../wire/icmp-meaning.ts'

export type Protocol = 'tcp' | 'udp' | 'icmp'

export interface Probe {
  /** Counts up; no two probes that are on their way share it. */
  readonly sequence: number
  readonly ttl: number
  /** Probes of one flow look the same to whoever shares load among paths. */
  readonly flow: number
  /** Of the whole IP packet; then it may not be fragmented. The smallest possible when left out. */
  readonly sizeBytes?: number
}

export type Sent =
  /** In milliseconds of CLOCK_REALTIME. */
  | { readonly ok: true; readonly atMs: number }
  /** The system's name of the error: `ENETUNREACH`, `EPERM`, `EMSGSIZE`. */
  | { readonly ok: false; readonly error: string }

/** An ICMP error, or how the target answered. */
export type Meaning = IcmpMeaning | 'syn-ack' | 'reset' | 'echo' | 'datagram'

export interface Answer {
  readonly sequence: number
  /** In milliseconds of CLOCK_REALTIME, by the kernel where it says so. */
  readonly atMs: number
  readonly host: string
  readonly meaning: Meaning
  readonly labels: readonly MplsLabel[]
  /** The MTU that the error names, in bytes. */
  readonly mtuBytes?: number
}

/** What sends probes and hears their answers. Answers to nothing that was sent are left out. */
export interface Channel extends Disposable {
  send(probe: Probe): Sent
  /** Waits at most `waitMs`, blocking, and gives what has come. */
  receive(waitMs: number): readonly Answer[]
  /** Nobody waits for the answer any longer. */
  forget(sequence: number): void
  /** An answer that comes later than this cannot be told from one to a repeated packet. */
  readonly longestWaitMs?: number
  /** Whether a flow is the same packet at every TTL. It can turn false while answers come. */
  readonly keepsFlow: boolean
}

/** Where probes go. */
export interface ChannelTarget {
  readonly protocol: Protocol
  readonly address: string
  readonly port: number
  readonly flows: number
}
