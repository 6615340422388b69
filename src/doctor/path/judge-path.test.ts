import { describe, expect, test } from 'bun:test'
import { judgePath } from './judge-path.ts'
import type { Hop, PathFacts, RoundTrips } from './path-evidence.ts'

const address = '192.0.2.9'

function trips(sent: number, lost: number, bestMs = 10, meanMs = bestMs + 1): RoundTrips {
  const received = sent - lost
  const nothing = { lastMs: null, bestMs: null, meanMs: null, worstMs: null, jitterMs: null }
  const heard = { lastMs: meanMs, bestMs, meanMs, worstMs: meanMs * 2, jitterMs: 1 }
  return { sent, received, lossPercent: (100 * lost) / sent, ...(received === 0 ? nothing : heard) }
}

interface Row {
  readonly lost?: number
  readonly sent?: number
  readonly bestMs?: number
  readonly meanMs?: number
  readonly host?: string
  readonly refusal?: NonNullable<Hop['refusal']>['meaning']
  /** Nobody answered yet, and nothing was given up. */
  readonly waiting?: boolean
}

/** Rows of a trace; the last is the target unless it was not reached. */
function facts(
  rows: readonly Row[],
  more: Partial<PathFacts> & { readonly reached?: boolean } = {},
): PathFacts {
  const { reached = true, ...rest } = more
  const hops = rows.map((row, index): Hop => {
    const sent = row.sent ?? 100
    const isTarget = reached && index === rows.length - 1
    const host = row.host ?? (isTarget ? address : `10.0.${index + 1}.1`)
    const figures = row.waiting
      ? { ...trips(sent, sent), lossPercent: 0 }
      : trips(sent, row.lost ?? 0, row.bestMs, row.meanMs)
    const hosts = figures.received === 0 ? [] : [{ address: host, received: figures.received, labels: [] }]
    const refusal = row.refusal === undefined ? {} : { refusal: { by: host, meaning: row.refusal } }
    return { ttl: index + 1, hosts, ...figures, recentMs: [], isTarget, ...refusal }
  })
  const last = hops.at(-1)
  return {
    protocol: 'tcp',
    address,
    hops,
    target: reached ? last : undefined,
    targetMeaning: reached ? 'syn-ack' : undefined,
    flows: [],
    mtu: { kind: 'passes', bytes: 1500 },
    refused: undefined,
    ...rest,
  }
}

const ids = (given: PathFacts) => judgePath(given).map(({ id }) => id)

