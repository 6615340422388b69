import { describe, expect, test } from 'bun:test'
import type { Answer, Channel, Probe } from '../channels/channel.ts'
import { findMtu } from './find-mtu.ts'
import { type Message, readMessage, type TraceJob } from './messages.ts'
import { ProbeLoop, type Reply } from './probe-loop.ts'
import { runTrace } from './run-trace.ts'

const target = '192.0.2.9'

type AnswerOf = (probe: Probe) => (Partial<Answer> & { readonly rttMs?: number }) | undefined

/** A network of a given answer for each probe, with a clock that only moves when somebody waits. */
class FakeNetwork implements Channel {
  keepsFlow = true
  readonly sent: Probe[] = []
  nowMs = 1_000
  readonly #answers: { dueMs: number; answer: Answer }[] = []
  readonly #answer: AnswerOf

  constructor(answer: AnswerOf) {
    this.#answer = answer
  }

  get clock() {
    return { nowMs: () => this.nowMs, yieldNow: async () => undefined }
  }

  send(probe: Probe) {
    this.sent.push(probe)
    const { rttMs = 1, ...given } = this.#answer(probe) ?? { rttMs: Number.POSITIVE_INFINITY }
    const atMs = this.nowMs + rttMs
    const answer: Answer = {
      sequence: probe.sequence,
      atMs,
      host: `hop${probe.ttl}`,
      meaning: 'expired',
      labels: [],
      ...given,
    }
    if (Number.isFinite(rttMs)) this.#answers.push({ dueMs: atMs, answer })
    return { ok: true, atMs: this.nowMs } as const
  }

  receive(waitMs: number): Answer[] {
    const next = Math.min(...this.#answers.map(({ dueMs }) => dueMs), this.nowMs + waitMs)
    this.nowMs = Math.max(this.nowMs, next)
    const due = this.#answers.filter(({ dueMs }) => dueMs <= this.nowMs)
    for (const one of due) this.#answers.splice(this.#answers.indexOf(one), 1)
    return due.map(({ answer }) => answer)
  }

  forget(): void {
    // Nothing is kept for a sequence.
  }

  [Symbol.dispose](): void {
    this.#answers.length = 0
  }
}

/** The target's answers do not show their probe; from the first on, probes leave so that they do. */
class ServiceNetwork extends FakeNetwork {
  #toldFrom = Number.POSITIVE_INFINITY

