import type { RoundTrips } from './path-evidence.ts'

/** Running figures of round trips, without keeping them. */
export class RoundTripTally {
  sent = 0
  received = 0
  lost = 0
  bestMs = Number.POSITIVE_INFINITY
  worstMs = 0
  sumMs = 0

  addRoundTrip(ms: number): void {
    this.received++
    this.sumMs += ms
    this.bestMs = Math.min(this.bestMs, ms)
    this.worstMs = Math.max(this.worstMs, ms)
  }

  addLoss(): void {
    this.lost++
  }
}

/** Several tallies as one. `recentMs` are their newest round trips in order, null for a lost probe. */
export function mergeTallies(
  tallies: readonly RoundTripTally[],
  recentMs: readonly (number | null)[],
): RoundTrips {
  const sum = (of: (tally: RoundTripTally) => number) =>
    tallies.reduce((total, tally) => total + of(tally), 0)
  const received = sum((tally) => tally.received)
  const lost = sum((tally) => tally.lost)
  const lossPercent = received + lost === 0 ? 0 : (100 * lost) / (received + lost)
  const counts = { sent: sum((tally) => tally.sent), received, lossPercent }
  const heard = recentMs.filter((ms) => ms !== null)
  if (received === 0) {
    return { ...counts, lastMs: null, bestMs: null, meanMs: null, worstMs: null, jitterMs: null }
  }
  return {
    ...counts,
    lastMs: heard.at(-1) ?? null,
    bestMs: Math.min(...tallies.map(({ bestMs }) => bestMs)),
    meanMs: sum(({ sumMs }) => sumMs) / received,
    worstMs: Math.max(...tallies.map(({ worstMs }) => worstMs)),
    jitterMs: jitter(heard),
  }
}

/** RFC 3550 6.4.1, with round trips for transit times: J += (|D| - J) / 16. */
export function jitter(roundTripsMs: readonly number[]): number {
  let smoothed = 0
  for (const [index, ms] of roundTripsMs.entries()) {
    const before = roundTripsMs[index - 1]
    if (before !== undefined) smoothed += (Math.abs(ms - before) - smoothed) / 16
  }
  return smoothed
}
