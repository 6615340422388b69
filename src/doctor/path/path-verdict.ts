import type { Meaning } from './channels/channel.ts'

/** Two hops that something lies between; TTL 0 is this machine. Hosts where they are known. */
export interface Stretch {
  readonly afterTtl: number
  readonly afterHost?: string
  readonly fromTtl: number
  readonly fromHost?: string
}

/** What each finding says; units are in the names. */
export type PathFinding =
  | { readonly id: 'path.fine' }
  | { readonly id: 'path.no_route'; readonly error: string }
  | { readonly id: 'path.local_firewall'; readonly error: string }
  | {
      readonly id: 'path.prohibited' | 'path.unreachable'
      readonly ttl: number
      readonly by: string
      readonly byTarget: boolean
      readonly meaning: Meaning
    }
  | { readonly id: 'path.loop'; readonly ttl: number; readonly hosts: readonly string[] }
  /** No answer at all from beyond a hop, to packets that a service would get. */
  | { readonly id: 'path.blackhole'; readonly ttl: number; readonly host?: string }
  /** The same for packets that many targets do not answer. */
  | { readonly id: 'path.target_silent'; readonly ttl: number; readonly host?: string }
  /** It ended before the target answered or a probe behind the last answer was given up. */
  | { readonly id: 'path.unfinished'; readonly ttl: number; readonly host?: string }
  | {
      readonly id: 'path.loss'
      readonly lossPercent: number
      readonly lowPercent: number
      readonly highPercent: number
      readonly sent: number
      readonly where: Stretch
    }
  /** Some of the equal paths lose everything. */
  | { readonly id: 'path.flow_loss'; readonly badFlows: number; readonly flows: number }
  | {
      readonly id: 'path.delay'
      readonly bestMs: number
      readonly riseMs: number
      readonly where: Stretch
    }
  | {
      readonly id: 'path.unsteady'
      readonly meanMs: number
      readonly bestMs: number
      readonly worstMs: number
      readonly jitterMs: number
      readonly where: Stretch
    }
  | { readonly id: 'path.mtu_hole'; readonly bytes: number; readonly where?: Stretch }
  | { readonly id: 'path.mtu_low'; readonly bytes: number; readonly by?: string }
  | { readonly id: 'path.rate_limited'; readonly hops: readonly { ttl: number; lossPercent: number }[] }
  | { readonly id: 'path.shared_load'; readonly ttls: readonly number[] }
  | { readonly id: 'path.port_closed' }

/** `problem` needs somebody to act, `unclear` could not be told, `fine` is well, `note` explains what was seen. */
export type Outcome = 'problem' | 'unclear' | 'fine' | 'note'

/** `certain`: a protocol says so. `likely`: enough samples. `possible`: few samples, or more than one explanation. */
export type Confidence = 'certain' | 'likely' | 'possible'

export type PathVerdict = PathFinding & { readonly outcome: Outcome; readonly confidence: Confidence }