  override receive(waitMs: number): Answer[] {
    const answers = super.receive(waitMs)
    const told = answers.filter(
      ({ sequence, meaning }) => meaning !== 'datagram' || sequence >= this.#toldFrom,
    )
    if (told.length < answers.length && this.keepsFlow) {
      this.keepsFlow = false
      this.#toldFrom = this.sent.length
    }
    return told
  }
}

async function traceOf(network: FakeNetwork, given: Partial<TraceJob> = {}, stopped = () => false) {
  const job: TraceJob = {
    protocol: 'tcp',
    address: target,
    port: 443,
    rounds: 2,
    intervalMs: 500,
    maxHops: 20,
    timeoutMs: 1_000,
    flows: 2,
    findMtu: false,
    ...given,
  }
  const said: Message[] = []
  let mtu = 0
  const measureMtu = async () => {
    mtu++
  }
  await runTrace({
    job,
    channel: network,
    clock: network.clock,
    say: (message) => said.push(message),
    stopped,
    measureMtu,
  })
  return { said, mtu }
}

const atTarget = (ttl: number) => (probe: Probe) =>
  probe.ttl >= ttl ? ({ host: target, meaning: 'syn-ack' } as const) : {}

describe('rounds', () => {
  test('end at the target, each in one flow, and every probe is answered or lost', async () => {
    const network = new FakeNetwork(atTarget(4))
    const { said, mtu } = await traceOf(network, { rounds: 3 })
    expect(network.sent.map(({ ttl }) => ttl)).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4])
    expect(network.sent.map(({ flow }) => flow)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0])
    expect(said.filter(({ kind }) => kind === 'reply')).toHaveLength(12)
    expect(mtu).toBe(1)
  })

  test('look a little behind the last answer when the target is silent, and far from time to time', async () => {
    const network = new FakeNetwork(({ ttl }) => (ttl <= 2 ? {} : undefined))
    const { said } = await traceOf(network, { rounds: 7, flows: 1, intervalMs: 2_000 })
    const sizes = Object.values(
      Object.groupBy(network.sent.entries(), ([index]) => {
        const before = network.sent.slice(0, index + 1)
        return before.filter(({ ttl }) => ttl === 1).length
      }),
    ).map((round) => round?.length)
    expect(sizes).toEqual([20, 5, 5, 5, 5, 20, 5])
    expect(said.filter(({ kind }) => kind === 'lost')).toHaveLength(65 - 7 * 2)
  })

  test('that are stopped are not counted', async () => {
    const network = new FakeNetwork(atTarget(4))
    const { said } = await traceOf(network, { rounds: 3 }, () => network.sent.length >= 6)
    expect(network.sent.map(({ ttl }) => ttl)).toEqual([1, 2, 3, 4, 1, 2])
    expect(said.flatMap((message) => (message.kind === 'round' ? message.round : []))).toEqual([1])
  })

  test.each([
    ['soon', 60, 400],
    ['after the last probe', 900, 200],
  ])('are done again when answers could not be told apart, %s', async (_, rttMs, intervalMs) => {
    const network = new ServiceNetwork(({ ttl }) =>
      ttl >= 2 ? { host: target, meaning: 'datagram', rttMs } : {},
    )
    const { said, mtu } = await traceOf(network, { protocol: 'udp', rounds: 1, flows: 1, intervalMs })
    const ofKind = <K extends Message['kind']>(kind: K) =>
      said.filter((message): message is Extract<Message, { kind: K }> => message.kind === kind)
    expect(ofKind('lost')).toEqual([])
    const byTarget = ofKind('reply').filter(({ host }) => host === target)
    expect(Math.min(...byTarget.map(({ ttl }) => ttl))).toBe(2)
    expect(byTarget.every((reply) => reply.rttMs === rttMs)).toBe(true)
    expect(ofKind('limit')).toEqual([{ kind: 'limit', limit: 'udp-port-per-ttl' }])
    expect(mtu).toBe(1)
  })

  test('give up when the system refuses to send', async () => {
    const network = new FakeNetwork(() => undefined)
    const refusing = Object.assign(network, { send: () => ({ ok: false, error: 'EPERM' }) as const })
    const { said, mtu } = await traceOf(refusing, { rounds: 1_000 })
    expect(said.filter(({ kind }) => kind === 'refused')).toHaveLength(30)
    expect(mtu).toBe(0)
  })
})

test('a flow without an answer of its own is not probed past the target of the others', async () => {
  const network = new FakeNetwork((probe) =>
    probe.flow === 1 && probe.ttl >= 2 ? undefined : atTarget(3)(probe),
  )
  await traceOf(network, { rounds: 4 })
  expect(network.sent.map(({ ttl }) => ttl)).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])
})

describe('round trips', () => {
  test("are the kernel's, unless the wall clock was set meanwhile", async () => {
    const rttOf = async (atMs: number) => {
      const network = new FakeNetwork(() => ({ rttMs: 30, atMs }))
      const loop = new ProbeLoop(network, network.clock, 1_000)
      loop.send({ ttl: 1, flow: 0 })
      const { replies } = await loop.receive(100)
      return replies[0]?.rttMs
    }
    expect(await rttOf(1_012.5)).toBe(12.5)
    expect(await rttOf(-50_000)).toBe(30)
    expect(await rttOf(9_000_000)).toBe(30)
  })

  test('an answer that comes twice, or after it was given up, counts once or not at all', async () => {
    const network = new FakeNetwork(() => ({ rttMs: 1_500 }))
    const loop = new ProbeLoop(network, network.clock, 1_000)
    loop.send({ ttl: 1, flow: 0 })
    expect(await loop.receive(1_100)).toMatchObject({ replies: [], lost: [{ ttl: 1 }] })
    expect(await loop.receive(1_100)).toEqual({ replies: [], lost: [] })
  })
})

