import { expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sha256Of, stageAll, testBytes, testMeta, wholeBody } from '../store-contract.ts'
import { FaultyDisk } from './faulty-disk.ts'
import { hurriedClock } from './hurried-clock.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'
import type { LocalStoreOptions } from './options.ts'
import { encodeRecord, sealRecord } from './pack-record.ts'

const small = testBytes(900, 1)
const large = testBytes(120_000, 2)

class Folder implements AsyncDisposable {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'posthaste-open-'))
  readonly told: string[] = []
  readonly #stores: LocalStore[] = []

  async open(options: Partial<LocalStoreOptions> = {}): Promise<LocalStore> {
    const log = (line: string) => this.told.push(line)
    const store = await openLocalStore({
      dataDir: this.dataDir,
      maxBytes: 32 << 20,
      clock: hurriedClock(),
      log,
      ...options,
    })
    this.#stores.push(store)
    return store
  }

  path(...names: string[]): string {
    return join(this.dataDir, ...names)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store.close()
    rmSync(this.dataDir, { recursive: true })
  }
}

test('a second store on the same folder is refused with the folder and the pid', async () => {
  await using folder = new Folder()
  const first = await folder.open()
  const refused = await folder.open().catch((error: unknown) => error)
  expect(refused).toMatchObject({
    code: 'store.locked',
    message: `the data folder ${folder.dataDir} is in use by another process (pid ${process.pid})`,
  })
  await first.put('still', small, testMeta)
  await first.close()
  await folder.open()
})

test('a second process is refused, and the lock of a killed one is taken over', async () => {
  await using folder = new Folder()
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-child.ts'), folder.dataDir])
  await once(child.stdout, 'data')
  expect(await folder.open().catch((error: unknown) => error)).toMatchObject({
    code: 'store.locked',
    message: `the data folder ${folder.dataDir} is in use by another process (pid ${child.pid})`,
  })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const store = await folder.open()
  await store.put('mine', small, testMeta)
  expect(await wholeBody(store, 'mine')).toEqual(small)
})

test('a data folder of a newer format is left alone', async () => {
  await using folder = new Folder()
  await (await folder.open()).close()
  writeFileSync(folder.path('format.json'), '{"format":2}\n')
  expect(await folder.open().catch((error: unknown) => error)).toMatchObject({ code: 'store.version' })
  writeFileSync(folder.path('format.json'), '{"format":1}\n')
  await folder.open()
})

test('what a dead process left in tmp and blobs is removed', async () => {
  await using folder = new Folder()
  const store = await folder.open()
  const kept = await stageAll(store, 'large', large)
  await store.close()
  const orphan = `${'ab'.repeat(32)}`
  if (kept.body.kind !== 'file') throw new Error('expected a file')
  writeFileSync(folder.path('tmp', 'left'), 'over')
  writeFileSync(join(kept.body.path, '..', orphan), 'orphan')
  writeFileSync(folder.path('owner.json'), '{"pid":1}')
  const after = await folder.open()
  await after.settle()
  await after.close()
  expect(readdirSync(folder.path('tmp'))).toEqual([])
  expect(readdirSync(join(kept.body.path, '..'))).toEqual([kept.sha256])
})

test('a torn end of the last pack costs only what was torn', async () => {
  await using folder = new Folder()
  const store = await folder.open()
  for (let n = 0; n < 20; n++) await store.put(`k/${n}`, testBytes(700, n), testMeta)
  await store.close()
  const pack = folder.path('packs', '1.pack')
  truncateSync(pack, readFileSync(pack).length - 100)
  const after = await folder.open()
  for (let n = 0; n < 19; n++) expect(await wholeBody(after, `k/${n}`)).toEqual(testBytes(700, n))
  expect(await after.find('k/19')).toBeUndefined()
  await after.put('k/19', small, testMeta)
  await after.close()
  rmSync(folder.path('index.sqlite'))
  const again = await folder.open()
  await again.ready()
  expect(await wholeBody(again, 'k/19')).toEqual(small)
  expect((await again.verify({})).findings).toEqual([])
})

test.each([
  ['not taken for a record', 'without the salt', undefined],
  ['taken for a record', 'by whoever knows the salt', 900],
])('a forged record inside a damaged one is %s (%s)', async (_, how, expected) => {
  await using folder = new Folder()
  const store = await folder.open()
  await store.put('victim', small, testMeta)
  const path = folder.path('packs', '1.pack')
  const sha256 = sha256Of(small)
  const head = { key: 'forged', sha256, sizeBytes: small.length, meta: testMeta }
  const forged = encodeRecord({ kind: 'body', head, body: small })
  sealRecord(forged, how === 'without the salt' ? 0 : readFileSync(path).readUInt32LE(8))
  await store.put('bait', forged, testMeta)
  await store.close()
  const pack = readFileSync(path)
  pack.writeUInt8(0, pack.indexOf('"bait"') + 1)
  writeFileSync(path, pack)
  rmSync(folder.path('index.sqlite'))
  const after = await folder.open()
  await after.ready()
  expect((await after.find('forged'))?.sizeBytes).toBe(expected)
  expect(await after.find('bait')).toBeUndefined()
  expect(await wholeBody(after, 'victim')).toEqual(small)
})

