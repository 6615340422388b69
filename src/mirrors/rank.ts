/** Which mirror comes first, and why. Pure: the same measurements give the same order. */

import type { ReferenceBuild } from './catalogue.ts'
import { type Freshness, freshnessOf, referenceOf } from './freshness.ts'
import type { Fault, Measurement } from './measurement.ts'
import { type Prediction, predict } from './predict.ts'

/** A change is advised when it saves at least this share of the time. */
export const CLEAR_GAIN = 0.25

/** And only when it would have done so in at least so many rounds. */
const roundsInFavour = 2

export interface Place {
  /** `auto`, or the region whose mirrors come first. */
  readonly region: string
  readonly isp: string | undefined
}

export interface RankedMirror {
  readonly measurement: Measurement
  readonly prediction: Prediction
  readonly freshness: Freshness
  /** What the place in the order is due to beside time: `region cn`; empty with `auto`. */
  readonly tier: string
}

export interface RejectedMirror {
  readonly measurement: Measurement
  readonly freshness: Freshness | undefined
  readonly reason: Fault | { readonly code: 'stale'; readonly message: string }
}

export interface Advice {
  readonly change: boolean
  /** One sentence for people. */
  readonly reason: string
}

export interface Ranking {
  readonly ranked: readonly RankedMirror[]
  readonly rejected: readonly RejectedMirror[]
  readonly advice: Advice
}

export interface RankOptions {
  readonly reference: ReferenceBuild
  readonly place: Place
  /** Whether any source is in use now, measured or not. */
  readonly isSet: boolean
}

export function rank(
  measurements: readonly Measurement[],
  { reference, place, isSet }: RankOptions,
): Ranking {
  const truth = referenceOf(measurements)
  const rejected: RejectedMirror[] = []
  const fit: { mirror: RankedMirror; tier: number }[] = []
  for (const measurement of measurements) {
    if (measurement.fault !== undefined) {
      rejected.push({ measurement, freshness: undefined, reason: measurement.fault })
      continue
    }
    const freshness = freshnessOf(measurement, truth)
    const prediction = predict(measurement, reference)
    if (freshness.stale) {
      rejected.push({ measurement, freshness, reason: { code: 'stale', message: staleText(freshness) } })
    } else if (prediction === undefined) {
      const message = 'gave no sample of first bytes or of throughput'
      rejected.push({ measurement, freshness, reason: { code: 'unmeasured', message } })
    } else {
      const { tier, name } = tierOf(measurement, place)
      fit.push({ mirror: { measurement, prediction, freshness, tier: name }, tier })
    }
  }
  const sorted = fit.toSorted(
    (a, b) => a.tier - b.tier || a.mirror.prediction.totalMs - b.mirror.prediction.totalMs,
  )
  const ranked = sorted.map(({ mirror }) => mirror)
  return { ranked, rejected, advice: adviseOn(ranked, rejected, isSet) }
}

/**
 * The order that region and network ask for, before time: both, the region, the world, other regions, and at last
 * the origin. A tier without a healthy mirror is empty, so the next one is first. What only the user knows counts
 * as being there.
 */
function tierOf({ candidate }: Measurement, { region, isp }: Place): { tier: number; name: string } {
  if (region === 'auto') return { tier: 0, name: '' }
  if (candidate.role === 'origin') return { tier: 4, name: 'the origin' }
  if (candidate.role === 'yours') return { tier: 0, name: 'your own' }
  if (candidate.region === region) {
    if (isp === undefined) return { tier: 0, name: `region ${region}` }
    return candidate.isp === isp
      ? { tier: 0, name: `region ${region}, ${isp}` }
      : { tier: 1, name: `region ${region}, not ${isp}` }
  }
  if (candidate.region === 'world') return { tier: 2, name: 'for the whole world' }
  return { tier: 3, name: `region ${candidate.region}` }
}

function adviseOn(
  ranked: readonly RankedMirror[],
  rejected: readonly RejectedMirror[],
  isSet: boolean,
): Advice {
  const [best] = ranked
  if (best === undefined) return { change: false, reason: 'no mirror can be used' }
  const first = inUse([...ranked, ...rejected])
  const isKnown = first !== undefined && !('reason' in first && first.reason.code === 'unmeasured')
  if (!isKnown && isSet)
    return { change: false, reason: 'what is in use was not measured, so there is nothing to compare with' }
  if (first === undefined)
    return { change: true, reason: `nothing is set yet; ${nameOf(best)} is the first choice` }
  if (!('prediction' in first)) {
    return { change: true, reason: `${nameOf(first)}, which is asked first, ${verdictOf(first)}` }
  }
  if (first === best) return { change: false, reason: `${nameOf(best)} is asked first already` }
  if (first.tier !== best.tier)
    return {
      change: true,
      reason: `${nameOf(best)} (${best.tier}) comes before ${nameOf(first)} (${first.tier})`,
    }
  const gain = gainOf(best.prediction.totalMs, first.prediction.totalMs)
  const favourable = best.prediction.perRoundMs.filter((ms, index) => {
    const other = first.prediction.perRoundMs[index]
    return other !== undefined && gainOf(ms, other) >= CLEAR_GAIN
  }).length
  const share = `${Math.round(gain * 100)} %`
  const rounds = `${favourable} of ${best.prediction.perRoundMs.length} rounds`
  const change = gain >= CLEAR_GAIN && favourable >= roundsInFavour
  const reason = change
    ? `${nameOf(best)} saves ${share} of the time of ${nameOf(first)} (in ${rounds} by a quarter or more)`
    : `${nameOf(best)} would save ${share} of the time of ${nameOf(first)}, a quarter or more in ${rounds}: no clear gain`
  return { change, reason }
}

function inUse<T extends { readonly measurement: Measurement }>(mirrors: readonly T[]): T | undefined {
  const place = ({ measurement }: T) => measurement.candidate.inUse ?? Number.POSITIVE_INFINITY
  const [first] = mirrors.toSorted((a, b) => place(a) - place(b))
  return first?.measurement.candidate.inUse === undefined ? undefined : first
}

/** NaN, which is no gain, where neither has an end. */
function gainOf(betterMs: number, worseMs: number): number {
  return worseMs <= 0 ? 0 : 1 - betterMs / worseMs
}

function verdictOf({ reason }: RejectedMirror): string {
  return `cannot be used: ${reason.message}`
}

function nameOf({ measurement }: { readonly measurement: Measurement }): string {
  return measurement.candidate.id
}

function staleText({ compared, lags }: Freshness): string {
  const [example] = lags
  const what =
    example?.lacks === undefined
      ? `${example?.canary} is not there`
      : `${example.canary} lacks ${example.lacks}`
  return `lags on ${lags.length} of ${compared} busy packages (${what})`
}