describe('loss', () => {
  test.each([
    ['none', [0, 0, 0, 0], 'path.fine'],
    ['one of a hundred is tolerated', [0, 0, 0, 1], 'path.fine'],
    ['hops that limit their answers, a target that gets all (A)', [63, 63, 63, 0], 'path.fine'],
    ['at one silent hop', [0, 100, 0, 0], 'path.fine'],
    ['at the last hop before the target', [0, 0, 90, 0], 'path.fine'],
  ])('%s', (_, losses, id) => {
    expect(ids(facts(losses.map((lost) => ({ lost }))))[0]).toBe(id as 'path.fine')
  })

  test.each([
    // Letters: runs in network namespaces whose rates are kept here.
    ['begins at a hop and stays (B)', [0, 0, 10, 26], 2, 3],
    ['looks the same on the way back (C)', [0, 0, 26, 19], 2, 3],
    ['behind a hop that limits its answers (D)', [0, 89, 7.5, 9], 1, 3],
    ['at the target only', [0, 0, 0, 20], 3, 4],
    ['from the first hop on', [20, 22, 19, 20], 0, 1],
    ['behind a silent hop', [0, 100, 21, 20], 1, 3],
    ['before a hop that limits its answers', [0, 20, 90, 20], 1, 2],
    ['a limit on a hop before a clean one', [30, 0, 20, 20], 2, 3],
  ])('%s', (_, losses, afterTtl, fromTtl) => {
    const [verdict] = judgePath(facts(losses.map((lost) => ({ lost: Math.round(lost) }))))
    expect(verdict).toMatchObject({
      id: 'path.loss',
      outcome: 'problem',
      confidence: 'likely',
      where: { afterTtl, fromTtl },
    })
  })

  test('of few probes is only indicated, and one lost probe is nothing', () => {
    const few = (lost: number) => judgePath(facts([{ sent: 10 }, { sent: 10, lost }]))[0]
    expect(few(1)).toMatchObject({ id: 'path.fine' })
    expect(few(3)).toMatchObject({
      id: 'path.loss',
      confidence: 'possible',
      where: { afterTtl: 1, fromTtl: 2 },
    })
  })

  test('a limited hop is explained', () => {
    expect(judgePath(facts([{ lost: 63 }, {}]))).toContainEqual(
      expect.objectContaining({
        id: 'path.rate_limited',
        hops: [{ ttl: 1, lossPercent: 63 }],
        outcome: 'note',
      }),
    )
    expect(ids(facts([{ lost: 20 }, { lost: 21 }]))).toEqual(['path.loss'])
  })

  test('of whole flows is a broken path among equal ones', () => {
    const flow = (number: number, received: number) => ({ flow: number, hosts: [], sent: 4, received })
    const some = facts([{}, { lost: 50 }], { flows: [flow(0, 4), flow(1, 0), flow(2, 4), flow(3, 0)] })
    expect(judgePath(some)[0]).toMatchObject({ id: 'path.flow_loss', badFlows: 2, flows: 4 })
    const even = facts([{}, { lost: 50 }], { flows: [flow(0, 2), flow(1, 2), flow(2, 0), flow(3, 3)] })
    expect(judgePath(even)[0]).toMatchObject({ id: 'path.loss' })
  })
})

describe('a target that does not answer', () => {
  const silent: Row = { lost: 100 }
  const underWay: Row = { waiting: true }
  test.each([
    [
      'TCP: a black hole behind the last answer',
      [{}, {}, silent],
      {},
      { id: 'path.blackhole', ttl: 2, outcome: 'problem', confidence: 'likely' },
    ],
    [
      'UDP: no verdict',
      [{}, {}, silent],
      { protocol: 'udp' },
      { id: 'path.target_silent', ttl: 2, outcome: 'unclear' },
    ],
    ['nobody at all', [silent], {}, { id: 'path.blackhole', ttl: 0 }],
    [
      'one probe behind the last answer was given up, others are on their way',
      [{}, { ...silent, lost: 1, sent: 1 }],
      {},
      { id: 'path.blackhole', ttl: 1 },
    ],
    [
      'it was stopped before one was given up',
      [{}, underWay],
      {},
      { id: 'path.unfinished', ttl: 1, host: '10.0.1.1', outcome: 'unclear', confidence: 'certain' },
    ],
    ['the same by UDP', [{}, underWay], { protocol: 'udp' }, { id: 'path.unfinished', ttl: 1 }],
    ['the same before the first answer', [underWay], {}, { id: 'path.unfinished', ttl: 0 }],
    ['before the first probe', [], {}, { id: 'path.unfinished', ttl: 0, outcome: 'unclear' }],
    ['the largest TTL ends at a hop', [{}, {}], {}, { id: 'path.unfinished', ttl: 2 }],
    ['losses before the last answer say nothing', [silent, {}], {}, { id: 'path.unfinished', ttl: 2 }],
    [
      'a firewall says so',
      [{}, { host: '10.0.1.1', refusal: 'prohibited' }],
      {},
      { id: 'path.prohibited', ttl: 1, by: '10.0.1.1', byTarget: false, confidence: 'certain' },
    ],
    [
      'a firewall says port unreachable',
      [{}, { host: '10.0.1.1', refusal: 'port' }],
      {},
      { id: 'path.prohibited', ttl: 1 },
    ],
    [
      'the target itself forbids',
      [{}, { host: address, refusal: 'prohibited' }],
      {},
      { id: 'path.prohibited', ttl: 2, byTarget: true },
    ],
    [
      'a router without a way',
      [{}, { refusal: 'net' }],
      {},
      { id: 'path.unreachable', ttl: 2, meaning: 'net' },
    ],
    [
      'a circle',
      [{ host: 'a' }, { host: 'b' }, { host: 'a' }, { host: 'b' }, { host: 'a' }],
      {},
      { id: 'path.loop', ttl: 1, hosts: ['a'] },
    ],
    ['no route', [], { refused: 'ENETUNREACH' }, { id: 'path.no_route', confidence: 'certain' }],
    ["this machine's firewall", [], { refused: 'EPERM' }, { id: 'path.local_firewall' }],
  ] as [string, Row[], Partial<PathFacts>, object][])('%s', (_, rows, more, verdict) => {
    expect(judgePath(facts(rows, { reached: false, ...more }))[0]).toMatchObject(verdict)
  })
})

