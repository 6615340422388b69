import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Cache } from '../cache/cache.ts'
import { failed, found, missing, ScriptedUpstream } from '../cache/testing/scripted-upstream.ts'
import type { Foresight, Likely, Resource } from '../ecosystems/ecosystem.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import { type Store, StoreError } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { defaultFetchAheadLimits, FetchAhead, type FetchAheadLimits } from './fetch-ahead.ts'

const MiB = 1024 * 1024

function resourceOf(name: string): Resource {
  const isBlob = name.endsWith('.zip')
  return {
    ecosystem: 'go',
    key: `go/${name}`,
    sources: 'go',
    path: name,
    kind: isBlob ? 'zip' : 'mod',
    name,
    mediaType: 'text/plain',
    shape: isBlob ? 'blob' : 'metadata',
    maxBytes: 500 * MiB,
    freshMs: Number.POSITIVE_INFINITY,
    missMs: 30_000,
  }
}

const likely = (name: string, change: Partial<Likely> = {}): Likely => ({
  resource: resourceOf(name),
  weight: 0.5,
  delayMs: 0,
  ...change,
})

/** After each name, what it makes likely: when it is asked for, and when its body is at hand. */
class Table implements Foresight {
  readonly afterAsked = new Map<string, Likely[]>()
  readonly afterArrived = new Map<string, Likely[]>()
  readonly arrivals: string[] = []
  asked({ name }: Resource): Likely[] {
    return this.afterAsked.get(name) ?? []
  }
  arrived({ name }: Resource, _body: Uint8Array, wanted: boolean): Likely[] {
    this.arrivals.push(wanted ? `${name} for a client` : name)
    return this.afterArrived.get(name) ?? []
  }
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let store: Store
let upstream: ScriptedUpstream
let cache: Cache
let table: Table
let nowMs: number
let enabled: boolean
let warmed: string[]
let forbidden: Set<string>
const open: FetchAhead[] = []

beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openLocalStore({ dataDir: folder.path, maxBytes: 1024 * MiB })
  upstream = new ScriptedUpstream()
  table = new Table()
  nowMs = 1_000_000
  enabled = true
  warmed = []
  forbidden = new Set()
  cache = new Cache({
    store,
    upstream,
    now: () => nowMs,
    proofWaitMs: () => 1_000,
    observer: {
      fillStarted: () => undefined,
      fillJoined: () => undefined,
      fillEnded: () => undefined,
      integrityFailed: () => undefined,
      storeFailed: () => undefined,
      changed: () => undefined,
    },
  })
})
afterEach(async () => {
  for (const ahead of open.splice(0)) ahead.close()
  await cache.close(0)
  await store.close()
  await folder[Symbol.asyncDispose]()
})

function fetchAhead(limits: Partial<FetchAheadLimits> = {}): FetchAhead {
  const ahead = new FetchAhead({
    cache,
    foresightOf: (ecosystem) => (ecosystem === 'go' ? table : undefined),
    allowed: ({ name }) => !forbidden.has(name),
    enabled: () => enabled,
    limits: { ...defaultFetchAheadLimits, ...limits },
    now: () => nowMs,
    digest: async () => undefined,
    warmUp: (sources) => warmed.push(sources),
  })
  open.push(ahead)
  return ahead
}

const text = (words: string) => new TextEncoder().encode(words)
const fetched = () => upstream.requests.map(({ path }) => path)
const serve = (...names: string[]) => {
  for (const name of names) upstream.script(name, found(text(`this is ${name}\n`)))
}

/** Until nothing is under way: everything here is loopback-free, so turns of the loop are enough. */
async function settled(ahead: FetchAhead): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while (ahead.balance().running > 0 || cache.flights > 0)
}

/** A client asks and gets it, as the relay tells it. */
async function client(ahead: FetchAhead, name: string): Promise<void> {
  const resource = resourceOf(name)
  const outcome = cache.ask(resource)
  ahead.asked(resource, outcome instanceof Promise)
  const whole = await outcome
  if (whole.kind === 'filling') await new Response(whole.body.stream()).arrayBuffer()
  if ('object' in whole && whole.object.body.kind === 'bytes') ahead.answered(resource, whole.object)
}

