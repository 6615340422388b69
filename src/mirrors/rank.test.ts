import { describe, expect, test } from 'bun:test'
import type { Candidate, Measurement, RoundSample } from './measurement.ts'
import { predict, quantile } from './predict.ts'
import { rank } from './rank.ts'

const reference = { name: 'b', requests: 10, bytes: 1_000_000, concurrency: 2 }
const auto = { region: 'auto', isp: undefined }

type Made = Partial<Omit<Measurement, 'candidate'>> &
  Partial<Candidate> & { rate?: number; firstByte?: number }

/** A mirror with three equal rounds: 5 round trips of `firstByte` ms and 1 MB at `rate` bytes a second. */
function made(id: string, made: Made = {}): Measurement {
  const {
    rate = 1_000_000,
    firstByte = 10,
    role = 'catalogue',
    region = 'world',
    isp,
    inUse,
    domain = id,
    ...rest
  } = made
  const round: RoundSample = {
    firstByteMs: [firstByte, firstByte],
    smallPerSecond: 100,
    bytesPerSecond: rate,
  }
  return {
    candidate: {
      id,
      role,
      region,
      isp,
      inUse,
      domain,
      addresses: [`https://${id}.example`],
      standing: 'candidate',
      entry: undefined,
    },
    address: `https://${id}.example`,
    proxied: false,
    reached: true,
    reach: { dnsMs: 5, tcpMs: 10, tlsMs: 15, httpVersion: 'h2', ipv6: 'works' },
    rounds: [round, round, round],
    range: 'resumes',
    sumdb: 'relays',
    fileHost: undefined,
    canaries: new Map([['busy', new Set(['v1.0.0', 'v1.1.0'])]]),
    requests: 100,
    errors: 0,
    bytes: 1,
    fault: undefined,
    ...rest,
  }
}

const order = (
  measurements: readonly Measurement[],
  place: { region: string; isp: string | undefined } = auto,
) =>
  rank(measurements, { reference, place, isSet: true }).ranked.map(
    ({ measurement }) => measurement.candidate.id,
  )

describe('the predicted time', () => {
  test('is the connection, the round trips and the bytes', () => {
    expect(predict(made('a'), reference)).toMatchObject({
      connectMs: 30,
      roundTrips: 5,
      latencyMs: 10,
      totalMs: 30 + 5 * 10 + 1000,
    })
  })
  test('grows with what fails', () => {
    expect(predict(made('a', { errors: 50 }), reference)?.totalMs).toBe(2 * 1080)
  })
  test('counts half of what the slow answers take longer', () => {
    const rounds = [10, 10, 30].map((ms) => ({ firstByteMs: [ms], smallPerSecond: 1, bytesPerSecond: 1e6 }))
    const prediction = predict(made('a', { rounds }), reference)
    expect(prediction?.medianMs).toBe(10)
    expect(prediction?.latencyMs).toBeCloseTo(10 + ((prediction?.p95Ms ?? 0) - 10) / 2)
    expect(prediction?.p95Ms).toBeCloseTo(28)
  })
  test('takes of the rate what failed downloads leave of it', () => {
    const rounds = [3e6, 0, 3e6].map((rate) => ({
      firstByteMs: [10],
      smallPerSecond: 1,
      bytesPerSecond: rate,
    }))
    const prediction = predict(made('a', { rounds }), reference)
    expect(prediction?.bytesPerSecond).toBe(2e6)
    expect(prediction?.totalMs).toBe(30 + 5 * 10 + 500)
    expect(prediction?.perRoundMs.map(Number.isFinite)).toEqual([true, false, true])
  })
  test('does not exist without samples', () => {
    expect(predict(made('a', { rounds: [] }), reference)).toBeUndefined()
    const rounds = [{ firstByteMs: [1], smallPerSecond: 1, bytesPerSecond: undefined }]
    expect(predict(made('a', { rounds }), reference)).toBeUndefined()
  })
  test('rests on quantiles between samples', () => {
    expect(quantile([4, 1, 2], 0.5)).toBe(2)
    expect(quantile([1, 2], 0.5)).toBe(1.5)
    expect(quantile([], 0.5)).toBeUndefined()
  })
})

