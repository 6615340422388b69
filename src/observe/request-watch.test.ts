import { describe, expect, test } from 'bun:test'
import { RequestWatch, type WatchedRequest } from './request-watch.ts'

function setUp() {
  let nowMs = 1_000
  const watch = new RequestWatch({ mask: (text) => text.replaceAll('s3cret', '***'), now: () => nowMs })
  return { watch, wait: (ms: number) => (nowMs += ms) }
}

function request(path: string, userAgent = 'x'): WatchedRequest {
  return { atMs: 1, ecosystem: 'go', method: 'GET', path, status: 200, outcome: 'hit', bytes: 1, userAgent }
}

describe('a watch', () => {
  test('keeps what holds its marker or a text, in order, and nothing else', () => {
    const { watch } = setUp()
    watch.start('marker-1', ['/m.example/'], 1_000)
    watch.note(request('/go/other.example/@v/list'))
    watch.note(request('/go/marker-1/@v/list'))
    watch.note(request('/npm/x', 'npm/11 marker-1'))
    watch.note(request('/go/m.example/@v/list'))
    expect(watch.seen('marker-1')?.requests.map(({ path }) => path)).toEqual([
      '/go/marker-1/@v/list',
      '/npm/x',
      '/go/m.example/@v/list',
    ])
  })

  test('is over when its time is', () => {
    const { watch, wait } = setUp()
    expect(watch.on).toBe(false)
    watch.start('marker-1', [], 1_000)
    expect(watch.on).toBe(true)
    wait(1_000)
    expect([watch.on, watch.seen('marker-1')]).toEqual([false, undefined])
  })

  test('has a bound, and says how many more there were', () => {
    const { watch } = setUp()
    watch.start('marker-1', [], 1_000)
    for (let count = 0; count < 205; count += 1) watch.note(request(`/marker-1/${count}`))
    const seen = watch.seen('marker-1')
    expect([seen?.requests.length, seen?.dropped, seen?.requests[0]?.path]).toEqual([200, 5, '/marker-1/0'])
  })

  test('shows no secret and no endless text', () => {
    const { watch } = setUp()
    watch.start('marker-1', [], 1_000)
    watch.note(request('/marker-1/s3cret', 'a'.repeat(5_000)))
    const [one] = watch.seen('marker-1')?.requests ?? []
    expect([one?.path, one?.userAgent.length]).toEqual(['/marker-1/***', 1_000])
  })
})

test('of too many watches the oldest gives way, and one marker has one watch', () => {
  const { watch } = setUp()
  for (let count = 0; count < 16; count += 1) watch.start(`marker-${count}`, [], 1_000)
  watch.note(request('/marker-5/'))
  watch.start('marker-5', [], 1_000)
  expect(watch.seen('marker-0')).toBeDefined()
  expect(watch.seen('marker-5')?.requests).toEqual([])
  watch.start('one-more', [], 1_000)
  expect(watch.seen('marker-0')).toBeUndefined()
})
