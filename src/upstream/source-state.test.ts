import { expect, test } from 'bun:test'
import { answer, fakeServer, saying } from './testing/fake-server.ts'
import { ask, bodyOf, upstreamOf } from './testing/upstream-fixture.ts'

const body = Buffer.alloc(300_000, 'x')
const idOf = ({ url }: { readonly url: string }) => new URL(url).host

test('what a source did is shown by class, with its place and the arithmetic', async () => {
  let now = 5_000
  await using good = await fakeServer(saying(answer('200 OK', body)))
  await using bad = await fakeServer(saying(answer('500 Internal Server Error')))
  await using upstream = upstreamOf(`${bad.url}|${good.url}`, { now: () => now })
  for (let count = 0; count < 25; count++) {
    now += 1
    await bodyOf(await ask(upstream))
  }
  const [first, second] = upstream.states()
  expect(first).toMatchObject({ id: idOf(bad), bytes: 0, lag: undefined, origin: false })
  expect(first?.classes.blob).toMatchObject({ state: 'suspect', place: 2, scoreMs: undefined })
  expect(first?.classes.blob.errorRate).toBeGreaterThan(0)
  expect(second).toMatchObject({ id: idOf(good), bytes: 25 * body.length, lastUsedAtMs: 5_025 })
  expect(second?.classes.blob).toMatchObject({ state: 'healthy', place: 1, samples: 25, leftOut: undefined })
  expect(second?.classes.blob.reckoning).toMatch(/^\d+ ms first byte \+ \d+ ms for 1 MB at [\d.]+ MB\/s$/)
  expect(second?.classes.blob.p95Ms).toBeGreaterThan(0)
  expect(second?.classes.blob.bytesPerSecond).toBeGreaterThan(0)
  expect(second?.classes.metadata).toMatchObject({ samples: 0, reckoning: 'not measured yet' })
})

test('a change of order is remembered with its reason', async () => {
  let now = 0
  await using first = await fakeServer(saying(answer('200 OK', 'one')))
  await using second = await fakeServer(saying(answer('200 OK', 'two')))
  await using upstream = upstreamOf(`${first.url}|${second.url}`, { now: () => now })
  await bodyOf(await ask(upstream))
  const before = upstream.orderChanges()
  const leader = upstream.ranking('go', 'blob')[0]?.[0]?.id ?? ''
  now = 7_000
  upstream.record(leader, 'wrong')
  await bodyOf(await ask(upstream))
  const other = leader === idOf(first) ? idOf(second) : idOf(first)
  const [change] = upstream.orderChanges()
  expect(before.some(({ atMs }) => atMs === 7_000)).toBe(false)
  expect(change).toMatchObject({ list: 'go', order: 'blob', atMs: 7_000, to: other })
  expect(change?.reason).toBe(`${leader} sent wrong bytes lately`)
})

test('a single source has no order that could change', async () => {
  await using server = await fakeServer(saying(answer('200 OK', 'one')))
  await using upstream = upstreamOf(server.url)
  await bodyOf(await ask(upstream))
  upstream.record(idOf(server), 'wrong')
  await bodyOf(await ask(upstream))
  expect(upstream.orderChanges()).toEqual([])
})

test('wrong bytes are forgiven on demand; what was kept of them too, and it proves itself anew', async () => {
  let kept: string | undefined
  const records = {
    read: async () => kept,
    write: async (text: string) => {
      kept = text
    },
  }
  await using server = await fakeServer(saying(answer('200 OK', 'one')))
  const id = idOf(server)
  {
    await using upstream = upstreamOf(server.url, { records })
    for (let count = 0; count < 8; count++) upstream.record(id, 'proved')
    upstream.record(id, 'wrong')
    expect(upstream.states()[0]).toMatchObject({ clean: false, wrong: 1 })
    expect(upstream.ranking('go', 'blob')[0]?.[0]?.leftOut).toBeDefined()
    expect(upstream.forgive('other.example')).toBe(false)
    expect(upstream.forgive(id)).toBe(true)
    expect(upstream.states()[0]).toMatchObject({ clean: false, wrong: 0, proved: 0 })
    expect(upstream.ranking('go', 'blob')[0]?.[0]?.leftOut).toBeUndefined()
    for (let count = 0; count < 8; count++) upstream.record(id, 'proved')
    expect(upstream.states()[0]?.clean).toBe(true)
  }
  expect(kept).not.toContain('"wrong":1')
})
