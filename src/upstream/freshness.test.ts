import { describe, expect, test } from 'bun:test'
import type { ConfiguredUpstream } from './create-upstream.ts'
import type { SourceList } from './source-list.ts'
import { answer, fakeServer, type Script, saying } from './testing/fake-server.ts'
import { silent } from './testing/scripts.ts'
import { ask, bodyOf, listOf, request, textOf, upstreamOf } from './testing/upstream-fixture.ts'

const fresh = saying(answer('200 OK', 'v1.0.0\nv1.1.0\n'))
const stale = saying(answer('200 OK', 'v1.0.0\n', { ETag: '"old"' }))
const list = { path: 'm.example/x/@v/list', shape: 'metadata', freshness: 'mutable' } as const
const idOf = ({ url }: { readonly url: string }) => new URL(url).host

/** Mirrors made equal, and the last one marked as the origin. */
function withOrigin(...urls: readonly string[]): SourceList {
  const origin = urls.at(-1)
  return listOf(urls.join('|')).map((step) =>
    step.kind === 'source' && step.url === origin ? { ...step, origin: true } : step,
  )
}

/** A measured, fast mirror, so that speed speaks for it. */
async function knowMirror(upstream: ConfiguredUpstream, mirror: { url: string }, all: SourceList) {
  upstream.setLists({ go: listOf(mirror.url) })
  for (let count = 0; count < 3; count++) await bodyOf(await ask(upstream, list))
  upstream.setLists({ go: all })
}

const slowly =
  (ms: number, script: Script): Script =>
  async (socket, seen) => {
    await Bun.sleep(ms)
    await script(socket, seen)
  }

describe('of equal sources, what can change', () => {
  test('comes from the origin though a mirror is faster, what cannot from the mirror', async () => {
    await using mirror = await fakeServer(stale)
    await using origin = await fakeServer(slowly(40, fresh))
    await using upstream = upstreamOf('off')
    await knowMirror(upstream, mirror, withOrigin(mirror.url, origin.url))
    for (let count = 0; count < 3; count++)
      expect(await textOf(await ask(upstream, list))).toContain('v1.1.0')
    const asked = origin.seen.length
    const fixed = { path: 'm.example/x/@v/v1.0.0.mod', shape: 'metadata' } as const
    for (let count = 0; count < 3; count++)
      expect(await ask(upstream, fixed)).toMatchObject({ source: { id: idOf(mirror) } })
    expect(origin.seen.length).toBe(asked)
  })

  test('comes from the origin at a cold start too: no race decides it', async () => {
    await using mirror = await fakeServer(stale)
    await using origin = await fakeServer(slowly(40, fresh))
    await using upstream = upstreamOf('off')
    upstream.setLists({ go: withOrigin(mirror.url, origin.url) })
    expect(await textOf(await ask(upstream, list))).toContain('v1.1.0')
    expect(mirror.seen.length).toBe(0)
  })

  test('comes from a mirror soon when the origin is silent, and from then on at once', async () => {
    await using mirror = await fakeServer(stale)
    await using origin = await fakeServer(fresh)
    await using upstream = upstreamOf('off', { limits: { firstByteMs: 60_000, budgetMs: 60_000 } })
    upstream.setLists({ go: withOrigin(mirror.url, origin.url) })
    for (let count = 0; count < 25; count++) await bodyOf(await ask(upstream, list))
    expect(mirror.seen.length).toBe(0)
    origin.script = silent
    expect(await textOf(await ask(upstream, list))).toBe('v1.0.0\n')
    const asked = origin.seen.length
    for (let count = 0; count < 10; count++) expect(await textOf(await ask(upstream, list))).toBe('v1.0.0\n')
    expect(origin.seen.length).toBe(asked)
    expect(origin.open).toBe(1)
    expect(upstream.orderChanges()[0]).toMatchObject({
      list: 'go',
      order: 'mutable',
      from: idOf(origin),
      to: idOf(mirror),
      reason: `${idOf(origin)} is being tried after a pause`,
    })
  })

  test('comes from the origin again after it answered what was given up', async () => {
    await using mirror = await fakeServer(stale)
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    await using origin = await fakeServer(async (socket, seen) => {
      await gate
      await fresh(socket, seen)
    })
    await using upstream = upstreamOf('off', { limits: { firstByteMs: 60_000, budgetMs: 60_000 } })
    upstream.setLists({ go: withOrigin(mirror.url, origin.url) })
    expect(await textOf(await ask(upstream, list))).toBe('v1.0.0\n')
    open()
    while (upstream.states().some(({ classes }) => classes.metadata.state === 'probing')) await Bun.sleep(1)
    expect(await textOf(await ask(upstream, list))).toContain('v1.1.0')
  })

  test('comes from a mirror while the origin refuses connections', async () => {
    await using mirror = await fakeServer(stale)
    await using upstream = upstreamOf('off')
    upstream.setLists({ go: withOrigin(mirror.url, 'http://127.0.0.1:1') })
    for (let count = 0; count < 3; count++) expect(await textOf(await ask(upstream, list))).toBe('v1.0.0\n')
  })

  test('never comes from an origin past a comma', async () => {
    await using mirror = await fakeServer(stale)
    await using origin = await fakeServer(fresh)
    await using upstream = upstreamOf('off')
    const steps = withOrigin(mirror.url, origin.url).map((step) =>
      step.kind === 'source' && !step.origin ? { ...step, next: ',' as const } : step,
    )
    upstream.setLists({ go: steps })
    expect(await textOf(await ask(upstream, list))).toBe('v1.0.0\n')
    expect(origin.connections).toBe(0)
  })

  test('is not held by a validator of a mirror: that would call its old list current for ever', async () => {
    await using mirror = await fakeServer(saying('HTTP/1.1 304 Not Modified\r\n\r\n'))
    await using origin = await fakeServer(fresh)
    await using upstream = upstreamOf('off')
    upstream.setLists({ go: withOrigin(mirror.url, origin.url) })
    const validators = { source: idOf(mirror), etag: '"old"' }
    expect(await textOf(await ask(upstream, { ...list, validators }))).toContain('v1.1.0')
  })

  test('comes from whoever lags least when none is the origin', async () => {
    await using mirror = await fakeServer(stale)
    await using other = await fakeServer(slowly(40, fresh))
    await using upstream = upstreamOf('off')
    await knowMirror(upstream, mirror, listOf(`${mirror.url}|${other.url}`))
    upstream.noteLag(idOf(mirror), {
      behind: 1,
      atLeastMs: 60_000,
      at: 'm.example/x',
      lacks: 'v1.1.0',
      measuredAtMs: 0,
    })
    expect(await textOf(await ask(upstream, list))).toContain('v1.1.0')
    expect(upstream.states()[0]?.lag).toMatchObject({ behind: 1, lacks: 'v1.1.0' })
  })
})

