import { describe, expect, test } from 'bun:test'
import { type Candidate, reckoningOf, selectSources } from './selection.ts'
import type { HealthSnapshot } from './source-health.ts'

const fresh: HealthSnapshot = {
  state: 'healthy',
  unreachable: false,
  due: false,
  samples: 0,
  firstByteMs: undefined,
  bytesPerMs: undefined,
  errorRate: 0,
  p95Ms: undefined,
}

function candidate(
  id: string,
  health: Partial<HealthSnapshot> = {},
  change: Partial<Candidate> = {},
): Candidate {
  return {
    id,
    health: { ...fresh, ...health },
    marked: false,
    throttledMs: 0,
    domain: id,
    origin: false,
    lag: undefined,
    ...change,
  }
}

const order = (candidates: Candidate[], shape: 'metadata' | 'blob' = 'metadata', preferred?: string) =>
  selectSources(candidates, shape, { preferred }).map(({ id }) => id)

test('sources that were never measured keep the order of the list', () => {
  expect(order([candidate('a'), candidate('b'), candidate('c')])).toEqual(['a', 'b', 'c'])
})

test('the faster one stands first, one that was never measured before both', () => {
  const [a, b, c] = [candidate('a', { firstByteMs: 90 }), candidate('b', { firstByteMs: 20 }), candidate('c')]
  expect(order([a, b, c])).toEqual(['c', 'b', 'a'])
})

test('blobs are judged by throughput too', () => {
  const near = candidate('near', { firstByteMs: 10, bytesPerMs: 100 })
  const wide = candidate('wide', { firstByteMs: 90, bytesPerMs: 5000 })
  expect(order([wide, near])).toEqual(['near', 'wide'])
  expect(order([near, wide], 'blob')).toEqual(['wide', 'near'])
})

test('a rate that is not measured yet is no advantage', () => {
  const quick = candidate('quick', { firstByteMs: 60 })
  const known = candidate('known', { firstByteMs: 50, bytesPerMs: 1000 })
  expect(order([quick, known], 'blob')).toEqual(['known', 'quick'])
})

test('the order changes only for a clear gain', () => {
  const [a, b] = [candidate('a', { firstByteMs: 100 }), candidate('b', { firstByteMs: 80 })]
  expect(order([a, b], 'metadata', 'a')).toEqual(['a', 'b'])
  expect(order([a, candidate('b', { firstByteMs: 70 })], 'metadata', 'a')).toEqual(['b', 'a'])
})

test('errors cost, and a suspect stands behind a slower sound one', () => {
  const flaky = candidate('flaky', { firstByteMs: 50, errorRate: 0.5 })
  const slow = candidate('slow', { firstByteMs: 120 })
  expect(order([flaky, slow])).toEqual(['slow', 'flaky'])
  expect(order([candidate('s', { firstByteMs: 1, state: 'suspect' }), slow])).toEqual(['slow', 's'])
})

test('whoever is left out stands last, with the reason', () => {
  const ranked = selectSources(
    [
      candidate('liar', { firstByteMs: 1 }, { marked: true }),
      candidate('busy', {}, { throttledMs: 6500 }),
      candidate('gone', { state: 'out', unreachable: true }),
      candidate('ill', { state: 'out' }),
      candidate('tried', { state: 'probing' }),
      candidate('good', { firstByteMs: 500 }),
    ],
    'metadata',
  )
  expect(ranked[0]).toEqual({ id: 'good', scoreMs: 500, leftOut: undefined })
  expect(Object.fromEntries(ranked.map(({ id, leftOut }) => [id, leftOut]))).toEqual({
    good: undefined,
    liar: 'sent wrong bytes lately',
    busy: 'asked to be left alone for another 7 s',
    gone: 'cannot be reached',
    ill: 'failed several times in a row',
    tried: 'is being tried after a pause',
  })
})

test('two of one failure domain count once: the second place goes to another', () => {
  const twins = [
    candidate('a', { firstByteMs: 10 }, { domain: 'cdn' }),
    candidate('b', { firstByteMs: 11 }, { domain: 'cdn' }),
    candidate('c', { firstByteMs: 99 }),
  ]
  expect(order(twins)).toEqual(['a', 'c', 'b'])
})

test.each([
  ['not measured yet', {}, 'metadata'],
  ['42 ms first byte', { firstByteMs: 42, bytesPerMs: 5000 }, 'metadata'],
  ['42 ms first byte + the best known rate, until its own is measured', { firstByteMs: 42 }, 'blob'],
  ['42 ms first byte + 200 ms for 1 MB at 5.0 MB/s', { firstByteMs: 42, bytesPerMs: 5000 }, 'blob'],
  ['(42 ms first byte) × 1.40 for 10 % failures', { firstByteMs: 42, errorRate: 0.1 }, 'metadata'],
] as const)('the arithmetic of a score is told: %s', (told, health, shape) => {
  expect(reckoningOf({ ...fresh, ...health }, shape)).toBe(told)
})

describe('for what can change', () => {
  const lag = (behind: number, atLeastMs = 0) => ({
    behind,
    atLeastMs,
    at: 'm.example/x',
    lacks: undefined,
    measuredAtMs: 0,
  })
  const mutable = (...candidates: Candidate[]) =>
    selectSources(candidates, 'metadata', { freshness: 'mutable' }).map(({ id }) => id)
  const fast = candidate('fast', { firstByteMs: 5 })
  const origin = candidate('origin', { firstByteMs: 400 }, { origin: true })

  test('the origin stands before faster mirrors', () => {
    expect(mutable(fast, origin)).toEqual(['origin', 'fast'])
    expect(order([fast, origin])).toEqual(['fast', 'origin'])
  })

  test('but not when it failed lately or is left out', () => {
    const [ill, gone] = (['suspect', 'out'] as const).map((state) => ({
      ...origin,
      health: { ...origin.health, state },
    }))
    if (ill === undefined || gone === undefined) throw new Error('two of them')
    expect(mutable(ill, fast)).toEqual(['fast', 'origin'])
    expect(mutable(gone, fast)).toEqual(['fast', 'origin'])
  })

  test('whoever lags stands behind slower ones, the most behind last; one never compared is not blamed', () => {
    const lags = candidate('lags', { firstByteMs: 1 }, { lag: lag(1, 3_600_000) })
    const lagsMore = candidate('lags-more', { firstByteMs: 1 }, { lag: lag(1, 7_200_000) })
    const current = candidate('current', { firstByteMs: 90 }, { lag: lag(0) })
    const unknown = candidate('unknown', { firstByteMs: 80 })
    expect(mutable(lagsMore, lags, current, unknown)).toEqual(['unknown', 'current', 'lags', 'lags-more'])
    expect(order([lags, current])).toEqual(['lags', 'current'])
  })
})