function gated(name: string, sizeBytes?: number): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  upstream.script(name, async () => {
    await promise
    return found(sizeBytes === undefined ? text(`this is ${name}\n`) : new Uint8Array(sizeBytes))
  })
  return resolve
}

describe('a cold request', () => {
  test('makes what follows be fetched before it is asked for', async () => {
    const ahead = fetchAhead()
    table.afterAsked.set('a.mod', [likely('a.zip')])
    table.afterArrived.set('a.mod', [likely('b.mod')])
    serve('a.mod', 'a.zip', 'b.mod')
    await client(ahead, 'a.mod')
    await settled(ahead)
    expect(fetched().sort()).toEqual(['a.mod', 'a.zip', 'b.mod'])
    await client(ahead, 'a.zip')
    await client(ahead, 'b.mod')
    expect(fetched()).toHaveLength(3)
    expect(ahead.balance()).toMatchObject({ fetches: 2, unclaimedBytes: 0, wastedBytes: 0 })
    expect(ahead.balance().usedBytes).toBe(ahead.balance().fetchedBytes)
  })

  test('opens connections once a build', async () => {
    const ahead = fetchAhead()
    serve('a.mod', 'b.mod', 'c.mod')
    await client(ahead, 'a.mod')
    await client(ahead, 'b.mod')
    expect(warmed).toEqual(['go'])
    nowMs += 21_000
    await client(ahead, 'c.mod')
    expect(warmed).toEqual(['go', 'go'])
  })

  test('what was fetched ahead tells what follows in its turn, as nobody has asked for it', async () => {
    const ahead = fetchAhead()
    table.afterAsked.set('a.mod', [likely('b.mod')])
    table.afterArrived.set('b.mod', [likely('c.mod')])
    serve('a.mod', 'b.mod', 'c.mod')
    await client(ahead, 'a.mod')
    await settled(ahead)
    expect(table.arrivals).toEqual(['a.mod for a client', 'b.mod', 'c.mod'])
  })
})

describe('nothing happens', () => {
  test('where everything is at hand', async () => {
    serve('a.mod', 'b.mod')
    await cache.askWhole(resourceOf('a.mod'))
    const ahead = fetchAhead()
    table.afterAsked.set('a.mod', [likely('b.mod')])
    await client(ahead, 'a.mod')
    await settled(ahead)
    expect([fetched(), warmed, ahead.isAlert(nowMs)]).toEqual([['a.mod'], [], false])
  })

  test('20 s after the last cold request', async () => {
    const ahead = fetchAhead()
    serve('a.mod', 'b.mod')
    table.afterAsked.set('a.mod', [])
    await client(ahead, 'a.mod')
    nowMs += 20_001
    table.afterAsked.set('a.mod', [likely('b.mod')])
    await client(ahead, 'a.mod')
    await settled(ahead)
    expect(fetched()).toEqual(['a.mod'])
  })

  test('while it is switched off, but the adapter goes on learning', async () => {
    const ahead = fetchAhead()
    enabled = false
    table.afterArrived.set('a.mod', [likely('b.mod')])
    serve('a.mod', 'b.mod')
    await client(ahead, 'a.mod')
    await settled(ahead)
    expect([fetched(), warmed, table.arrivals]).toEqual([['a.mod'], [], ['a.mod for a client']])
    expect(ahead.balance().on).toBe(false)
  })

  test('with names that must not be asked for', async () => {
    const ahead = fetchAhead()
    forbidden.add('private.mod')
    table.afterAsked.set('a.mod', [likely('private.mod'), likely('b.mod')])
    serve('a.mod', 'b.mod', 'private.mod')
    await client(ahead, 'a.mod')
    await settled(ahead)
    expect(fetched()).not.toContain('private.mod')
    expect(fetched()).toContain('b.mod')
  })
})

