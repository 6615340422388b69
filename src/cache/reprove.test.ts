import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { CandidateBody, Resource, Verdict } from '../ecosystems/ecosystem.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import type { Store } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { Cache } from './cache.ts'
import { reproveAll } from './reprove.ts'
import { ScriptedUpstream } from './testing/scripted-upstream.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let store: Store
let cache: Cache
let upstream: ScriptedUpstream
let verdicts: Map<string, Verdict>
let unknown: Set<string>
let unprovable: Set<string>
let tried: { readonly key: string; readonly kind: CandidateBody['kind'] }[]
let changed: string[]

beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openLocalStore({ dataDir: folder.path, maxBytes: 1024 * 1024 * 1024 })
  upstream = new ScriptedUpstream()
  verdicts = new Map()
  unknown = new Set()
  unprovable = new Set()
  tried = []
  changed = []
  cache = new Cache({
    store,
    upstream,
    proofWaitMs: () => 1_000,
    observer: {
      fillStarted: () => undefined,
      fillJoined: () => undefined,
      fillEnded: () => undefined,
      integrityFailed: () => undefined,
      storeFailed: () => undefined,
      changed: (key) => changed.push(key),
    },
  })
})
afterEach(async () => {
  await cache.close(0)
  await store.close()
  await folder[Symbol.asyncDispose]()
})

async function keep(key: string, proof: 'proved' | 'unproved' = 'unproved'): Promise<void> {
  await store.put(key, new TextEncoder().encode(key), {
    mediaType: 'text/plain',
    source: 'mirror.example',
    proof,
    checkedAtMs: 1,
  })
}

function resourceOf(key: string): Resource | undefined {
  if (unknown.has(key)) return undefined
  return {
    ecosystem: 'go',
    key,
    sources: 'go',
    path: key,
    kind: 'mod',
    name: key,
    mediaType: 'text/plain',
    shape: 'metadata',
    maxBytes: 1_000,
    freshMs: Number.POSITIVE_INFINITY,
    missMs: 1_000,
    isUnprovable: unprovable.has(key),
    prove: () => ({
      async check(body) {
        tried.push({ key, kind: body.kind })
        return verdicts.get(key) ?? { verdict: 'unproved', reason: 'out of reach' }
      },
    }),
  }
}

const reprove = (signal: AbortSignal = new AbortController().signal) =>
  reproveAll({ store, cache, resourceOf, signal })

const stateOf = async (key: string) => (await store.find(key))?.meta.proof

describe('what is kept unproved', () => {
  test.each(['proved', 'sound'] as const)('and is found %s stays as such', async (verdict) => {
    await keep('go/a')
    verdicts.set('go/a', { verdict })
    expect(await reprove()).toEqual({ tried: 1, settled: 1 })
    expect([await stateOf('go/a'), changed]).toEqual([verdict, ['go/a']])
  })

  test.each(['wrong', 'denied'] as const)('and is found %s goes', async (verdict) => {
    await keep('go/a')
    verdicts.set('go/a', { verdict, reason: 'the database says otherwise' })
    expect(await reprove()).toEqual({ tried: 1, settled: 1 })
    expect(await store.find('go/a')).toBeUndefined()
    expect([store.stats().quarantined, changed]).toEqual([1, ['go/a']])
    expect(upstream.records).toEqual(
      verdict === 'wrong' ? [{ source: 'mirror.example', outcome: 'wrong' }] : [],
    )
  })

  test('and cannot be proved still stays as it was', async () => {
    await keep('go/a')
    expect(await reprove()).toEqual({ tried: 1, settled: 0 })
    expect([await stateOf('go/a'), changed]).toEqual(['unproved', []])
  })

  test('as a file is checked as a file', async () => {
    const stage = await store.stage()
    await stage.write(new Uint8Array(300 * 1024))
    await stage.commit('go/large', { mediaType: 'x/y', source: 's', proof: 'unproved', checkedAtMs: 1 })
    await reprove()
    expect(tried).toEqual([{ key: 'go/large', kind: 'file' }])
  })
})

test('what is proved is left alone', async () => {
  await keep('go/a', 'proved')
  expect([await reprove(), tried]).toEqual([{ tried: 0, settled: 0 }, []])
})

test('what no adapter knows any more is passed over', async () => {
  for (const key of ['go/a', 'go/b']) await keep(key)
  unknown.add('go/a')
  verdicts.set('go/b', { verdict: 'proved' })
  expect(await reprove()).toEqual({ tried: 1, settled: 1 })
  expect(await stateOf('go/a')).toBe('unproved')
})

test('where nothing can be proved only a few are tried, ever further apart', async () => {
  const keys = Array.from({ length: 100 }, (_, at) => `go/${String(at).padStart(3, '0')}`)
  for (const key of keys) await keep(key)
  expect(await reprove()).toEqual({ tried: 8, settled: 0 })
  expect(tried.map(({ key }) => keys.indexOf(key))).toEqual([0, 1, 2, 4, 7, 12, 21, 38])
})

test('some that never can be proved do not stand before the others', async () => {
  const keys = Array.from({ length: 20 }, (_, at) => `go/${String(at).padStart(3, '0')}`)
  for (const key of keys) await keep(key)
  for (const key of keys.slice(5)) verdicts.set(key, { verdict: 'proved' })
  await reprove()
  expect(await stateOf('go/019')).toBe('proved')
})

test('what nothing vouches for is not tried', async () => {
  for (const key of ['go/a', 'go/b', 'go/c', 'go/d']) await keep(key)
  unprovable.add('go/a').add('go/b').add('go/c')
  verdicts.set('go/d', { verdict: 'proved' })
  expect(await reprove()).toEqual({ tried: 1, settled: 1 })
})

test('stopping asks no more', async () => {
  await keep('go/a')
  expect([await reprove(AbortSignal.abort()), tried]).toEqual([{ tried: 0, settled: 0 }, []])
})
