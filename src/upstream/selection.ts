/** Which of several equal sources to ask, in which order, and why: a pure function of what is known of them. */

import type { HealthSnapshot } from './source-health.ts'
import type { Lag } from './upstream.ts'

export interface Candidate {
  readonly id: string
  readonly health: HealthSnapshot
  /** It sent wrong bytes lately. */
  readonly marked: boolean
  /** It asked to be left alone for this long. */
  readonly throttledMs: number
  /** Where its answers really come from; two of one domain fail together. */
  readonly domain: string
  /** The others copy from it. */
  readonly origin: boolean
  readonly lag: Lag | undefined
}

export interface Ranked {
  readonly id: string
  /** Predicted milliseconds for one request of the class; lower is better. Undefined before it is measured. */
  readonly scoreMs: number | undefined
  /** Why it stands behind the others and is asked last, when it is. */
  readonly leftOut: string | undefined
}

export interface Preference {
  readonly preferred?: string | undefined
  /** @default 'fixed' */
  readonly freshness?: 'mutable' | 'fixed' | undefined
}

/** A blob of this size stands for all when throughput is weighed against latency. */
const referenceBytes = 1_000_000
/** Another must be this much faster before the order changes; keeps two alike from taking turns. */
const clearGain = 0.75
/** A failed request is made again elsewhere after its time was lost. */
const errorCost = 4

/**
 * Every candidate, best first; those left out stand last with their reason. One that was never measured stands
 * before those that were, so that it will be; among such the list's order holds.
 *
 * For what can change, the origin stands before the others, and whoever lags behind them (engine rule 5).
 * @param preferred the source asked first so far
 */
export function selectSources(
  candidates: readonly Candidate[],
  shape: 'metadata' | 'blob',
  { preferred, freshness = 'fixed' }: Preference = {},
): readonly Ranked[] {
  const bestRate = Math.max(0, ...candidates.map(({ health }) => health.bytesPerMs ?? 0))
  const ranked = candidates.map((candidate) => ({
    id: candidate.id,
    domain: candidate.domain,
    scoreMs: scoreOf(candidate.health, shape, bestRate),
    leftOut: reasonAgainst(candidate),
    suspect: candidate.health.state === 'suspect',
    staleness: freshness === 'mutable' ? stalenessOf(candidate) : 0,
  }))
  const effective = (entry: (typeof ranked)[number]) =>
    (entry.scoreMs ?? 0) * (entry.id === preferred ? clearGain : 1)
  const sorted = ranked.toSorted(
    (left, right) =>
      Number(left.leftOut !== undefined) - Number(right.leftOut !== undefined) ||
      Number(left.suspect) - Number(right.suspect) ||
      left.staleness - right.staleness ||
      effective(left) - effective(right),
  )
  const good = sorted.filter(({ leftOut }) => leftOut === undefined)
  const others = sorted.filter(({ leftOut }) => leftOut !== undefined)
  return [...apart(good), ...others].map(({ id, scoreMs, leftOut }) => ({ id, scoreMs, leftOut }))
}

/** The best of each failure domain first: a second source that fails with the first one is no second source. */
function apart<T extends { readonly domain: string }>(sorted: readonly T[]): readonly T[] {
  const isFirst = (entry: T) => sorted.find(({ domain }) => domain === entry.domain) === entry
  return [...sorted.filter(isFirst), ...sorted.filter((entry) => !isFirst(entry))]
}

/** More than any lag in milliseconds. */
const notOrigin = 1e15

/**
 * For comparing only: the origin is freshest; of the others whoever has what the others have, or was never seen
 * to lack it; then by the lag.
 */
export function stalenessOf({ origin, lag }: Pick<Candidate, 'origin' | 'lag'>): number {
  if (origin) return 0
  return notOrigin + (lag === undefined || lag.behind === 0 ? 0 : 1 + lag.atLeastMs)
}

/** The arithmetic of a score, for people. */
export function reckoningOf(health: HealthSnapshot, shape: 'metadata' | 'blob'): string {
  if (health.firstByteMs === undefined) return 'not measured yet'
  const parts = [`${Math.round(health.firstByteMs)} ms first byte`]
  if (shape === 'blob') {
    parts.push(
      health.bytesPerMs === undefined
        ? 'the best known rate, until its own is measured'
        : `${Math.round(referenceBytes / health.bytesPerMs)} ms for 1 MB at ${(health.bytesPerMs / 1000).toFixed(1)} MB/s`,
    )
  }
  const sum = parts.join(' + ')
  if (health.errorRate < 0.005) return sum
  const factor = (1 + errorCost * health.errorRate).toFixed(2)
  return `(${sum}) × ${factor} for ${Math.round(health.errorRate * 100)} % failures`
}

/**
 * Latency, transfer of the reference, and what the failures cost: a failed request is made again elsewhere. A rate that
 * is not measured yet counts as the best one known, or a quick "no such thing" would win against a body.
 */
function scoreOf(
  health: HealthSnapshot,
  shape: 'metadata' | 'blob',
  bestBytesPerMs: number,
): number | undefined {
  if (health.firstByteMs === undefined) return undefined
  const rate = health.bytesPerMs ?? bestBytesPerMs
  const transferMs = shape === 'blob' && rate > 0 ? referenceBytes / rate : 0
  return (health.firstByteMs + transferMs) * (1 + errorCost * health.errorRate)
}

function reasonAgainst({ health, marked, throttledMs }: Candidate): string | undefined {
  if (marked) return 'sent wrong bytes lately'
  if (throttledMs > 0) return `asked to be left alone for another ${Math.ceil(throttledMs / 1000)} s`
  if (health.state === 'out')
    return health.unreachable ? 'cannot be reached' : 'failed several times in a row'
  if (health.state === 'probing') return 'is being tried after a pause'
  return undefined
}
