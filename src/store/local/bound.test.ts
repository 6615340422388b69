import { expect, test } from 'bun:test'
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StoreError } from '../store.ts'
import { stageAll, testBytes, testMeta, wholeBody } from '../store-contract.ts'
import { FaultyDisk } from './faulty-disk.ts'
import { hurriedClock } from './hurried-clock.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'

const mebibyte = 1 << 20
const maxBytes = 10 * mebibyte

/** Writes bodies of both kinds until something fails or `limitBytes` were written. */
async function fill(store: LocalStore, limitBytes: number): Promise<unknown> {
  try {
    for (let n = 0, written = 0; written < limitBytes; n++) {
      const bytes = n % 3 === 0 ? testBytes(200_000, n) : testBytes(30_000 + n, n)
      await (n % 3 === 0 ? stageAll(store, `key/${n}`, bytes) : store.put(`key/${n}`, bytes, testMeta))
      written += bytes.length
    }
    return undefined
  } catch (error) {
    return error
  }
}

interface Place extends AsyncDisposable {
  readonly dataDir: string
  readonly store: LocalStore
  reopen(): Promise<LocalStore>
}

async function openPlace(): Promise<Place> {
  const dataDir = mkdtempSync(join(tmpdir(), 'posthaste-bound-'))
  const open = () => openLocalStore({ dataDir, maxBytes, clock: hurriedClock(), disk: new FaultyDisk().disk })
  let store = await open()
  return {
    dataDir,
    get store() {
      return store
    },
    async reopen() {
      await store.close()
      store = await open()
      return store
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      rmSync(dataDir, { recursive: true })
    },
  }
}

/** What the folder takes on disk. */
function diskBytes(dataDir: string): number {
  let bytes = 0
  for (const name of readdirSync(dataDir, { recursive: true, encoding: 'utf8' })) {
    const found = statSync(join(dataDir, name), { throwIfNoEntry: false })
    if (found?.isFile()) bytes += found.size
  }
  return bytes
}

test('the folder stays below the bound while five times as much comes in', async () => {
  await using place = await openPlace()
  const { store } = place
  let written = 0
  let most = 0
  for (let n = 0; written < 5 * maxBytes; n++) {
    const large = n % 8 === 0
    const bytes = testBytes(large ? 200_000 + n : 9_000 + (n % 50) * 400, n)
    await (large ? stageAll(store, `key/${n}`, bytes) : store.put(`key/${n}`, bytes, testMeta))
    written += bytes.length
    if (n % 10 === 0) most = Math.max(most, diskBytes(place.dataDir))
    expect(store.stats().bytes).toBeLessThanOrEqual(maxBytes)
  }
  expect(most).toBeLessThanOrEqual(maxBytes)
  expect(most).toBeGreaterThan(maxBytes / 2)
  await store.settle()
  expect(store.stats().evictedObjects).toBeGreaterThan(0)
  expect((await store.verify({})).findings).toEqual([])
  let kept = 0
  for await (const { key } of store.list()) {
    expect(await wholeBody(store, key)).toBeDefined()
    kept++
  }
  expect(store.stats().objects).toBe(kept)
  const after = await place.reopen()
  await after.settle()
  expect(after.stats().objects).toBe(kept)
  expect(after.stats().bytes).toBeLessThanOrEqual(maxBytes)
}, 60_000)

test('what is used stays when a scan of five times the bound passes', async () => {
  await using place = await openPlace()
  const { store } = place
  const hot = Array.from({ length: 50 }, (_, n) => `hot/${n}`)
  for (const [n, key] of hot.entries())
    await (n % 5 === 0
      ? stageAll(store, key, testBytes(150_000, n))
      : store.put(key, testBytes(8000, n), testMeta))
  for (const key of hot) store.touch(key)
  for (let n = 0, written = 0; written < 5 * maxBytes; n++, written += 150_000)
    await stageAll(store, `scan/${n}`, testBytes(150_000, 1000 + n))
  await store.settle()
  for (const key of hot) expect(await wholeBody(store, key)).toBeDefined()
}, 60_000)

test('a body that would displace what is used is refused before it is written', async () => {
  await using place = await openPlace()
  const { store } = place
  for (let n = 0; n < 30; n++) {
    await stageAll(store, `hot/${n}`, testBytes(200_000, n))
    store.touch(`hot/${n}`)
  }
  const refused = await store.stage(maxBytes - mebibyte).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(StoreError)
  expect(refused).toMatchObject({ code: 'store.full', hint: 'Raise cache.maxBytes.' })
  expect(store.stats().stagedBytes).toBe(0)
  for (let n = 0; n < 30; n++) expect(await store.find(`hot/${n}`)).toBeDefined()
})

