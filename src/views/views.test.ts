import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Cache } from '../cache/cache.ts'
import { clean, failed, found, missing, ScriptedUpstream } from '../cache/testing/scripted-upstream.ts'
import type { Resource, View } from '../ecosystems/ecosystem.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import type { Store, StoredObject } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { createRenderer, LIGHT_BYTES, type Renderer } from './renderer.ts'
import { keyOf, type Seen, Views } from './views.ts'

const text = (words: string) => new TextEncoder().encode(words)

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let store: Store
let upstream: ScriptedUpstream
let cache: Cache
let renderer: Renderer
let views: Views
let nowMs: number
let changed: string[]
let transforms: number

beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openLocalStore({ dataDir: folder.path, maxBytes: 64 * 1024 * 1024 })
  upstream = new ScriptedUpstream()
  nowMs = 1_800_000_000_000
  changed = []
  transforms = 0
  const observer = {
    fillStarted: () => undefined,
    fillJoined: () => undefined,
    fillEnded: () => undefined,
    integrityFailed: () => undefined,
    storeFailed: () => undefined,
    changed: () => undefined,
  }
  cache = new Cache({ store, upstream, observer, now: () => nowMs, proofWaitMs: () => 60_000 })
  renderer = createRenderer({ program: new URL('./testing/test-program.ts', import.meta.url) })
  views = viewsOn(store)
})
afterEach(async () => {
  await renderer.close()
  await cache.close(0)
  await store.close()
  await folder[Symbol.asyncDispose]()
})

function viewsOn(kept: Pick<Store, 'find' | 'hold' | 'put' | 'stage'>, version = '1.0.0'): Views {
  return new Views({
    version,
    cache,
    store: kept,
    renderer: {
      transform(job) {
        transforms++
        return renderer.transform(job)
      },
    },
    changed: (key) => changed.push(key),
    storeFailed: () => undefined,
  })
}

function resource(name: string): Resource {
  return {
    ecosystem: 'npm',
    key: `npm/${name}`,
    sources: 'npm',
    path: name,
    kind: 'packument',
    name,
    mediaType: 'application/json',
    shape: 'metadata',
    maxBytes: 10_000_000,
    freshMs: 60_000,
    missMs: 1_000,
  }
}

function view(more: Partial<View> = {}): View {
  return {
    key: 'npm/left-pad~upper',
    of: resource('left-pad'),
    mediaType: 'application/vnd.test+json',
    vary: 'Accept',
    transform: { name: 'upper', params: {} },
    ...more,
  }
}

async function seen(asked: View, encoding?: 'gzip'): Promise<Seen> {
  const answer = await views.ask(asked, encoding)
  if (answer.kind === 'refused') throw new Error(answer.refusal.reason)
  return answer
}

const bytesOf = async ({ body }: StoredObject) =>
  Buffer.from(body.kind === 'bytes' ? body.bytes : await readFile(body.path))

