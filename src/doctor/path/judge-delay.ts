import type { Hop, RoundTrips } from './path-evidence.ts'
import type { PathFinding, Stretch } from './path-verdict.ts'

/** More than a round trip to the other side of the world (about 20,000 km of fibre and back, with detours). */
const farMs = 350
/** More than any single cable adds; geostationary satellites add twice as much. */
const stepMs = 300
const unsteadyMs = 30
const enoughForSpread = 5

interface Level {
  readonly ttl: number
  readonly host: string | undefined
  readonly ms: number
}

/** A delay that begins at a hop and stays up to the target. A slow hop with fast ones behind it is only busy. */
export function judgeDelay(
  hops: readonly Hop[],
  target: RoundTrips,
): Extract<PathFinding, { id: 'path.delay' }> | undefined {
  if (target.bestMs === null) return undefined
  const levels = lasting(hops, ({ bestMs }) => bestMs)
  let before: Level = { ttl: 0, host: undefined, ms: 0 }
  let step: { riseMs: number; where: Stretch } | undefined
  for (const level of levels) {
    const riseMs = level.ms - before.ms
    if (step === undefined || riseMs > step.riseMs) step = { riseMs, where: between(before, level) }
    before = level
  }
  if (step === undefined || (target.bestMs < farMs && step.riseMs < stepMs)) return undefined
  return { id: 'path.delay', bestMs: target.bestMs, ...step }
}

/** Round trips to the target that vary much, and the first hop from which all vary so. */
export function judgeUnsteadiness(
  hops: readonly Hop[],
  target: RoundTrips,
): Extract<PathFinding, { id: 'path.unsteady' }> | undefined {
  const { bestMs, meanMs, worstMs, jitterMs, received } = target
  if (bestMs === null || meanMs === null || worstMs === null || jitterMs === null) return undefined
  const spread = meanMs - bestMs
  if (received < enoughForSpread || spread < Math.max(unsteadyMs, bestMs / 2)) return undefined
  const levels = lasting(hops, (hop) =>
    hop.meanMs === null || hop.bestMs === null ? null : hop.meanMs - hop.bestMs,
  )
  const at = levels.findIndex(({ ms }) => ms >= spread / 2)
  const level = levels[at] ?? { ttl: hops.length, host: undefined, ms: spread }
  const before = levels[at - 1] ?? { ttl: 0, host: undefined, ms: 0 }
  return { id: 'path.unsteady', bestMs, meanMs, worstMs, jitterMs, where: between(before, level) }
}

/** For each hop that answers, the least that it and all behind it show: what stays to the end. */
function lasting(hops: readonly Hop[], figure: (hop: Hop) => number | null): Level[] {
  const levels: Level[] = []
  let least = Number.POSITIVE_INFINITY
  for (const hop of [...hops].reverse()) {
    const ms = figure(hop)
    if (ms === null || hop.received === 0) continue
    least = Math.min(least, ms)
    levels.unshift({ ttl: hop.ttl, host: hop.hosts[0]?.address, ms: least })
  }
  return levels
}

function between(before: Level, after: Level): Stretch {
  return {
    afterTtl: before.ttl,
    ...(before.host && { afterHost: before.host }),
    fromTtl: after.ttl,
    ...(after.host && { fromHost: after.host }),
  }
}