describe('the order', () => {
  const fast = made('fast', { rate: 10_000_000, firstByte: 5, region: 'cn' })
  const near = made('near', { rate: 2_000_000, region: 'cn', isp: 'cernet' })
  const world = made('world', { rate: 50_000_000, firstByte: 1 })
  const far = made('far', { rate: 60_000_000, firstByte: 1, region: 'us' })
  const origin = made('origin', { rate: 90_000_000, firstByte: 1, role: 'origin' })
  const yours = made('yours', { rate: 100_000, role: 'yours' })
  const all = [far, world, near, origin, fast]

  test('is by time alone with auto', () => {
    expect(order(all)).toEqual(['origin', 'far', 'world', 'fast', 'near'])
  })
  test('has the region first, then the world, other regions, and the origin last', () => {
    expect(order(all, { region: 'cn', isp: undefined })).toEqual(['fast', 'near', 'world', 'far', 'origin'])
  })
  test('has the own network first within the region', () => {
    expect(order(all, { region: 'cn', isp: 'cernet' })).toEqual(['near', 'fast', 'world', 'far', 'origin'])
  })
  test('falls back when the region has no healthy member, at last to the origin', () => {
    const dead = { code: 'connect', message: 'refused' } as const
    expect(
      order([{ ...fast, fault: dead }, { ...near, fault: dead }, world, origin], {
        region: 'cn',
        isp: undefined,
      }),
    ).toEqual(['world', 'origin'])
    expect(order([{ ...fast, fault: dead }, origin], { region: 'cn', isp: undefined })).toEqual(['origin'])
  })
  test('keeps what only the user knows in the region', () => {
    expect(order([world, yours], { region: 'cn', isp: undefined })).toEqual(['yours', 'world'])
  })
  test('leaves out what answered wrongly, however fast, and says why', () => {
    const liar = made('liar', {
      rate: 1e12,
      firstByte: 0.1,
      fault: { code: 'wrong-content', message: 'lies' },
    })
    const { ranked, rejected } = rank([liar, near], { reference, place: auto, isSet: true })
    expect(ranked.map(({ measurement }) => measurement.candidate.id)).toEqual(['near'])
    expect(rejected).toMatchObject([{ reason: { code: 'wrong-content', message: 'lies' } }])
  })
})

describe('freshness', () => {
  const versions = (...names: string[]) => new Set(names)
  const fresh = new Map([
    ['one', versions('v1.9.0', 'v1.10.0')],
    ['two', versions('v2.0.0')],
    ['three', versions('v0.1.0')],
  ])
  const origin = made('origin', { role: 'origin', canaries: fresh })

  test('one canary behind is a lag that is shown', () => {
    const late = made('late', { canaries: new Map([...fresh, ['one', versions('v1.9.0')]]) })
    const { ranked } = rank([origin, late], { reference, place: auto, isSet: true })
    const found = ranked.find(({ measurement }) => measurement.candidate.id === 'late')
    expect(found?.freshness).toMatchObject({ compared: 3, lags: [{ canary: 'one', lacks: 'v1.10.0' }] })
  })
  test('most canaries behind rejects', () => {
    const canaries = new Map([...fresh, ['one', versions('v1.9.0')]])
    canaries.delete('two')
    const { rejected } = rank([origin, made('stale', { canaries })], { reference, place: auto, isSet: true })
    expect(rejected).toMatchObject([
      { reason: { code: 'stale', message: 'lags on 2 of 3 busy packages (one lacks v1.10.0)' } },
    ])
  })
  test('without the origin, what two mirrors agree on counts, and no single word', () => {
    const boaster = made('boaster', {
      canaries: new Map([['one', versions('v1.9.0', 'v1.10.0', 'v99.0.0')]]),
    })
    const one = new Map([['one', versions('v1.9.0', 'v1.10.0')]])
    const old = made('old', { canaries: new Map([['one', versions('v1.9.0')]]) })
    const { ranked, rejected } = rank([boaster, made('sound', { canaries: one }), old], {
      reference,
      place: auto,
      isSet: true,
    })
    expect(ranked.map(({ measurement }) => measurement.candidate.id).toSorted()).toEqual(['boaster', 'sound'])
    expect(rejected.map(({ measurement }) => measurement.candidate.id)).toEqual(['old'])
  })
  test('two mirrors that take from one place are one witness', () => {
    const made99 = new Map([['one', versions('v1.9.0', 'v99.0.0')]])
    const pair = ['a', 'b'].map((id) => made(id, { domain: 'same', canaries: made99 }))
    const others = ['c', 'd'].map((id) => made(id, { canaries: new Map([['one', versions('v1.9.0')]]) }))
    const { rejected } = rank([...pair, ...others], { reference, place: auto, isSet: true })
    expect(rejected).toEqual([])
  })
  test('what the origin did not tell is told by what two mirrors agree on', () => {
    const some = made('origin', { role: 'origin', canaries: new Map([['one', versions('v1.10.0')]]) })
    const old = new Map([
      ['one', versions('v1.10.0')],
      ['two', versions('v1.0.0')],
      ['three', versions('v0.0.1')],
    ])
    const { rejected } = rank(
      [some, ...['a', 'b'].map((id) => made(id, { canaries: fresh })), made('old', { canaries: old })],
      { reference, place: auto, isSet: true },
    )
    expect(rejected.map(({ measurement }) => measurement.candidate.id)).toEqual(['old'])
  })
  describe('where each document names the latest version alone,', () => {
    const packages = ['one', 'two', 'three']
    const latest = (id: string, version: string, more: Made = {}) =>
      made(id, { canaries: new Map(packages.map((name) => [name, versions(version)])), ...more })
    const stale = (...measurements: readonly Measurement[]) =>
      rank(measurements, { reference, place: auto, isSet: true }).rejected.map(
        ({ measurement, reason }) => `${measurement.candidate.id}: ${reason.message}`,
      )
    const lags = (id: string, newest: string) => `${id}: lags on 3 of 3 busy packages (one lacks ${newest})`

    test('who is behind the newest that two agree on lags, and nobody else', () => {
      const fresh = ['a', 'b', 'c'].map((id) => latest(id, '2.0.10'))
      const old = ['d', 'e'].map((id) => latest(id, '2.0.9'))
      expect(stale(...old, ...fresh)).toEqual([lags('d', '2.0.10'), lags('e', '2.0.10')])
    })
    test('the only fresh one is not behind those that agree on an older version', () => {
      expect(stale(latest('a', '2.0.0'), latest('b', '2.0.1'), latest('c', '2.0.0'))).toEqual([])
    })
    test('one that saw a version before the origin is asked is not behind', () => {
      const at = (version: string) => latest('origin', version, { role: 'origin' })
      expect(stale(at('2.0.0'), latest('a', '2.0.1'), latest('b', '2.0.0'))).toEqual([])
      expect(stale(at('2.0.1'), latest('a', '2.0.1'), latest('b', '2.0.0'))).toEqual([lags('b', '2.0.1')])
    })
    test('a pre-release is older than its release', () => {
      expect(stale(latest('a', '2.0.0'), latest('b', '2.0.0'), latest('c', '2.0.0-rc.1'))).toEqual([
        lags('c', '2.0.0'),
      ])
    })
  })
  test('a mirror that cannot be used is no witness', () => {
    const liar = made('liar', { canaries: fresh, fault: { code: 'html', message: 'x' } })
    const { ranked } = rank([liar, made('a', { canaries: new Map() })], {
      reference,
      place: auto,
      isSet: true,
    })
    expect(ranked[0]?.freshness).toMatchObject({ compared: 0, stale: false })
  })
})