describe('a view', () => {
  test('is made once, kept, and given again', async () => {
    upstream.script('left-pad', found(text('abc')))
    const first = await seen(view())
    expect((await bytesOf(first.object)).toString()).toBe('ABC')
    expect(first.object.meta).toMatchObject({ mediaType: 'application/vnd.test+json', source: clean.id })
    expect((await seen(view())).object.sha256).toBe(first.object.sha256)
    expect([transforms, upstream.requests.length, changed]).toEqual([1, 1, [keyOf(view(), undefined)]])
  })

  test('is made once for all who ask meanwhile', async () => {
    upstream.script('left-pad', found(text('abc')))
    const all = await Promise.all(Array.from({ length: 20 }, () => seen(view())))
    expect(new Set(all.map(({ object }) => object.sha256)).size).toBe(1)
    expect([transforms, upstream.requests.length]).toEqual([1, 1])
  })

  test('is another one compressed, and with other parameters', async () => {
    upstream.script('left-pad', found(text('abc')))
    const plain = await seen(view())
    const packed = await seen(view(), 'gzip')
    const other = await seen(view({ transform: { name: 'upper', params: { tail: '!' } } }))
    expect(packed.object.meta.encoding).toBe('gzip')
    expect(gunzipSync(await bytesOf(packed.object)).toString()).toBe('ABC')
    expect((await bytesOf(other.object)).toString()).toBe('ABC!')
    expect(new Set([plain, packed, other].map(({ object }) => object.key)).size).toBe(3)
  })

  test('of bytes that changed is made anew; of bytes that were only confirmed it is not', async () => {
    upstream.script(
      'left-pad',
      found(text('abc')),
      { kind: 'not-modified', source: clean },
      found(text('xyz')),
    )
    await seen(view())
    await cache.refresh(resource('left-pad'))
    await seen(view())
    expect(transforms).toBe(1)
    await cache.refresh(resource('left-pad'))
    expect((await bytesOf((await seen(view())).object)).toString()).toBe('XYZ')
    expect(transforms).toBe(2)
  })

  test('large ones are files, whole or not there', async () => {
    const big = new Uint8Array(200 * 1024).fill(97)
    upstream.script('left-pad', found(big))
    const { object } = await seen(view())
    expect([object.body.kind, object.sizeBytes]).toEqual(['file', big.byteLength])
  })

  test('goes on when its source is down', async () => {
    upstream.script('left-pad', found(text('abc')), failed())
    await seen(view())
    nowMs += 120_000
    const stale = await seen(view())
    expect([stale.of.kind, (await bytesOf(stale.object)).toString()]).toEqual(['stale', 'ABC'])
  })

  test('survives a restart of the server', async () => {
    upstream.script('left-pad', found(text('abc')))
    await seen(view())
    await store.close()
    store = await openLocalStore({ dataDir: folder.path, maxBytes: 64 * 1024 * 1024 })
    views = viewsOn(store)
    const kept = await store.find(keyOf(view(), undefined))
    expect(kept?.meta.madeFrom).toMatch(/^[0-9a-f]{64} 1\.0\.0$/)
  })
})

describe('an update of the program', () => {
  test('makes every view anew when it is asked for, in the place of the old one', async () => {
    upstream.script('left-pad', found(text('abc')))
    await seen(view())
    views = viewsOn(store, '2.0.0')
    await seen(view())
    await seen(view())
    expect([transforms, upstream.requests.length]).toEqual([2, 1])
  })
})

describe('a stop in the middle of a transform', () => {
  test('ends it at once, keeps nothing of it and leaves nothing on the disk', async () => {
    const body = new Uint8Array(300 * 1024).fill(97)
    upstream.script('left-pad', found(body))
    const began = Promise.withResolvers<void>()
    const stopping = new Views({
      cache,
      store,
      renderer: {
        transform: (job) =>
          renderer.transform({
            ...job,
            take: async (piece) => {
              await job.take(piece)
              began.resolve()
            },
          }),
      },
      changed: () => undefined,
      storeFailed: () => undefined,
    })
    const endless = view({ transform: { name: 'repeat', params: { times: '1000000' } } })
    const asked = stopping.ask(endless, undefined)
    await began.promise
    await renderer.close()
    expect(await asked).toMatchObject({ kind: 'refused', refusal: { kind: 'store-failed' } })
    expect(await store.find(keyOf(endless, undefined))).toBeUndefined()
    expect(await readdir(join(folder.path, 'tmp'))).toEqual([])
  })
})

describe('no view', () => {
  test('of what is not there, or cannot be had', async () => {
    upstream.script('left-pad', missing)
    expect(await views.ask(view(), undefined)).toMatchObject({ refusal: { kind: 'not-found' } })
    upstream.script('right-pad', failed())
    const other = view({ of: resource('right-pad') })
    expect(await views.ask(other, undefined)).toMatchObject({ refusal: { kind: 'upstream-failed' } })
  })

  test('of what its transform refuses; the reason names the source', async () => {
    upstream.script('left-pad', found(text('abc')))
    const refused = await views.ask(view({ transform: { name: 'refuse', params: {} } }), undefined)
    expect(refused).toMatchObject({
      refusal: {
        kind: 'upstream-failed',
        reason: expect.stringContaining(`${clean.id} sent something for left-pad`),
      },
    })
    expect(await store.find('npm/left-pad~upper')).toBeUndefined()
  })
})

