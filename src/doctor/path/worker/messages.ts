import type { Meaning, Protocol } from '../channels/channel.ts'
import type { Limit } from '../channels/open-channel.ts'
import type { MplsLabel } from '../wire/icmp-extensions.ts'
import type { MtuFinding } from './find-mtu.ts'

/** What the worker is asked to do: the first line on its standard input. The end of the input stops it. */
export type Job = ({ readonly kind: 'trace' } & TraceJob) | ({ readonly kind: 'locate' } & LocateJob)

export interface TraceJob {
  readonly protocol: Protocol
  /** Numeric. */
  readonly address: string
  readonly port: number
  /** 0: until it is stopped. */
  readonly rounds: number
  readonly intervalMs: number
  readonly maxHops: number
  readonly timeoutMs: number
  readonly flows: number
  readonly findMtu: boolean
}

export interface LocateJob {
  readonly address: string
  readonly port: number
  /** The bytes to send, in base64. */
  readonly hello: string
  readonly maxHops: number
  readonly timeoutMs: number
}

/** What the worker says, one JSON object a line. */
export type Message =
  | {
      readonly kind: 'ready'
      readonly protocol: Protocol
      readonly privilege: 'raw' | 'unprivileged'
      readonly limits: readonly Limit[]
    }
  /** `sequence` ties a probe to what became of it. */
  | { readonly kind: 'sent'; readonly sequence: number; readonly ttl: number; readonly flow: number }
  | {
      readonly kind: 'reply'
      readonly sequence: number
      readonly ttl: number
      readonly flow: number
      readonly host: string
      readonly rttMs: number
      readonly meaning: Meaning
      readonly labels: readonly MplsLabel[]
    }
  | { readonly kind: 'lost'; readonly sequence: number; readonly ttl: number; readonly flow: number }
  /** The system refused to send. */
  | { readonly kind: 'refused'; readonly ttl: number; readonly error: string }
  | { readonly kind: 'round'; readonly round: number }
  | { readonly kind: 'limit'; readonly limit: Limit }
  | { readonly kind: 'mtu'; readonly mtu: MtuFinding }
  | { readonly kind: 'step'; readonly ttl: number; readonly outcome: StepOutcome }
  /** The job cannot be done here. */
  | { readonly kind: 'failed'; readonly reason: 'no-packet-sockets' | 'refused'; readonly detail: string }
  | { readonly kind: 'end' }

/** What became of a hello that may go `ttl` hops: see locate-reset. */
export type StepOutcome = 'expired' | 'reset' | 'closed' | 'answered' | 'silent' | 'unconnected'

const kinds: ReadonlySet<string> = new Set([
  'ready',
  'sent',
  'reply',
  'lost',
  'refused',
  'round',
  'limit',
  'mtu',
  'step',
  'failed',
  'end',
])

/** A line of our own worker. Throws SyntaxError for a line that is none. */
export function readMessage(line: string): Message {
  const value: unknown = JSON.parse(line)
  if (typeof value === 'object' && value !== null && 'kind' in value && kinds.has(String(value.kind))) {
    return value as Message
  }
  throw new SyntaxError(`the tracer said ${line.slice(0, 200)}`)
}
