import type { Protocol } from './channels/channel.ts'
import type { PathEvidence } from './path-evidence.ts'

export interface TraceOptions {
  readonly protocol?: Protocol
  /** Either when left out, as the system prefers. */
  readonly family?: 4 | 6
  /** 0: until the signal. */
  readonly rounds?: number
  /** From one round to the next. Linux routers send one ICMP error a second to each peer. */
  readonly intervalMs?: number
  readonly maxHops?: number
  /** A probe without an answer is lost after this. */
  readonly timeoutMs?: number
  /** Source ports that rounds take in turn, so that equal paths show. */
  readonly flows?: number
  readonly findMtu?: boolean
  /** Whether names are looked up (PTR). */
  readonly names?: boolean
  /** What is known so far, a few times a second. */
  readonly onProgress?: (evidence: PathEvidence) => void
}

/** Every default of the tracer. */
export const traceDefaults = {
  protocol: 'tcp',
  rounds: 10,
  intervalMs: 1_000,
  maxHops: 30,
  timeoutMs: 2_000,
  flows: 4,
  findMtu: true,
  names: true,
} as const

/** What the options may be. */
export const traceBounds = {
  rounds: { min: 1, max: 100_000 },
  intervalMs: { min: 200, max: 60_000 },
  maxHops: { min: 1, max: 64 },
  flows: { min: 1, max: 64 },
} as const