test('what is held is not evicted', async () => {
  await using place = await openPlace()
  const { store } = place
  const object = await stageAll(store, 'held', testBytes(300_000, 1))
  using _ = store.hold(object)
  for (let n = 0; n < 80; n++) await stageAll(store, `other/${n}`, testBytes(200_000, n + 2))
  expect(await wholeBody(store, 'held')).toEqual(testBytes(300_000, 1))
})

test('a full store full of held objects refuses, and takes again when they are let go', async () => {
  await using place = await openPlace()
  const { store } = place
  const holds: Disposable[] = []
  const full = await (async () => {
    for (let n = 0; n < 200; n++)
      holds.push(store.hold(await stageAll(store, `k/${n}`, testBytes(200_000, n))))
  })().catch((error: unknown) => error)
  expect(full).toMatchObject({ code: 'store.full' })
  for (const hold of holds) hold[Symbol.dispose]()
  await stageAll(store, 'again', testBytes(200_000, 300))
  expect(await wholeBody(store, 'again')).toBeDefined()
})

test('rewriting one key for ever takes no more room than a few packs', async () => {
  await using place = await openPlace()
  const { store } = place
  await store.put('stays', testBytes(5000, 1), testMeta)
  for (let n = 0; n < 600; n++) await store.put('list', testBytes(30_000, n), testMeta)
  await store.settle()
  expect(store.stats().bytes).toBeLessThan(4 * mebibyte)
  expect(await wholeBody(store, 'stays')).toEqual(testBytes(5000, 1))
  expect(await wholeBody(store, 'list')).toEqual(testBytes(30_000, 599))
  const after = await place.reopen()
  expect(await wholeBody(after, 'stays')).toEqual(testBytes(5000, 1))
})

test('removal marks do not pile up', async () => {
  await using place = await openPlace()
  const { store } = place
  await store.put('stays', testBytes(5000, 1), testMeta)
  for (let n = 0; n < 40; n++) {
    const keys = Array.from({ length: 200 }, (_, m) => `k/${n}/${m}`)
    await Promise.all(keys.map((key) => store.put(key, testBytes(200, key.length), testMeta)))
    await Promise.all(keys.map((key) => store.remove(key)))
  }
  await store.settle()
  expect(store.stats()).toMatchObject({ objects: 1 })
  expect(store.stats().bytes).toBeLessThan(4 * mebibyte)
})

test('collect evicts down to what is asked', async () => {
  await using place = await openPlace()
  const { store } = place
  for (let n = 0; n < 60; n++) await stageAll(store, `k/${n}`, testBytes(100_000, n))
  const { objects } = await store.collect({ targetBytes: 2 * mebibyte })
  expect(objects).toBeGreaterThan(30)
  expect(store.stats().bytes).toBeLessThanOrEqual(2 * mebibyte)
  expect(diskBytes(place.dataDir)).toBeLessThanOrEqual(2 * mebibyte + 64 * 1024)
})

test('killed while things make way, what is found is whole and the bound holds', async () => {
  for (let at = 150; at < 900; at += 83) {
    const root = mkdtempSync(join(tmpdir(), 'posthaste-bound-'))
    try {
      const faulty = new FaultyDisk()
      const dataDir = join(root, 'data')
      const store = await openLocalStore({
        dataDir,
        maxBytes: 4 * mebibyte,
        clock: hurriedClock(),
        disk: faulty.disk,
      })
      faulty.arm({ kind: 'crash', at })
      expect(String(await fill(store, 12 * mebibyte))).toContain('injected')
      cpSync(dataDir, join(root, 'copy'), { recursive: true })
      await store.close().catch((error: unknown) => expect(String(error)).toContain('injected'))
      const after = await openLocalStore({
        dataDir: join(root, 'copy'),
        maxBytes: 4 * mebibyte,
        clock: hurriedClock(),
        disk: new FaultyDisk().disk,
      })
      for await (const { key } of after.list()) await wholeBody(after, key)
      await after.settle()
      expect((await after.verify({})).findings).toEqual([])
      expect(after.stats().objects).toBeGreaterThan(0)
      expect(await fill(after, 2 * mebibyte)).toBeUndefined()
      await after.settle()
      await after.close()
      expect(diskBytes(join(root, 'copy'))).toBeLessThanOrEqual(4 * mebibyte)
      expect(readdirSync(join(root, 'copy', 'tmp'))).toEqual([])
    } finally {
      rmSync(root, { recursive: true })
    }
  }
}, 60_000)