describe('nothing is fetched twice', () => {
  test('a client joins what is under way, and its bytes count as used', async () => {
    const ahead = fetchAhead()
    const release = gated('b.mod')
    serve('a.mod')
    table.afterAsked.set('a.mod', [likely('b.mod')])
    await client(ahead, 'a.mod')
    const joining = client(ahead, 'b.mod')
    release()
    await joining
    await settled(ahead)
    expect(fetched().sort()).toEqual(['a.mod', 'b.mod'])
    expect(ahead.balance()).toMatchObject({ fetches: 1, unclaimedBytes: 0 })
    expect(ahead.balance().usedBytes).toBeGreaterThan(0)
  })

  test('what a client’s body is proved by counts as used, whether it is there or still comes', async () => {
    const ahead = fetchAhead()
    serve('a.mod', 'b.mod', 'early.mod', 'late.mod')
    table.afterAsked.set('a.mod', [likely('early.mod')])
    table.afterAsked.set('b.mod', [
      likely('early.mod', { isNeeded: true }),
      likely('late.mod', { isNeeded: true }),
    ])
    await client(ahead, 'a.mod')
    await settled(ahead)
    expect(ahead.balance()).toMatchObject({ fetches: 1, usedBytes: 0 })
    await client(ahead, 'b.mod')
    await settled(ahead)
    expect(ahead.balance()).toMatchObject({ fetches: 2, unclaimedBytes: 0 })
  })

  test('a client overtakes what still waits, and that is nobody’s merit', async () => {
    const ahead = fetchAhead({ metadataParallel: 1 })
    const release = gated('slow.mod')
    serve('a.mod', 'b.mod')
    table.afterAsked.set('a.mod', [likely('slow.mod', { weight: 1 }), likely('b.mod')])
    await client(ahead, 'a.mod')
    expect(fetched()).not.toContain('b.mod')
    await client(ahead, 'b.mod')
    release()
    await settled(ahead)
    expect(fetched().filter((path) => path === 'b.mod')).toHaveLength(1)
    expect(ahead.balance()).toMatchObject({ fetches: 1, waiting: 0 })
  })

  test('circles end', async () => {
    const ahead = fetchAhead()
    serve('a.mod', 'b.mod', 'c.mod')
    table.afterArrived.set('a.mod', [likely('b.mod')])
    table.afterArrived.set('b.mod', [likely('c.mod'), likely('b.mod')])
    table.afterArrived.set('c.mod', [likely('b.mod'), likely('a.mod')])
    await client(ahead, 'a.mod')
    await settled(ahead)
    expect(fetched()).toEqual(['a.mod', 'b.mod', 'c.mod'])
    expect(ahead.balance()).toMatchObject({ running: 0, waiting: 0, fetches: 2 })
  })

  test('what failed is not tried again in this build, but in the next one', async () => {
    const ahead = fetchAhead()
    serve('a.mod')
    upstream.script('b.mod', failed())
    table.afterAsked.set('a.mod', [likely('b.mod')])
    table.afterAsked.set('c.mod', [likely('b.mod')])
    await client(ahead, 'a.mod')
    await settled(ahead)
    await client(ahead, 'a.mod')
    await settled(ahead)
    expect(fetched().filter((path) => path === 'b.mod')).toHaveLength(1)
    nowMs += 30_000
    serve('b.mod', 'c.mod')
    await client(ahead, 'c.mod')
    await settled(ahead)
    expect(fetched().filter((path) => path === 'b.mod')).toHaveLength(2)
  })
})