describe('a source', () => {
  test('that lacks what an equal one has is told of', async () => {
    await using lacks = await fakeServer(saying(answer('404 Not Found')))
    await using has = await fakeServer(slowly(20, fresh))
    const told: unknown[] = []
    await using upstream = upstreamOf(`${lacks.url}|${has.url}`, { onLacking: (report) => told.push(report) })
    await bodyOf(await ask(upstream, list))
    expect(told).toEqual([{ list: 'go', path: list.path, source: idOf(has), lacks: idOf(lacks) }])
  })

  test('behind a comma that has it says nothing of those before: they are no equals', async () => {
    await using lacks = await fakeServer(saying(answer('404 Not Found')))
    await using has = await fakeServer(fresh)
    const told: unknown[] = []
    await using upstream = upstreamOf(`${lacks.url},${has.url}`, { onLacking: (report) => told.push(report) })
    await bodyOf(await ask(upstream, list))
    expect(told).toEqual([])
  })

  test('can be asked alone, and others are not', async () => {
    await using first = await fakeServer(fresh)
    await using second = await fakeServer(stale)
    await using upstream = upstreamOf(`${first.url}|${second.url}`)
    const { signal } = new AbortController()
    const asked = { ...request, ...list }
    expect(await textOf(await upstream.walkOne(idOf(second), asked).next(signal))).toBe('v1.0.0\n')
    expect(first.connections).toBe(0)
    expect(await upstream.walkOne('other.example', asked).next(signal)).toEqual({ kind: 'not-configured' })
    expect(upstream.equalsOf('go', idOf(first)).map(({ id }) => id)).toEqual([idOf(first), idOf(second)])
    expect(upstream.equalsOf('go', 'other.example')).toEqual([])
  })
})
