import { answerRole } from '../answer-role.ts'
import type { Channel } from '../channels/channel.ts'
import type { Message, TraceJob } from './messages.ts'
import { type Clock, ProbeLoop } from './probe-loop.ts'

/** Probes past the last hop that answers: the target may lie behind some silent ones. */
const lookAhead = 3
/** Every so many rounds the whole range is probed again while the target has not answered. */
const wideEvery = 5
const longestWaitMs = 20
const refusalsInARow = 30

export interface RunOptions {
  readonly job: TraceJob
  readonly channel: Channel
  readonly clock: Clock
  readonly say: (message: Message) => void
  readonly stopped: () => boolean
  /** Called once, after the last round or the third. */
  readonly measureMtu: (known: {
    readonly targetTtl: number | undefined
    readonly worstMs: number | undefined
  }) => Promise<void>
}

/**
 * Rounds of probes with growing TTL, evenly paced, each round in one flow. A round ends at the flow's own end once that
 * is known: equal paths can differ in length. The round in which the channel stops to keep flows is done again.
 */
export async function runTrace(options: RunOptions): Promise<void> {
  const { job, channel, clock, say, stopped } = options
  const loop = new ProbeLoop(channel, clock, job.timeoutMs)
  const targetTtls = new Map<number, number>()
  const refusalTtls = new Map<number, number>()
  /** Flows that go on behind the shortest way to the target. */
  const longer = new Set<number>()
  let farthest = 0
  let worstMs: number | undefined
  let keptFlow = channel.keepsFlow
  /** Some answers of this round could not be told apart; from now on they can. */
  let again = false
  let refusals = 0

  const read = async (untilMs: number) => {
    do {
      const { replies, lost } = await loop.receive(Math.min(longestWaitMs, untilMs - clock.nowMs()))
      for (const { probe, host, rttMs, meaning, labels } of replies) {
        const { sequence, ttl, flow } = probe
        worstMs = Math.max(worstMs ?? 0, rttMs)
        farthest = Math.max(farthest, ttl)
        const role = answerRole(meaning, host, job.address)
        const ends = role === 'target' ? targetTtls : refusalTtls
        if (role === 'hop' && ttl >= Math.min(...targetTtls.values())) longer.add(flow)
        if (role !== 'hop') ends.set(flow, Math.min(ends.get(flow) ?? ttl, ttl))
        say({ kind: 'reply', sequence, ttl, flow, host, rttMs, meaning, labels })
      }
      for (const { sequence, ttl, flow } of lost) say({ kind: 'lost', sequence, ttl, flow })
      if (keptFlow && !channel.keepsFlow) {
        keptFlow = false
        again = true
        say({ kind: 'limit', limit: 'udp-port-per-ttl' })
      }
    } while (!stopped() && clock.nowMs() < untilMs)
  }

  for (let round = 0; !stopped() && (job.rounds === 0 || round < job.rounds); round++) {
    again = false
    const startMs = clock.nowMs()
    const flow = round % job.flows
    const wide = round % wideEvery === 0
    const horizon = wide ? job.maxHops : Math.min(job.maxHops, farthest + lookAhead)
    const end = () => {
      const own = targetTtls.get(flow)
      if (own !== undefined) return Math.min(horizon, own)
      if (targetTtls.size > 0 && !longer.has(flow)) return Math.min(horizon, ...targetTtls.values())
      // A refusal may have been a passing one: wide rounds look behind it.
      return Math.min(horizon, (wide && round > 0 ? undefined : refusalTtls.get(flow)) ?? horizon)
    }
    const spacingMs = Math.min(25, (job.intervalMs * 0.8) / end())
    for (let ttl = 1; ttl <= end() && !stopped() && !again; ttl++) {
      const sent = loop.send({ ttl, flow })
      if (sent.ok) {
        refusals = 0
        say({ kind: 'sent', sequence: sent.probe.sequence, ttl, flow })
      } else {
        say({ kind: 'refused', ttl, error: sent.error })
        if (++refusals >= refusalsInARow) return
      }
      await read(startMs + ttl * spacingMs)
    }
    const last = round + 1 === job.rounds
    if (!again) {
      if (!stopped()) say({ kind: 'round', round: round + 1 })
      if (!last) await read(startMs + job.intervalMs)
    }
    if (last || (job.rounds === 0 && round === 2)) {
      while (!loop.idle && !stopped() && !again) await read(clock.nowMs() + longestWaitMs)
      if (!stopped() && !again) {
        const targetTtl = targetTtls.size === 0 ? undefined : Math.min(...targetTtls.values())
        await options.measureMtu({ targetTtl, worstMs })
      }
    }
    if (again) round--
  }
}