describe('the order', () => {
  test('is that of likelihood, and what is likely no longer is left out', async () => {
    const ahead = fetchAhead({ metadataParallel: 1 })
    const release = gated('first.mod')
    serve('a.mod', 'low.mod', 'high.mod', 'gone.mod')
    let gone = false
    table.afterAsked.set('a.mod', [
      likely('first.mod', { weight: 1 }),
      likely('low.mod', { weight: 0.1 }),
      likely('gone.mod', { weight: 0.8, stillLikely: () => !gone }),
      likely('high.mod', { weight: 0.9 }),
    ])
    await client(ahead, 'a.mod')
    gone = true
    release()
    await settled(ahead)
    expect(fetched().filter((path) => path !== 'a.mod')).toEqual(['first.mod', 'high.mod', 'low.mod'])
  })

  test('of what is equally likely is that of its place, and what has none comes last', async () => {
    const ahead = fetchAhead({ metadataParallel: 1 })
    const release = gated('first.mod')
    serve('a.mod', 'x.mod', 'y.mod', 'z.mod', 'none.mod', 'likelier.mod')
    table.afterAsked.set('a.mod', [
      likely('first.mod', { weight: 1 }),
      likely('none.mod'),
      likely('z.mod', { place: 'z' }),
      likely('x.mod', { place: 'x' }),
      likely('likelier.mod', { weight: 0.6 }),
      likely('y.mod', { place: 'y' }),
    ])
    await client(ahead, 'a.mod')
    release()
    await settled(ahead)
    const ordered = ['first.mod', 'likelier.mod', 'x.mod', 'y.mod', 'z.mod', 'none.mod']
    expect(fetched().filter((path) => path !== 'a.mod')).toEqual(ordered)
  })

  test('when too many wait, the least likely are dropped and may come again', async () => {
    const ahead = fetchAhead({ metadataParallel: 1, maxQueue: 2 })
    const release = gated('first.mod')
    serve('a.mod', 'b.mod', 'w1.mod', 'w2.mod', 'w3.mod')
    table.afterAsked.set('a.mod', [
      likely('first.mod', { weight: 1 }),
      likely('w1.mod', { weight: 0.1 }),
      likely('w3.mod', { weight: 0.3 }),
      likely('w2.mod', { weight: 0.2 }),
    ])
    await client(ahead, 'a.mod')
    expect(ahead.balance().waiting).toBeLessThanOrEqual(2)
    release()
    await settled(ahead)
    expect(fetched()).not.toContain('w1.mod')
    table.afterAsked.set('b.mod', [likely('w1.mod')])
    await client(ahead, 'b.mod')
    await settled(ahead)
    expect(fetched()).toContain('w1.mod')
  })
})

