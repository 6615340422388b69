/** Which of several equal sources to ask, in which order, and why: a pure function of what is known of them. */

import type { HealthSnapshot } from './source-health.ts'

export interface Candidate {
  readonly id: string
  readonly health: HealthSnapshot
  /** It sent wrong bytes lately. */
  readonly marked: boolean
  /** It asked to be left alone for this long. */
  readonly throttledMs: number
  /** Where its answers really come from; two of one domain fail together. */
  readonly domain: string
}

export interface Ranked {
  readonly id: string
  /** Predicted milliseconds for one request of the class; lower is better. Undefined before it is measured. */
  readonly scoreMs: number | undefined
  /** Why it stands behind the others and is asked last, when it is. */
  readonly leftOut: string | undefined
}

/** A blob of this size stands for all when throughput is weighed against latency. */
const referenceBytes = 1_000_000
/** Another must be this much faster before the order changes; keeps two alike from taking turns. */
const clearGain = 0.75

/**
 * Every candidate, best first; those left out stand last with their reason. One that was never measured stands
 * before those that were, so that it will be; among such the list's order holds.
 * @param preferred the source asked first so far
 */
export function selectSources(
  candidates: readonly Candidate[],
  shape: 'metadata' | 'blob',
  preferred?: string,
): readonly Ranked[] {
  const ranked = candidates.map((candidate) => ({
    id: candidate.id,
    domain: candidate.domain,
    scoreMs: scoreOf(candidate.health, shape),
    leftOut: reasonAgainst(candidate),
    suspect: candidate.health.state === 'suspect',
  }))
  const effective = (entry: (typeof ranked)[number]) =>
    (entry.scoreMs ?? 0) * (entry.id === preferred ? clearGain : 1)
  const sorted = ranked.toSorted(
    (left, right) =>
      Number(left.leftOut !== undefined) - Number(right.leftOut !== undefined) ||
      Number(left.suspect) - Number(right.suspect) ||
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

/** Latency, transfer of the reference, and what the failures cost: a failed request is made again elsewhere. */
function scoreOf(health: HealthSnapshot, shape: 'metadata' | 'blob'): number | undefined {
  if (health.firstByteMs === undefined) return undefined
  const transferMs = shape === 'blob' && health.bytesPerMs ? referenceBytes / health.bytesPerMs : 0
  return (health.firstByteMs + transferMs) * (1 + 4 * health.errorRate)
}

function reasonAgainst({ health, marked, throttledMs }: Candidate): string | undefined {
  if (marked) return 'sent wrong bytes lately'
  if (throttledMs > 0) return `asked to be left alone for another ${Math.ceil(throttledMs / 1000)} s`
  if (health.state === 'out')
    return health.unreachable ? 'cannot be reached' : 'failed several times in a row'
  if (health.state === 'probing') return 'is being tried after a pause'
  return undefined
}