describe('what is beside it', () => {
  const both = (patienceMs: number) => view({ beside: { resource: resource('left-pad-full'), patienceMs } })

  test('is used when it is there', async () => {
    upstream.script('left-pad', found(text('abc')))
    upstream.script('left-pad-full', found(text('times')))
    expect((await bytesOf((await seen(both(5_000))).object)).toString()).toBe('ABC beside times')
  })

  test('is done without when it cannot be had, and taken up when it can', async () => {
    upstream.script('left-pad', found(text('abc')))
    upstream.script('left-pad-full', failed(), found(text('times')))
    expect((await bytesOf((await seen(both(5_000))).object)).toString()).toBe('ABC')
    expect((await bytesOf((await seen(both(5_000))).object)).toString()).toBe('ABC beside times')
  })

  test('is waited for no longer than was said', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    upstream.script('left-pad', found(text('abc')))
    upstream.script('left-pad-full', async () => {
      await promise
      return found(text('times'))
    })
    expect((await bytesOf((await seen(both(10))).object)).toString()).toBe('ABC')
    resolve()
    await cache.askWhole(resource('left-pad-full'))
    expect((await bytesOf((await seen(both(10))).object)).toString()).toBe('ABC beside times')
  })
})

describe('what is light', () => {
  const light = (body: Uint8Array) => [body.subarray(0, 4), text('!')]
  const lightViews = () =>
    new Views({
      version: '1.0.0',
      cache,
      store,
      renderer: {
        transform(job) {
          transforms++
          return renderer.transform(job)
        },
      },
      light: {
        upper: ({ body }) => light(body),
        refuse: () => {
          throw new Error('byte 3 is no letter')
        },
      },
      changed: (key) => changed.push(key),
      storeFailed: () => undefined,
    })
  const bytesOf = async (seen: Seen) => {
    const { body } = seen.object
    return Buffer.from(body.kind === 'bytes' ? body.bytes : await readFile(body.path)).toString()
  }

  test('is made of a small body on the spot, each time, and not kept', async () => {
    upstream.script('left-pad', found(text('abcdefg')))
    const on = lightViews()
    for (let time = 0; time < 2; time++) {
      const seen = await on.ask(view(), undefined)
      if (seen.kind !== 'seen') throw new Error('it was refused')
      expect(await bytesOf(seen)).toBe('abcd!')
      expect(seen.object).toMatchObject({ sizeBytes: 5, meta: { mediaType: 'application/vnd.test+json' } })
    }
    expect([transforms, changed, upstream.requests.length]).toEqual([0, [], 1])
    expect(await store.find(keyOf(view(), undefined))).toBeUndefined()
  })

  test('is made in its thread of a large body, or for a client that wants it compressed', async () => {
    upstream.script('left-pad', found(text('abc')))
    upstream.script('large', found(text('x'.repeat(LIGHT_BYTES + 1))))
    const on = lightViews()
    expect((await on.ask(view(), 'gzip')).kind).toBe('seen')
    expect((await on.ask(view({ of: resource('large') }), undefined)).kind).toBe('seen')
    expect(transforms).toBe(2)
  })

  test('says what is wrong with the body', async () => {
    upstream.script('left-pad', found(text('abc')))
    const refused = await lightViews().ask(view({ transform: { name: 'refuse', params: {} } }), undefined)
    expect(refused).toMatchObject({
      kind: 'refused',
      refusal: {
        kind: 'upstream-failed',
        reason: 'origin.example sent something for left-pad that cannot be read: byte 3 is no letter',
      },
    })
  })
})