test('an index whose pages are damaged is made again while the store runs', async () => {
  await using folder = new Folder()
  const store = await folder.open()
  for (let n = 0; n < 2000; n++) store.put(`k/${n}`, testBytes(100, n), testMeta)
  await stageAll(store, 'large', large)
  await store.close()
  const index = readFileSync(folder.path('index.sqlite'))
  index.fill(0xa5, 4096 * 8)
  writeFileSync(folder.path('index.sqlite'), index)
  const after = await folder.open()
  for (let n = 0; n < 2000; n += 7) expect(await wholeBody(after, `k/${n}`)).toEqual(testBytes(100, n))
  expect(await after.find('none')).toBeUndefined()
  await after.settle()
  expect(after.stats()).toMatchObject({ objects: 2001, rebuilding: false, quarantined: 1 })
  expect(folder.told.join()).toContain('made again from the packs')
  await after.close()
  const fresh = new DatabaseSync(folder.path('index.sqlite'), { readOnly: true })
  expect(fresh.prepare('SELECT count(*) AS n FROM objects').get()?.n).toBe(2001)
  fresh.close()
})

test('a disk that cannot be written serves what it has', async () => {
  await using folder = new Folder()
  const store = await folder.open()
  await store.put('small', small, testMeta)
  await stageAll(store, 'large', large)
  await store.swapState('head', undefined, '5')
  await store.close()
  const faulty = new FaultyDisk()
  faulty.arm({ kind: 'readonly', at: 1 })
  const after = await folder.open({ disk: faulty.disk })
  expect(await wholeBody(after, 'small')).toEqual(small)
  expect(await wholeBody(after, 'large')).toEqual(large)
  await after.ready()
  after.touch('small')
  expect(await after.readState('head')).toBe('5')
  expect(after.stats()).toMatchObject({ readOnly: true, objects: 2 })
  const keys: string[] = []
  for await (const { key } of after.list()) keys.push(key)
  expect(keys).toEqual(['large', 'small'])
  for (const work of [
    after.put('a', small, testMeta),
    after.stage(),
    after.remove('small'),
    after.amend('small', {}),
  ])
    expect(await work.catch((error: unknown) => error)).toMatchObject({ code: 'store.readonly' })
  expect((await after.verify({})).findings).toEqual([])
})

test('an empty folder on a disk that cannot be written is an error that says so', async () => {
  await using folder = new Folder()
  const faulty = new FaultyDisk()
  faulty.arm({ kind: 'readonly', at: 1 })
  const refused = await folder.open({ disk: faulty.disk }).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'store.readonly' })
  expect(String(refused)).toContain(folder.dataDir)
})

test('damage is reported once, with the key', async () => {
  await using folder = new Folder()
  const damages: unknown[] = []
  const store = await folder.open({ onDamage: (damage) => damages.push(damage) })
  const object = await stageAll(store, 'large', large)
  if (object.body.kind !== 'file') throw new Error('expected a file')
  truncateSync(object.body.path, 5)
  expect(await store.find('large')).toBeUndefined()
  expect(await store.find('large')).toBeUndefined()
  expect(damages).toEqual([{ key: 'large', problem: 'its file has 5 bytes instead of 120000' }])
  await store.settle()
})

test('the quarantine keeps to its share of the bound, the newest stay', async () => {
  await using folder = new Folder()
  const store = await folder.open({ maxBytes: 8 << 20 })
  for (let n = 0; n < 30; n++) await store.quarantine(`k/${n}`, `note ${n}`, testBytes(50_000, n))
  expect(store.stats().quarantineBytes).toBeLessThanOrEqual((8 << 20) * 0.05)
  const notes = readdirSync(folder.path('quarantine')).filter((name) => name.endsWith('.json'))
  const keys = notes.map((name) => JSON.parse(readFileSync(folder.path('quarantine', name), 'utf8')).key)
  expect(keys).toContain('k/29')
  expect(keys).not.toContain('k/0')
})

test('the time of the last complete scrub is kept', async () => {
  await using folder = new Folder()
  const store = await folder.open()
  await store.put('small', small, testMeta)
  expect(store.stats().lastScrubAtMs).toBeUndefined()
  await store.verify({ paced: true })
  const at = store.stats().lastScrubAtMs
  expect(at).toBeGreaterThan(0)
  await store.close()
  const after = await folder.open()
  await after.settle()
  expect(after.stats().lastScrubAtMs).toBe(at)
})

test('a store that is ready knows what earlier runs put aside, and when they scrubbed', async () => {
  await using folder = new Folder()
  const store = await folder.open()
  await store.put('sound', small, testMeta)
  for (let n = 0; n < 30; n++) await store.quarantine(`k/${n}`, 'lied', small)
  await store.verify({})
  const { quarantineBytes, lastScrubAtMs } = store.stats()
  await store.close()
  const after = await folder.open()
  await after.ready()
  expect(after.stats()).toMatchObject({ quarantined: 30, quarantineBytes, lastScrubAtMs })
  expect(lastScrubAtMs).toBeGreaterThan(0)
})
