import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { StoreError } from '../store.ts'
import { type DataLock, takeDataLock } from './data-lock.ts'
import type { Disk } from './disk.ts'
import { step, storeFault } from './store-fault.ts'

/** An opened data folder: its places, and who may write there. */
export interface DataFolder {
  readonly path: string
  readonly packs: string
  readonly blobs: string
  readonly tmp: string
  readonly quarantine: string
  readonly state: string
  readonly index: string
  /** Undefined when the disk cannot be written. */
  readonly lock: DataLock | undefined
  /** Starts the names of this run's temporary files. */
  readonly run: string
}

/**
 * Makes the folders, checks the format and takes the lock. Throws `store.locked`, `store.version`, and
 * `store.readonly` when there is nothing to read either.
 */
export async function openDataFolder(disk: Disk, path: string): Promise<DataFolder> {
  const places = {
    path,
    packs: join(path, 'packs'),
    blobs: join(path, 'blobs', 'sha256'),
    tmp: join(path, 'tmp'),
    quarantine: join(path, 'quarantine'),
    state: join(path, 'state'),
    index: join(path, 'index.sqlite'),
    run: randomBytes(6).toString('hex'),
  }
  await checkFormat(disk, path)
  try {
    for (const folder of [places.packs, places.blobs, places.tmp, places.quarantine, places.state])
      await step('create', folder, () => disk.mkdir(folder))
    await probe(disk, join(places.tmp, `${places.run}-probe`))
    const lock = takeLock(path)
    try {
      await writeFormat(disk, path)
    } catch (error) {
      lock.release()
      throw error
    }
    return { ...places, lock }
  } catch (error) {
    const readOnly = error instanceof StoreError && error.code === 'store.readonly'
    if (!readOnly || (await disk.list(places.packs)).length === 0) throw error
    return { ...places, lock: undefined }
  }
}

/** Removes temporary files of runs that have ended. */
export async function sweepTmp(disk: Disk, folder: DataFolder): Promise<void> {
  for (const name of await disk.list(folder.tmp)) {
    if (name.startsWith(folder.run)) continue
    const path = join(folder.tmp, name)
    await step('remove', path, () => disk.unlink(path))
  }
}

function takeLock(path: string): DataLock {
  try {
    return takeDataLock(path)
  } catch (error) {
    if (error instanceof StoreError) throw error
    const code = /readonly|read-only/i.test(String(error))
      ? 'EROFS'
      : /disk is full/i.test(String(error))
        ? 'ENOSPC'
        : undefined
    if (code === undefined) throw storeFault(error, 'lock', path)
    const reason = error instanceof Error ? error.message : String(error)
    throw storeFault(Object.assign(new Error(reason, { cause: error }), { code }), 'lock', path)
  }
}

async function probe(disk: Disk, path: string): Promise<void> {
  const fd = await step('create', path, () => disk.open(path, 'wx+'))
  await disk.close(fd)
  await step('remove', path, () => disk.unlink(path))
}

async function checkFormat(disk: Disk, path: string): Promise<void> {
  const file = join(path, 'format.json')
  const text = await readSmall(disk, file)
  if (text === undefined) return
  const found = Number(/"format"\s*:\s*(\d+)/.exec(text)?.[1])
  if (found === format) return
  throw new StoreError(
    'store.version',
    `the data folder ${path} has format ${found || 'unknown'}, this program knows format ${format}`,
    'Use the version of Posthaste that wrote it, or another data folder (--data DIR).',
  )
}

async function writeFormat(disk: Disk, path: string): Promise<void> {
  const file = join(path, 'format.json')
  if ((await disk.size(file)) !== undefined) return
  const staged = join(path, 'tmp', 'format.json')
  await step('remove', staged, () => disk.unlink(staged))
  const fd = await step('create', staged, () => disk.open(staged, 'wx+'))
  try {
    await step('write', staged, () => disk.write(fd, Buffer.from(`{"format":${format}}\n`), 0))
    await step('sync', staged, () => disk.datasync(fd))
  } finally {
    await disk.close(fd)
  }
  await step('rename', staged, () => disk.rename(staged, file))
  await step('sync', path, () => disk.syncFolder(path))
}

async function readSmall(disk: Disk, path: string): Promise<string | undefined> {
  if ((await step('look at', path, () => disk.size(path))) === undefined) return undefined
  const fd = await step('open', path, () => disk.open(path, 'r'))
  try {
    const bytes = Buffer.alloc(1024)
    return bytes.toString('utf8', 0, await step('read', path, () => disk.read(fd, bytes, 0)))
  } finally {
    await disk.close(fd)
  }
}

const format = 1
