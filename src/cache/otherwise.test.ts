import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { Resource, Verdict } from '../ecosystems/ecosystem.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import type { Store } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { Cache } from './cache.ts'
import type { CacheObserver } from './observer.ts'
import { found, missing, ScriptedUpstream } from './testing/scripted-upstream.ts'

const made = new TextEncoder().encode('made here\n')
const sent = new TextEncoder().encode('sent\n')
const silent: CacheObserver = {
  fillStarted: () => undefined,
  fillJoined: () => undefined,
  fillEnded: () => undefined,
  integrityFailed: () => undefined,
  storeFailed: () => undefined,
  changed: () => undefined,
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let store: Store
let upstream: ScriptedUpstream
let cache: Cache
beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openLocalStore({ dataDir: folder.path, maxBytes: 1 << 30 })
  upstream = new ScriptedUpstream()
  cache = new Cache({
    store,
    upstream,
    observer: silent,
    proofWaitMs: () => 1_000,
  })
})
afterEach(async () => {
  await cache.close(0)
  await store.close()
  await folder[Symbol.asyncDispose]()
})

function resource(verdict: Verdict, otherwise: () => Promise<Uint8Array | undefined>): Resource {
  return {
    ecosystem: 'pypi',
    key: 'pypi/x',
    sources: 'pypi',
    path: 'x',
    kind: 'metadata',
    name: 'x',
    mediaType: 'text/plain',
    shape: 'metadata',
    maxBytes: 100,
    freshMs: Number.POSITIVE_INFINITY,
    missMs: 0,
    locate: async () => ({
      kind: 'places',
      urls: ['https://a.example/x'],
      otherwise,
    }),
    prove: () => ({ check: async () => verdict }),
  }
}

test('what no place has is made, proved and kept', async () => {
  upstream.script('x', missing)
  const outcome = await cache.askWhole(resource({ verdict: 'proved' }, async () => made))
  expect(outcome).toMatchObject({
    kind: 'filled',
    object: { meta: { proof: 'proved' }, sizeBytes: made.length },
  })
  expect(await store.find('pypi/x')).toBeDefined()
})

test('what a place has is not made', async () => {
  upstream.script('x', found(sent))
  const outcome = await cache.askWhole(
    resource({ verdict: 'proved' }, () => Promise.reject(new Error('nobody asks'))),
  )
  expect(outcome).toMatchObject({
    kind: 'filled',
    object: { sizeBytes: sent.length },
  })
})

for (const [why, verdict, bytes] of [
  ['its proof contradicts', { verdict: 'wrong', reason: 'another hash' }, made],
  ['its proof cannot be reached', { verdict: 'unproved', reason: 'down' }, made],
  ['it cannot be made', { verdict: 'proved' }, undefined],
  ['it is too large', { verdict: 'proved' }, new Uint8Array(101)],
] as const) {
  test(`nothing is kept when ${why}, and it is no "not found"`, async () => {
    upstream.script('x', missing)
    const outcome = await cache.askWhole(resource(verdict, async () => bytes))
    expect(outcome).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'upstream-failed' },
    })
    expect(await store.find('pypi/x')).toBeUndefined()
  })
}
