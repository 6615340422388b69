import { describe, expect, test } from 'bun:test'
import { PathRecord } from './path-record.ts'
import { jitter, mergeTallies, RoundTripTally } from './round-trip-tally.ts'
import type { Message } from './worker/messages.ts'

const address = '192.0.2.9'
let sequence = 0

function reply(
  ttl: number,
  flow: number,
  host: string,
  rttMs = 1,
  meaning: Extract<Message, { kind: 'reply' }>['meaning'] = 'expired',
): Message[] {
  sequence++
  return [
    { kind: 'sent', sequence, ttl, flow },
    { kind: 'reply', sequence, ttl, flow, host, rttMs, meaning, labels: [] },
  ]
}

function lost(ttl: number, flow: number): Message[] {
  sequence++
  return [
    { kind: 'sent', sequence, ttl, flow },
    { kind: 'lost', sequence, ttl, flow },
  ]
}

function record(...messages: Message[][]): PathRecord {
  const all = new PathRecord('tcp', address)
  for (const message of messages.flat()) all.add(message)
  return all
}

describe('a record', () => {
  test('leaves out what was sent past the target before its distance was known', () => {
    const { hops, target } = record(
      reply(1, 0, 'a'),
      reply(3, 0, address, 2, 'syn-ack'),
      reply(2, 0, address, 2, 'syn-ack'),
      lost(4, 0),
    ).facts()
    expect(hops.map(({ ttl, isTarget }) => [ttl, isTarget])).toEqual([
      [1, false],
      [2, true],
    ])
    expect(target).toMatchObject({ sent: 1, received: 1, lossPercent: 0 })
  })

  test('counts flows of different length each at its own end', () => {
    const { hops, target, flows } = record(
      reply(1, 0, 'a'),
      reply(2, 0, address, 10, 'reset'),
      reply(1, 1, 'a'),
      reply(2, 1, 'b'),
      reply(3, 1, address, 20, 'reset'),
      lost(2, 2),
      lost(3, 2),
    ).facts()
    expect(hops.map((hop) => hop.hosts.map((host) => host.address))).toEqual([
      ['a'],
      [address, 'b'],
      [address],
    ])
    // The flow that never got through is taken to be as long as the shortest.
    expect(target).toMatchObject({ sent: 3, received: 2, bestMs: 10, worstMs: 20 })
    expect(flows.map(({ sent, received, hosts }) => [sent, received, hosts])).toEqual([
      [1, 1, ['a', address]],
      [1, 1, ['a', 'b', address]],
      [1, 0, [null, null]],
    ])
  })

  test('takes a flow whose first answer came late for as long as the others, until it is plainly longer', () => {
    const late = (losses: number) =>
      record(
        reply(1, 0, 'a'),
        reply(2, 0, address, 1, 'reset'),
        reply(1, 1, 'a'),
        ...Array.from({ length: losses }, () => lost(2, 1)),
        reply(3, 1, address, 1, 'reset'),
      ).facts()
    expect(late(1).hops).toHaveLength(2)
    expect(late(1).target).toMatchObject({ received: 1, lossPercent: 50 })
    expect(late(3).hops).toHaveLength(3)
    expect(late(3).target).toMatchObject({ received: 2, lossPercent: 0 })
  })

  test('takes three losses for chance where other flows lose as much', () => {
    const lossy = (answered: number) =>
      record(
        ...Array.from({ length: answered }, () => reply(2, 0, address, 1, 'reset')),
        lost(2, 0),
        ...Array.from({ length: 3 }, () => lost(2, 1)),
        reply(3, 1, address, 1, 'reset'),
      ).facts()
    expect(lossy(1).hops).toHaveLength(2)
    expect(lossy(1).target).toMatchObject({ sent: 5, received: 1 })
    expect(lossy(9).hops).toHaveLength(3)
  })

  test('ends one silent TTL behind the last answer when the target is silent', () => {
    const path = record(
      reply(1, 0, 'a'),
      lost(2, 0),
      reply(3, 0, 'c'),
      lost(4, 0),
      lost(5, 0),
      lost(6, 0),
    ).facts()
    expect(path.hops.map(({ received }) => received)).toEqual([1, 0, 1, 0])
    expect(path.target).toBeUndefined()
  })

  test('ends where somebody refuses, unless the target answers after all', () => {
    const refused = [reply(1, 0, 'a'), reply(2, 0, 'a', 1, 'prohibited'), reply(3, 0, 'a', 1, 'prohibited')]
    const before = record(...refused).facts()
    expect(before.hops).toHaveLength(2)
    expect(before.hops[1]?.refusal).toEqual({ by: 'a', meaning: 'prohibited' })
    const after = record(...refused, reply(3, 0, address, 1, 'syn-ack')).facts()
    expect(after.hops).toHaveLength(3)
    expect(after.target).toBeDefined()
  })

  test('takes a port unreachable for the target only from the target', () => {
    expect(record(reply(1, 0, 'firewall', 1, 'port')).facts().target).toBeUndefined()
    expect(record(reply(1, 0, address, 1, 'port')).facts().target).toBeDefined()
  })

  test('does not count probes that are still on their way as lost', () => {
    const { hops } = record(reply(1, 0, 'a'), [{ kind: 'sent', sequence, ttl: 1, flow: 0 }]).facts()
    expect(hops[0]).toMatchObject({ sent: 2, received: 1, lossPercent: 0 })
  })

  test('keeps the order of sending, though a loss is known late', () => {
    const [first = [], second = [], third = []] = [lost(1, 0), reply(1, 0, 'a', 2), reply(1, 0, 'a', 3)]
    const { hops } = record(
      [first[0], second[0], third[0], second[1], third[1], first[1]].flatMap((one) => one ?? []),
    ).facts()
    expect(hops[0]?.recentMs).toEqual([null, 2, 3])
  })

  test('has a bound for hosts at one TTL and for round trips of a graph', () => {
    const many = Array.from({ length: 200 }, (_, index) => reply(1, 0, `10.0.0.${index}`))
    const [hop] = record(...many).facts().hops
    expect(hop?.hosts.length).toBe(32)
    expect(hop?.recentMs.length).toBe(60)
    expect(hop?.received).toBe(200)
  })
})

describe('round trips', () => {
  test('as one tally', () => {
    const tally = new RoundTripTally()
    tally.sent = 4
    for (const ms of [10, 30, 20]) tally.addRoundTrip(ms)
    tally.addLoss()
    expect(mergeTallies([tally], [10, 30, null, 20])).toEqual({
      sent: 4,
      received: 3,
      lossPercent: 25,
      lastMs: 20,
      bestMs: 10,
      meanMs: 20,
      worstMs: 30,
      jitterMs: (20 / 16) * (15 / 16) + 10 / 16,
    })
  })

  test('jitter is smoothed by sixteenths (RFC 3550)', () => {
    expect(jitter([])).toBe(0)
    expect(jitter([5])).toBe(0)
    expect(jitter([5, 21])).toBe(1)
    expect(jitter(Array.from({ length: 500 }, (_, index) => (index % 2) * 8))).toBeCloseTo(8)
  })
})
