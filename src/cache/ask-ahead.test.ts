import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { Resource } from '../ecosystems/ecosystem.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import type { Store } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { Cache } from './cache.ts'
import { found, ScriptedUpstream } from './testing/scripted-upstream.ts'

const resource: Resource = {
  ecosystem: 'go',
  key: 'go/m/@v/v1.0.0.mod',
  sources: 'go',
  path: 'm/@v/v1.0.0.mod',
  kind: 'mod',
  name: 'm',
  mediaType: 'text/plain',
  shape: 'metadata',
  maxBytes: 1_000,
  freshMs: Number.POSITIVE_INFINITY,
  missMs: 1_000,
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let store: Store
let upstream: ScriptedUpstream
let cache: Cache
let arrive: () => void

beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openLocalStore({ dataDir: folder.path, maxBytes: 64 * 1024 * 1024 })
  upstream = new ScriptedUpstream()
  const { promise, resolve } = Promise.withResolvers<void>()
  arrive = resolve
  upstream.script(resource.path, async () => {
    await promise
    return found(new TextEncoder().encode('module m\n'))
  })
  const observer = {
    fillStarted: () => undefined,
    fillJoined: () => undefined,
    fillEnded: () => undefined,
    integrityFailed: () => undefined,
    storeFailed: () => undefined,
    changed: () => undefined,
  }
  cache = new Cache({ store, upstream, observer, proofWaitMs: () => 60_000 })
})
afterEach(async () => {
  await cache.close(0)
  await store.close()
  await folder[Symbol.asyncDispose]()
})

/** Whether somebody waits for the one fetch that was started. */
const isWanted = () => upstream.requests[0]?.wanted === undefined || upstream.requests[0].wanted.aborted

test('what is fetched ahead is wanted as soon as a client joins it, and not by another guess', async () => {
  const first = cache.askAhead(resource)
  const second = cache.askAhead(resource)
  while (upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  expect(isWanted()).toBe(false)
  const client = cache.ask(resource)
  expect(isWanted()).toBe(true)
  arrive()
  expect([await first, await second, await client].map(({ kind }) => kind)).toEqual([
    'filled',
    'filled',
    'filled',
  ])
  expect(upstream.requests).toHaveLength(1)
})

test('what a client asks for is wanted from the start', async () => {
  const client = cache.ask(resource)
  while (upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(isWanted()).toBe(true)
  arrive()
  await client
})
