import type { Meaning, Protocol } from './channels/channel.ts'
import type { Limit } from './channels/open-channel.ts'
import type { PathVerdict } from './path-verdict.ts'
import type { MplsLabel } from './wire/icmp-extensions.ts'
import type { MtuFinding } from './worker/find-mtu.ts'

/** Round trips in milliseconds; null while nothing was received. */
export interface RoundTrips {
  readonly sent: number
  readonly received: number
  /** Of the probes that were answered or given up. */
  readonly lossPercent: number
  readonly lastMs: number | null
  readonly bestMs: number | null
  readonly meanMs: number | null
  readonly worstMs: number | null
  /** Smoothed difference of neighbours, RFC 3550 6.4.1. */
  readonly jitterMs: number | null
}

export interface HopHost {
  readonly address: string
  /** From a PTR record, and only what a host name may hold. */
  readonly name?: string
  readonly received: number
  readonly labels: readonly MplsLabel[]
}

/** What answered at one TTL. */
export interface Hop extends RoundTrips {
  readonly ttl: number
  /** Who answered most first; several where load is shared. */
  readonly hosts: readonly HopHost[]
  /** The newest round trips, oldest first; null for a probe that was lost. */
  readonly recentMs: readonly (number | null)[]
  /** An ICMP refusal that came instead of "time exceeded". */
  readonly refusal?: { readonly by: string; readonly meaning: Meaning }
  /** Whether the target answered here. */
  readonly isTarget: boolean
}

/** One flow's way: the first host that answered at each TTL, null for silence. */
export interface FlowPath {
  readonly flow: number
  readonly hosts: readonly (string | null)[]
  /** Probes that should have reached the target, and its answers. */
  readonly sent: number
  readonly received: number
}

export interface PathFacts {
  readonly protocol: Protocol
  /** The target's. */
  readonly address: string
  readonly hops: readonly Hop[]
  /** The target's own round trips over all flows; undefined while it never answered. */
  readonly target: RoundTrips | undefined
  /** How the target answered last: `reset` is a closed TCP port. */
  readonly targetMeaning: Meaning | undefined
  readonly flows: readonly FlowPath[]
  readonly mtu: MtuFinding | undefined
  /** Why the system refused to send, by its name of the error. */
  readonly refused: string | undefined
}

/** What a trace found. Data only: `verdictWords` puts it into words. */
export interface PathEvidence extends PathFacts {
  readonly host: string
  readonly family: 4 | 6
  readonly port: number
  readonly privilege: 'raw' | 'unprivileged' | 'none'
  readonly limits: readonly Limit[]
  /** Why there are no hops, for the limit `no-packet-sockets`. */
  readonly limitDetail: string | undefined
  /** Whole rounds. */
  readonly rounds: number
  readonly startedAt: string
  /** The verdict first, then what else was found. Never empty. */
  readonly verdicts: readonly [PathVerdict, ...PathVerdict[]]
}