describe('a change is advised', () => {
  const advice = (measurements: readonly Measurement[], isSet = true) =>
    rank(measurements, { reference, place: auto, isSet }).advice
  const inUse = made('old', { inUse: 0 })
  const rounds = (...rates: number[]): RoundSample[] =>
    rates.map((rate) => ({ firstByteMs: [10, 10], smallPerSecond: 1, bytesPerSecond: rate }))

  const cases: readonly [name: string, measurements: readonly Measurement[], change: boolean][] = [
    ['for a clear gain', [inUse, made('new', { rate: 4e6 })], true],
    ['not for a small gain', [inUse, made('new', { rate: 1.2e6 })], false],
    ['not for a gain in one round only', [inUse, made('new', { rounds: rounds(9e9, 1e6, 1e6) })], false],
    [
      'not for a gain in one round, whatever failed before it',
      [
        made('old', { inUse: 0, rounds: rounds(1e6, 5e5, 1e6) }),
        made('new', { rounds: rounds(0, 9e6, 1e6) }),
      ],
      false,
    ],
    [
      'for a gain in rounds that failed where it is in use',
      [made('old', { inUse: 0, rounds: rounds(0, 1e6, 0) }), made('new')],
      true,
    ],
    ['for a gain in two rounds of three', [inUse, made('new', { rounds: rounds(9e6, 9e6, 1e6) })], true],
    ['not when the best is asked first already', [made('best', { rate: 9e9, inUse: 0 }), made('b')], false],
    [
      'when what is asked first cannot be used',
      [made('old', { inUse: 0, fault: { code: 'tls', message: 'x' } }), made('new')],
      true,
    ],
    ['not when what is in use was not measured', [made('new')], false],
    [
      'not when there was no time to measure what is in use',
      [made('old', { inUse: 0, fault: { code: 'unmeasured', message: 'x' } }), made('new')],
      false,
    ],
    ['not when nothing can be used', [made('x', { fault: { code: 'tls', message: 'x' } })], false],
    [
      'by the first of those in use, not the second',
      [made('first', { inUse: 0 }), made('second', { inUse: 1, rate: 9e9 })],
      true,
    ],
  ]
  for (const [name, measurements, change] of cases) {
    test(name, () => expect(advice(measurements)).toMatchObject({ change }))
  }

  test('when nothing is in use', () => expect(advice([made('new')], false)).toMatchObject({ change: true }))

  test('for a region that stands before the one in use', () => {
    const place = { region: 'cn', isp: undefined }
    const near = made('near', { region: 'cn', rate: 1e5 })
    expect(
      rank([made('old', { inUse: 0, rate: 9e9 }), near], { reference, place, isSet: true }).advice,
    ).toMatchObject({
      change: true,
    })
  })
})
