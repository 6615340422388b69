import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ObjectMeta, type Store, StoreError } from '../store.ts'
import { type Disk, nodeDisk } from './disk.ts'
import { openLocalStore } from './local-store.ts'

const meta: ObjectMeta = {
  mediaType: 'application/zip',
  source: 'a.example',
  proof: 'sound',
  checkedAtMs: 1_000,
}
const chunk = Buffer.alloc(3 << 20, 'x')

let dataDir: string
let store: Store
let syncs: PromiseWithResolvers<void>[]
let isHolding: boolean
let closed: number
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'posthaste-stage-'))
  syncs = []
  isHolding = false
  closed = 0
  const disk: Disk = {
    ...nodeDisk,
    datasync: (fd) => {
      if (!isHolding) return nodeDisk.datasync(fd)
      const sync = Promise.withResolvers<void>()
      syncs.push(sync)
      return sync.promise
    },
    close: (fd) => {
      closed++
      return nodeDisk.close(fd)
    },
  }
  store = await openLocalStore({ dataDir, maxBytes: 256 << 20, disk })
  isHolding = true
})
afterEach(async () => {
  isHolding = false
  syncs.forEach(({ resolve }) => {
    resolve()
  })
  await store.close()
  await rm(dataDir, { recursive: true })
})

/** Resolves when so many syncs have begun. */
async function begun(count: number): Promise<void> {
  while (syncs.length < count) await Bun.sleep(1)
}

test('a large body goes to the disk while it comes, and no write waits for that', async () => {
  await using stage = await store.stage()
  for (let at = 0; at < 12; at++) await stage.write(chunk)
  expect(syncs).toHaveLength(1)
  syncs[0]?.resolve()
  for (let at = 0; at < 3; at++) await stage.write(chunk)
  expect(syncs).toHaveLength(2)

  const committing = stage.commit('a', meta)
  syncs[1]?.resolve()
  await begun(3)
  syncs[2]?.resolve()
  await begun(4)
  syncs[3]?.resolve()
  expect((await committing).sizeBytes).toBe(15 * chunk.length)
})

test('a sync that failed while more came fails the commit, though the last one succeeds', async () => {
  await using stage = await store.stage()
  for (let at = 0; at < 4; at++) await stage.write(chunk)
  syncs[0]?.reject(Object.assign(new Error('bad sector'), { code: 'EIO' }))
  await stage.write(chunk)
  const failed = await stage.commit('a', meta).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(failed).toBeInstanceOf(StoreError)
  expect(syncs).toHaveLength(1)
  expect(await store.find('a')).toBeUndefined()
})

test('a stage that is given up closes its file after the sync that is under way', async () => {
  const stage = await store.stage()
  for (let at = 0; at < 4; at++) await stage.write(chunk)
  const before = closed
  const ending = stage[Symbol.asyncDispose]()
  await Bun.sleep(20)
  expect(closed).toBe(before)
  syncs[0]?.resolve()
  await ending
  expect(closed).toBe(before + 1)
  expect(await readdir(join(dataDir, 'tmp'))).toEqual([])
})