describe('delay', () => {
  test.each([
    ['an ocean is no fault', [{ bestMs: 2 }, { bestMs: 180 }, { bestMs: 190 }], 'path.fine'],
    ['a hop that is slow to answer', [{ bestMs: 2 }, { bestMs: 800 }, { bestMs: 9 }], 'path.fine'],
    [
      'a busy hop in between varies',
      [{}, { bestMs: 10, meanMs: 300 }, { bestMs: 11, meanMs: 12 }],
      'path.fine',
    ],
  ] as [string, Row[], 'path.fine'][])('%s', (_, rows, id) => {
    expect(ids(facts(rows))[0]).toBe(id)
  })

  test('that begins at a hop and stays', () => {
    const rows = [{ bestMs: 2 }, { bestMs: 700 }, { bestMs: 600 }, { bestMs: 610 }]
    expect(judgePath(facts(rows))[0]).toMatchObject({
      id: 'path.delay',
      bestMs: 610,
      where: { afterTtl: 1, fromTtl: 2 },
    })
  })

  test('that varies, from a hop on', () => {
    const steady = { bestMs: 10, meanMs: 11 }
    const unsteady = { bestMs: 12, meanMs: 90 }
    const [verdict] = judgePath(facts([steady, { bestMs: 10, meanMs: 400 }, steady, unsteady, unsteady]))
    expect(verdict).toMatchObject({ id: 'path.unsteady', where: { afterTtl: 3, fromTtl: 4 } })
  })
})

describe('MTU', () => {
  test('a hole is a problem, with or without loss beside it', () => {
    const mtu = {
      kind: 'hole',
      bytes: 1300,
      passed: { ttl: 1, host: '10.0.1.1' },
      vanishedBefore: 2,
    } as const
    expect(judgePath(facts([{}, {}, {}], { mtu }))[0]).toMatchObject({
      id: 'path.mtu_hole',
      where: { afterTtl: 1, afterHost: '10.0.1.1', fromTtl: 2, fromHost: '10.0.2.1' },
    })
    expect(ids(facts([{}, {}, { lost: 30 }], { mtu }))).toEqual(['path.loss', 'path.mtu_hole'])
  })

  test('what a router says is a note', () => {
    const mtu = { kind: 'reported', bytes: 1400, by: '10.0.1.1' } as const
    expect(ids(facts([{}, {}], { mtu }))).toEqual(['path.fine', 'path.mtu_low'])
    expect(ids(facts([{}, {}], { mtu: { kind: 'untested' } }))).toEqual(['path.fine'])
  })
})

test('a closed port and shared load are notes', () => {
  expect(ids(facts([{}, {}], { targetMeaning: 'reset' }))).toEqual(['path.fine', 'path.port_closed'])
  const shared = facts([{}, {}])
  const hosts = ['a', 'b'].map((host) => ({ address: host, received: 50, labels: [] }))
  const hops = shared.hops.map((hop) => (hop.ttl === 1 ? { ...hop, hosts } : hop))
  expect(judgePath({ ...shared, hops })).toContainEqual(
    expect.objectContaining({ id: 'path.shared_load', ttls: [1] }),
  )
})
