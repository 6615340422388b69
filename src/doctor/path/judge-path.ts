import { judgeDelay, judgeUnsteadiness } from './judge-delay.ts'
import { hopLosses, judgeFlowLoss, judgeLoss, rateLimitedHops } from './judge-loss.ts'
import type { PathFacts } from './path-evidence.ts'
import type { PathFinding, PathVerdict, Stretch } from './path-verdict.ts'

/** Fewer probes than these only indicate a share of losses. */
const enoughProbes = 20

/**
 * The verdict first, then what else was found. The target's own row decides; loss at a hop that is not seen behind it
 * is that hop's limit on ICMP answers and no verdict.
 */
export function judgePath(facts: PathFacts): [PathVerdict, ...PathVerdict[]] {
  const problems = facts.target === undefined ? unreached(facts) : reached(facts)
  const notes = noted(facts)
  const [first, ...rest] = problems
  if (first !== undefined) return [first, ...rest, ...notes]
  const confidence = (facts.target?.sent ?? 0) >= enoughProbes ? 'likely' : 'possible'
  return [{ id: 'path.fine', outcome: 'fine', confidence }, ...notes]
}

function unreached(facts: PathFacts): PathVerdict[] {
  const { hops, refused, protocol } = facts
  if (refused !== undefined) {
    const local = refused === 'EPERM' || refused === 'EACCES'
    const id = local ? 'path.local_firewall' : 'path.no_route'
    return [{ id, error: refused, outcome: 'problem', confidence: 'certain' }]
  }
  const refusing = hops.find((hop) => hop.refusal !== undefined)
  if (refusing?.refusal !== undefined) {
    const { by, meaning } = refusing.refusal
    const id = meaning === 'prohibited' || meaning === 'port' ? 'path.prohibited' : 'path.unreachable'
    // Its own time-exceeded answer, one TTL earlier, says where it stands.
    const ttl = hops.find(({ hosts }) => hosts.some(({ address }) => address === by))?.ttl ?? refusing.ttl
    const byTarget = by === facts.address
    return [{ id, ttl, by, byTarget, meaning, outcome: 'problem', confidence: 'certain' }]
  }
  const loop = findLoop(facts)
  if (loop !== undefined) return [loop]
  const last = hops.findLast((hop) => hop.received > 0)
  const place = { ttl: last?.ttl ?? 0, ...hostOf(last) }
  const gaveUp = hops.some(({ ttl, lossPercent }) => ttl > place.ttl && lossPercent > 0)
  if (!gaveUp) return [{ id: 'path.unfinished', ...place, outcome: 'unclear', confidence: 'certain' }]
  if (protocol !== 'tcp') {
    return [{ id: 'path.target_silent', ...place, outcome: 'unclear', confidence: 'possible' }]
  }
  const sent = Math.max(0, ...hops.map((hop) => hop.sent))
  return [
    { id: 'path.blackhole', ...place, outcome: 'problem', confidence: sent >= 3 ? 'likely' : 'possible' },
  ]
}

function reached(facts: PathFacts): PathVerdict[] {
  const { target, mtu } = facts
  if (target === undefined) return []
  const confidence = target.sent >= enoughProbes ? 'likely' : 'possible'
  const found: PathVerdict[] = []
  const flowLoss = judgeFlowLoss(facts.flows)
  const loss = flowLoss ?? judgeLoss(facts.hops, target)
  if (loss !== undefined) found.push({ ...loss, outcome: 'problem', confidence })
  if (mtu?.kind === 'hole') {
    const { passed, vanishedBefore, bytes } = mtu
    const where = vanishedBefore === undefined ? undefined : stretch(facts, passed?.ttl ?? 0, vanishedBefore)
    found.push({
      id: 'path.mtu_hole',
      bytes,
      ...(where && { where }),
      outcome: 'problem',
      // Three tries of each size, and smaller ones arrived.
      confidence: 'likely',
    })
  }
  const delay = judgeDelay(facts.hops, target)
  if (delay !== undefined) found.push({ ...delay, outcome: 'problem', confidence: 'possible' })
  const unsteady = judgeUnsteadiness(facts.hops, target)
  if (unsteady !== undefined) found.push({ ...unsteady, outcome: 'problem', confidence })
  return found
}

function noted({ hops, target, targetMeaning, mtu, protocol }: PathFacts): PathVerdict[] {
  const notes: PathFinding[] = []
  if (protocol === 'tcp' && targetMeaning !== undefined && targetMeaning !== 'syn-ack') {
    notes.push({ id: 'path.port_closed' })
  }
  const limited = rateLimitedHops(hopLosses(hops), target)
  if (limited.length > 0) notes.push({ id: 'path.rate_limited', hops: limited })
  const shared = hops.filter(({ hosts }) => hosts.length > 1).map(({ ttl }) => ttl)
  if (shared.length > 0) notes.push({ id: 'path.shared_load', ttls: shared })
  if (mtu?.kind === 'reported') notes.push({ id: 'path.mtu_low', bytes: mtu.bytes, by: mtu.by })
  if (mtu?.kind === 'passes' && mtu.bytes < 1500) notes.push({ id: 'path.mtu_low', bytes: mtu.bytes })
  return notes.map((note) => ({ ...note, outcome: 'note', confidence: 'likely' }))
}

/** One router that answers at three TTLs or more, with others in between or not, sends packets in a circle. */
function findLoop({ hops }: PathFacts): PathVerdict | undefined {
  const seen = new Map<string, number[]>()
  for (const { ttl, hosts } of hops) {
    for (const { address } of hosts) seen.set(address, [...(seen.get(address) ?? []), ttl])
  }
  const circling = [...seen].filter(([, ttls]) => ttls.length >= 3)
  const first = circling[0]?.[1][0]
  if (first === undefined) return undefined
  const hosts = circling.map(([address]) => address)
  return { id: 'path.loop', ttl: first, hosts, outcome: 'problem', confidence: 'likely' }
}

function stretch({ hops }: PathFacts, afterTtl: number, fromTtl: number): Stretch {
  const name = (ttl: number) => hops.find((hop) => hop.ttl === ttl)?.hosts[0]?.address
  const afterHost = name(afterTtl)
  const fromHost = name(fromTtl)
  return { afterTtl, ...(afterHost && { afterHost }), fromTtl, ...(fromHost && { fromHost }) }
}

function hostOf(hop: PathFacts['hops'][number] | undefined): { host?: string } {
  const host = hop?.hosts[0]?.address
  return host === undefined ? {} : { host }
}