describe('limits', () => {
  const names = (count: number, extension: string) =>
    Array.from({ length: count }, (_, at) => `n${at}.${extension}`)

  test('so many at a time, metadata and blobs apart', async () => {
    const ahead = fetchAhead({ metadataParallel: 3, blobParallel: 2 })
    const all = [...names(10, 'mod'), ...names(10, 'zip')]
    const releases = all.map(gated)
    serve('a.mod')
    table.afterAsked.set(
      'a.mod',
      all.map((name) => likely(name)),
    )
    await client(ahead, 'a.mod')
    expect(ahead.balance()).toMatchObject({ running: 5, waiting: 15 })
    for (const release of releases) release()
    await settled(ahead)
    expect(fetched()).toHaveLength(21)
  })

  test('what only helps to guess takes the place of nothing else', async () => {
    const ahead = fetchAhead({ metadataParallel: 5, asideParallel: 2 })
    const aside = names(4, 'list')
    const others = names(4, 'mod')
    const releases = aside.map(gated)
    serve('a.mod', ...others)
    table.afterAsked.set('a.mod', [
      ...aside.map((name) => likely(name, { isAside: true, weight: 0.9 })),
      ...others.map((name) => likely(name)),
    ])
    await client(ahead, 'a.mod')
    while (ahead.balance().waiting > 2) await new Promise((resolve) => setImmediate(resolve))
    expect(fetched()).toEqual(['a.mod', 'n0.list', 'n1.list', ...others])
    for (const release of releases) release()
    await settled(ahead)
    expect(fetched()).toHaveLength(9)
  })

  test('more small blobs go at a time than large ones', async () => {
    const most = async (sizeBytes: number) => {
      const ahead = fetchAhead({ blobParallel: 2, smallBlobParallel: 6, blobBytes: 4_000 })
      serve(`${sizeBytes}.mod`, `${sizeBytes}-more.mod`)
      const run = async (root: string, count: number) => {
        const all = names(count, `${root}.zip`)
        const releases = all.map((name) => gated(name, sizeBytes))
        table.afterAsked.set(
          root,
          all.map((name) => likely(name)),
        )
        await client(ahead, root)
        const { running } = ahead.balance()
        for (const release of releases) release()
        await settled(ahead)
        return running
      }
      return [await run(`${sizeBytes}.mod`, 8), await run(`${sizeBytes}-more.mod`, 20)]
    }
    expect(await most(100)).toEqual([2, 6])
    expect(await most(1_000)).toEqual([2, 4])
    expect(await most(5_000)).toEqual([2, 2])
  })

  test.each(['a failing source', 'a full disk'])(
    '%s halves them, and each success gives one back',
    async (trouble) => {
      const ahead = fetchAhead({ blobParallel: 8, smallBlobParallel: 8 })
      upstream.script('bad.zip', trouble === 'a full disk' ? found(new Uint8Array(100 * 1024)) : failed())
      const { stage } = store
      store.stage = () => Promise.reject(new StoreError('store.full', 'the disk is full', 'make room'))
      serve('a.mod', 'b.mod', 'c.mod')
      table.afterAsked.set('a.mod', [likely('bad.zip')])
      await client(ahead, 'a.mod')
      await settled(ahead)
      store.stage = stage

      const running = async (name: string) => {
        const waves = names(12, `${name}.zip`)
        const releases = waves.map(gated)
        table.afterAsked.set(
          name,
          waves.map((wave) => likely(wave)),
        )
        await client(ahead, name)
        const now = ahead.balance().running
        for (const release of releases) release()
        await settled(ahead)
        return now
      }
      expect(await running('b.mod')).toBe(4)
      expect(await running('c.mod')).toBe(8)
    },
  )

  test('a missing thing is no failure', async () => {
    const ahead = fetchAhead({ metadataParallel: 4 })
    upstream.script('none.mod', missing)
    serve('a.mod', 'b.mod')
    table.afterAsked.set('a.mod', [likely('none.mod')])
    await client(ahead, 'a.mod')
    await settled(ahead)
    const waves = names(6, 'mod')
    const releases = waves.map(gated)
    table.afterAsked.set(
      'b.mod',
      waves.map((wave) => likely(wave)),
    )
    await client(ahead, 'b.mod')
    expect(ahead.balance().running).toBe(4)
    for (const release of releases) release()
    await settled(ahead)
  })

  test('no blob is started while too many bytes lie unclaimed; using them lets it go on', async () => {
    const ahead = fetchAhead({ maxUnclaimedBytes: 100, blobParallel: 1 })
    upstream.script('big.zip', found(new Uint8Array(150)))
    serve('a.mod', 'next.zip', 'meta.mod')
    table.afterAsked.set('a.mod', [
      likely('big.zip', { weight: 1 }),
      likely('next.zip'),
      likely('meta.mod', { weight: 0.1 }),
    ])
    await client(ahead, 'a.mod')
    await settled(ahead)
    expect(fetched()).toContain('meta.mod')
    expect(fetched()).not.toContain('next.zip')
    expect(ahead.balance()).toMatchObject({ waiting: 1 })
    await client(ahead, 'big.zip')
    await settled(ahead)
    expect(fetched()).toContain('next.zip')
  })
})

describe('closing', () => {
  test('drops what waits, and what comes late starts nothing', async () => {
    const ahead = fetchAhead({ metadataParallel: 1 })
    const release = gated('b.mod')
    serve('a.mod', 'c.mod', 'd.mod')
    table.afterAsked.set('a.mod', [likely('b.mod', { weight: 1 }), likely('c.mod')])
    table.afterArrived.set('b.mod', [likely('d.mod')])
    await client(ahead, 'a.mod')
    ahead.close()
    release()
    await settled(ahead)
    expect(fetched().sort()).toEqual(['a.mod', 'b.mod'])
  })

  test('cancels what was to come later', async () => {
    const ahead = fetchAhead()
    serve('a.mod', 'later.mod', 'other.mod')
    table.afterAsked.set('a.mod', [likely('later.mod', { delayMs: 1 })])
    ahead.asked(resourceOf('a.mod'), true)
    ahead.close()
    // A timer that was set after it, for the same time, has fired: so would the other one have.
    await new Promise((resolve) => setTimeout(resolve, 1))
    await settled(ahead)
    expect(fetched()).toEqual([])
  })

  test('what was to come later does come when nobody closes', async () => {
    const ahead = fetchAhead()
    serve('a.mod', 'later.mod')
    table.afterAsked.set('a.mod', [likely('later.mod', { delayMs: 1 })])
    await client(ahead, 'a.mod')
    while (!fetched().includes('later.mod')) await new Promise((resolve) => setImmediate(resolve))
    await settled(ahead)
    expect(ahead.balance().fetches).toBe(1)
  })
})
