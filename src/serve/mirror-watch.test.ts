import { describe, expect, test } from 'bun:test'
import type { Resource } from '../ecosystems/ecosystem.ts'
import type { SourceList } from '../upstream/source-list.ts'
import { answer, type FakeServer, fakeServer, saying } from '../upstream/testing/fake-server.ts'
import { silent } from '../upstream/testing/scripts.ts'
import { listOf, upstreamOf } from '../upstream/testing/upstream-fixture.ts'
import { MirrorWatch, type MirrorWatchOptions } from './mirror-watch.ts'

const hour = 3_600_000
const resource: Resource = {
  ecosystem: 'go',
  key: 'go/m.example/x/@v/list',
  sources: 'go',
  path: 'm.example/x/@v/list',
  kind: 'list',
  name: 'm.example/x',
  mediaType: 'text/plain',
  shape: 'metadata',
  maxBytes: 1 << 20,
  freshMs: 60_000,
  missMs: 0,
  versions: (body) => Buffer.from(body).toString().split('\n').filter(Boolean),
}
const names = (...versions: string[]) => saying(answer('200 OK', versions.map((one) => `${one}\n`).join('')))
const body = (...versions: string[]) => Buffer.from(versions.map((one) => `${one}\n`).join(''))
const idOf = ({ url }: FakeServer) => new URL(url).host

function marked(list: SourceList, origin: FakeServer): SourceList {
  return list.map((step) => (step.kind === 'source' ? { ...step, origin: step.url === origin.url } : step))
}

function watchOn(upstream: MirrorWatchOptions['upstream'], change: Partial<MirrorWatchOptions> = {}) {
  const failures: unknown[] = []
  const watch = new MirrorWatch({
    upstream,
    intervalMs: () => hour,
    enabled: () => true,
    allowed: () => true,
    failed: (error) => failures.push(error),
    ...change,
  })
  return Object.assign(watch, { failures })
}

describe('a round', () => {
  test('asks each equal source for what was served last, and tells who lags and by how much', async () => {
    let now = 0
    await using origin = await fakeServer(names('v1.0.0', 'v1.1.0', 'v1.2.0'))
    await using late = await fakeServer(names('v1.0.0'))
    await using good = await fakeServer(names('v1.0.0', 'v1.1.0', 'v1.2.0'))
    await using upstream = upstreamOf('off')
    upstream.setLists({ go: marked(listOf(`${late.url}|${good.url}|${origin.url}`), origin) })
    const watch = watchOn(upstream, { now: () => now })
    watch.arrived(resource, idOf(origin), body('v1.0.0', 'v1.1.0', 'v1.2.0'))
    now = 2 * hour
    await watch.ask()
    expect([late, good, origin].map(({ seen }) => seen.map(({ target }) => target))).toEqual(
      Array.from({ length: 3 }, () => [`/${resource.path}`]),
    )
    expect(upstream.states().map(({ lag }) => lag && [lag.behind, lag.atLeastMs, lag.at, lag.lacks])).toEqual(
      [[2, 2 * hour, 'm.example/x', 'v1.2.0'], [0, 0, 'm.example/x', undefined], undefined],
    )
    expect(watch.failures).toEqual([])
  })

  test.each([
    ['no such package', saying(answer('404 Not Found'))],
    ['an empty list', names()],
  ])('counts %s as all versions missing', async (_, script) => {
    await using origin = await fakeServer(names('v1.0.0'))
    await using late = await fakeServer(script)
    await using upstream = upstreamOf('off')
    upstream.setLists({ go: marked(listOf(`${late.url}|${origin.url}`), origin) })
    const watch = watchOn(upstream)
    watch.arrived(resource, idOf(origin), body('v1.0.0'))
    await watch.ask()
    expect(upstream.states()[0]?.lag).toMatchObject({ behind: 1, lacks: 'v1.0.0' })
  })

  test.each([
    ['an outage', saying(answer('500 No'))],
    ['a page', saying(answer('200 OK', '<html>', { 'Content-Type': 'text/html' }))],
    ['more than a small answer', saying(answer('200 OK', Buffer.alloc(300_000, 'v')))],
  ])('takes %s for no word on versions', async (_, script) => {
    await using origin = await fakeServer(names('v1.0.0'))
    await using ill = await fakeServer(script)
    await using upstream = upstreamOf('off')
    upstream.setLists({ go: marked(listOf(`${ill.url}|${origin.url}`), origin) })
    const watch = watchOn(upstream)
    const prove: Resource['prove'] = () => ({
      check: async (candidate) =>
        candidate.kind === 'bytes' && candidate.bytes[0] === 60
          ? { verdict: 'wrong', reason: 'a page' }
          : { verdict: 'sound' },
    })
    watch.arrived({ ...resource, prove }, idOf(origin), body('v1.0.0'))
    await watch.ask()
    expect(ill.seen.length).toBeGreaterThan(0)
    expect(upstream.states()[0]).toMatchObject({ lag: undefined, errors: ill.seen.length })
    expect(watch.failures).toEqual([])
  })

  const quiet: readonly (readonly [string, string, Partial<MirrorWatchOptions>])[] = [
    ['a single source', 'first', {}],
    ['a source past a comma', 'first,second', {}],
    ['anybody while offline', 'first|second', { enabled: () => false }],
    ['anybody for a name that became private', 'first|second', { allowed: () => false }],
  ]
  test.each(quiet)('does not ask %s', async (_, list, change) => {
    await using first = await fakeServer(names('v1.0.0'))
    await using second = await fakeServer(names('v1.0.0'))
    await using upstream = upstreamOf(list.replace('first', first.url).replace('second', second.url))
    const watch = watchOn(upstream, change)
    watch.arrived(resource, idOf(first), body('v1.0.0'))
    await watch.ask()
    expect(first.connections + second.connections).toBe(0)
  })

  test('asks nothing that no client asked for', async () => {
    await using first = await fakeServer(names('v1.0.0'))
    await using second = await fakeServer(names('v1.0.0'))
    await using upstream = upstreamOf(`${first.url}|${second.url}`)
    const watch = watchOn(upstream)
    const { versions: _, ...file } = resource
    watch.arrived({ ...file, path: 'm.example/x/@v/v1.0.0.mod' }, idOf(first), body('module m.example/x'))
    await watch.ask()
    expect(first.connections + second.connections).toBe(0)
  })
})