describe('MTU', () => {
  interface Path {
    readonly links: readonly number[]
    readonly says?: boolean
    readonly targetAnswers?: boolean
    readonly local?: number
    readonly lossy?: (exchange: ProbeLoop['exchange']) => ProbeLoop['exchange']
  }
  const find = (
    { links, says = true, targetAnswers = true, local = 1500, lossy = (same) => same }: Path,
    lie?: number,
  ) => {
    const exchange: ProbeLoop['exchange'] = async ({ ttl, flow, sizeBytes = 64 }) => {
      const reply = (at: number, meaning: Reply['meaning'], mtuBytes?: number): Reply => ({
        sequence: 0,
        probe: { sequence: 0, ttl, flow },
        atMs: 0,
        rttMs: 1,
        host: `hop${at}`,
        meaning,
        labels: [],
        ...(mtuBytes === undefined ? {} : { mtuBytes }),
      })
      if (sizeBytes > local) return { refused: 'EMSGSIZE' }
      for (const [index, mtu] of links.entries()) {
        if (index + 1 === ttl) return reply(ttl, 'expired')
        if (sizeBytes > mtu) return says ? reply(index + 1, 'too-big', lie ?? mtu) : undefined
      }
      return targetAnswers ? reply(links.length + 1, 'echo') : undefined
    }
    return findMtu({
      loop: { exchange: lossy(exchange) },
      family: 4,
      targetTtl: links.length + 1,
      waitMs: 10,
      stopped: () => false,
    })
  }

  test.each([
    ['a whole path', { links: [1500, 9000] }, { kind: 'passes', bytes: 1500 }],
    ['a small local link', { links: [1500], local: 1373 }, { kind: 'passes', bytes: 1373 }],
    ['routers that say it', { links: [1500, 1400, 1280] }, { kind: 'reported', bytes: 1280, by: 'hop3' }],
    [
      'a hole',
      { links: [1500, 1500, 1333], says: false },
      { kind: 'hole', bytes: 1333, passed: { ttl: 3, host: 'hop3' }, vanishedBefore: 4 },
    ],
    [
      'a hole behind the first hop',
      { links: [1000, 1500], says: false },
      { kind: 'hole', bytes: 1000, passed: { ttl: 1, host: 'hop1' }, vanishedBefore: 2 },
    ],
    ['a target that answers nothing', { links: [1500], targetAnswers: false }, { kind: 'untested' }],
    [
      'a silent target behind a router that says it',
      { links: [1400], targetAnswers: false },
      { kind: 'reported', bytes: 1400, by: 'hop1' },
    ],
  ] as const)('%s', async (_, path, found) => {
    expect(await find(path)).toEqual(found)
  })

  test('loss is no hole, whatever its pattern is', async () => {
    for (const [every, offset] of [
      [2, 0],
      [2, 1],
      [3, 0],
      [3, 1],
    ] as const) {
      let count = offset
      const lossy =
        (exchange: ProbeLoop['exchange']): ProbeLoop['exchange'] =>
        async (wanted, waitMs) =>
          ++count % every === 0 || count % 7 < 3 ? undefined : exchange(wanted, waitMs)
      const { kind } = await find({ links: [1500, 1500], lossy })
      expect(['passes', 'untested']).toContain(kind)
    }
  })

  test.each([0, 1, 1500, 65_535])('a router that lies (%d) is found out', async (lie) => {
    expect(await find({ links: [1500, 1300] }, lie)).toMatchObject({ kind: 'hole', bytes: 1300 })
  })
})

test('a line that is no message is a fault', () => {
  expect(readMessage('{"kind":"end"}')).toEqual({ kind: 'end' })
  for (const line of ['', 'x', '1', 'null', '{"kind":"other"}'])
    expect(() => readMessage(line)).toThrow(SyntaxError)
})
