import type { FlowPath, Hop, RoundTrips } from './path-evidence.ts'
import type { PathFinding, Stretch } from './path-verdict.ts'
import { wilson } from './proportions.ts'

/** A share of loss that nobody feels; it must be exceeded with 95 % certainty. */
const tolerated = 0.02
const negligiblePercent = 1

export interface HopLoss {
  readonly ttl: number
  readonly host: string | undefined
  readonly lost: number
  readonly count: number
}

/** The hops before the target that answered at all: silence says nothing about what passes. */
export function hopLosses(hops: readonly Hop[]): HopLoss[] {
  return hops
    .filter((hop) => !hop.isTarget && hop.received > 0)
    .map(({ ttl, hosts, received, lossPercent }) => {
      const lost = lostOf({ received, lossPercent })
      return { ttl, host: hosts[0]?.address, lost, count: received + lost }
    })
}

/** Loss at the target, and the stretch where it begins: every hop behind it that answers shows it too. */
export function judgeLoss(
  hops: readonly Hop[],
  target: RoundTrips,
): Extract<PathFinding, { id: 'path.loss' }> | undefined {
  const lost = lostOf(target)
  const count = target.received + lost
  const range = wilson(lost, count)
  if (target.lossPercent <= negligiblePercent || range.low <= tolerated) return undefined
  let from: Partial<HopLoss> = hops.findLast((hop) => hop.isTarget) ?? {}
  let after: HopLoss | undefined
  for (const hop of hopLosses(hops).reverse()) {
    const own = wilson(hop.lost, hop.count)
    if (own.low <= tolerated) {
      after = hop
      break
    }
    // Far more than the target loses is the hop's limit on answers: it hides what passes.
    if (own.low <= range.high) from = hop
  }
  const fromTtl = from.ttl ?? hops.length
  const fromHost = hops.find(({ ttl }) => ttl === fromTtl)?.hosts[0]?.address
  const where: Stretch = {
    afterTtl: after?.ttl ?? 0,
    ...(after?.host && { afterHost: after.host }),
    fromTtl,
    ...(fromHost && { fromHost }),
  }
  return {
    id: 'path.loss',
    lossPercent: target.lossPercent,
    lowPercent: range.low * 100,
    highPercent: range.high * 100,
    sent: count,
    where,
  }
}

/** Some flows get nothing through while others get (nearly) all: one of several equal paths is broken. */
export function judgeFlowLoss(
  flows: readonly FlowPath[],
): Extract<PathFinding, { id: 'path.flow_loss' }> | undefined {
  const tried = flows.filter(({ sent }) => sent >= 2)
  const bad = tried.filter(({ received }) => received === 0)
  const good = tried.filter(({ sent, received }) => received / sent >= 0.8)
  if (bad.length === 0 || good.length === 0 || bad.length + good.length < tried.length) return undefined
  return { id: 'path.flow_loss', badFlows: bad.length, flows: tried.length }
}

/** Hops whose loss is not seen behind them: they limit how many ICMP errors they send. */
export function rateLimitedHops(
  losses: readonly HopLoss[],
  target: RoundTrips | undefined,
): { ttl: number; lossPercent: number }[] {
  const end = target && { lost: lostOf(target), count: target.received + lostOf(target) }
  return losses.flatMap(({ ttl, lost, count }, index) => {
    const own = wilson(lost, count)
    const behind = [...losses.slice(index + 1), ...(end ? [end] : [])]
    const isLess = behind.some((later) => later.lost / later.count < own.low)
    return own.low > tolerated && isLess ? [{ ttl, lossPercent: (100 * lost) / count }] : []
  })
}

function lostOf({ received, lossPercent }: Pick<RoundTrips, 'received' | 'lossPercent'>): number {
  // Not `sent - received`: some may still be on their way.
  return lossPercent >= 100 ? 0 : Math.round((received * lossPercent) / (100 - lossPercent))
}