test('real traffic alone tells of a lag: two lists, and a file that one does not have', async () => {
  let now = 0
  await using a = await fakeServer(names())
  await using b = await fakeServer(names())
  await using upstream = upstreamOf(`${a.url}|${b.url}`)
  const watch = watchOn(upstream, { now: () => now })
  const lagOf = (server: FakeServer) => upstream.states().find(({ id }) => id === idOf(server))?.lag
  watch.arrived(resource, idOf(a), body('v1.0.0', 'v1.1.0'))
  expect(lagOf(a)).toBeUndefined()
  now = hour
  watch.arrived(resource, idOf(b), body('v1.0.0'))
  expect(lagOf(b)).toMatchObject({ behind: 1, atLeastMs: hour, lacks: 'v1.1.0' })
  expect(lagOf(a)).toMatchObject({ behind: 0 })
  watch.lacking({ list: 'go', lacks: idOf(a), path: 'm.example/x/@v/v1.2.0.mod' })
  expect(lagOf(a)).toMatchObject({ behind: 1, at: 'm.example/x/@v/v1.2.0.mod' })
  expect(a.connections + b.connections).toBe(0)
})

test('rounds follow each other until it is closed, which ends the one under way', async () => {
  await using good = await fakeServer(names('v1.0.0'))
  await using dead = await fakeServer(silent)
  await using upstream = upstreamOf(`${good.url}|${dead.url}`, {
    limits: { firstByteMs: 60_000, budgetMs: 120_000 },
  })
  const watch = watchOn(upstream, { intervalMs: () => 1, random: () => 0.5 })
  watch.arrived(resource, idOf(good), body('v1.0.0'))
  watch.start()
  while (dead.seen.length === 0) await Bun.sleep(1)
  await watch.close()
  const asked = good.seen.length
  await Bun.sleep(20)
  expect(good.seen.length).toBe(asked)
  expect(dead.seen.length).toBe(1)
  expect(watch.failures).toEqual([])
})
