import fs from 'node:fs'
import { promisify } from 'node:util'

/**
 * Every touch of the disk that the store makes, apart from SQLite's own. The seam for fault injection:
 * each call may fail with an `errno` error, and a failed `write` may have written a part.
 */
export interface Disk {
  open(path: string, flags: 'r' | 'r+' | 'wx+'): Promise<number>
  close(fd: number): Promise<void>
  /** Writes all of `bytes` or fails. */
  write(fd: number, bytes: Uint8Array, position: number): Promise<void>
  /** Fills `bytes` as far as the file reaches and gives the count. */
  read(fd: number, bytes: Uint8Array, position: number): Promise<number>
  datasync(fd: number): Promise<void>
  truncate(fd: number, sizeBytes: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** A second name for a file; a rename where the disk has no such thing. */
  link(from: string, to: string): Promise<void>
  /** A file that is gone already is no error. */
  unlink(path: string): Promise<void>
  /** With its parents; one that exists is no error. */
  mkdir(path: string): Promise<void>
  /** Names in a folder, sorted; none when there is no folder. */
  list(path: string): Promise<string[]>
  /** Undefined when there is no file. */
  size(path: string): Promise<number | undefined>
  /** Makes names in a folder durable. */
  syncFolder(path: string): Promise<void>
  /** The synchronous read of the hot path: fills the first `length` of `bytes` as far as the file reaches, gives the count. */
  readNow(fd: number, bytes: Uint8Array, length: number, position: number): number
  sizeNow(path: string): number | undefined
}

const open = promisify(fs.open)
const fsync = promisify(fs.fsync)
const close = promisify(fs.close)

const writeOnce = (fd: number, bytes: Uint8Array, from: number, position: number): Promise<number> =>
  new Promise((resolve, reject) =>
    fs.write(fd, bytes, from, bytes.length - from, position, (error, count) =>
      error ? reject(error) : resolve(count),
    ),
  )

const readOnce = (fd: number, bytes: Uint8Array, from: number, position: number): Promise<number> =>
  new Promise((resolve, reject) =>
    fs.read(fd, bytes, from, bytes.length - from, position, (error, count) =>
      error ? reject(error) : resolve(count),
    ),
  )

export function isErrno(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** The real disk, by `node:fs`. */
export const nodeDisk: Disk = {
  open: (path, flags) => open(path, flags, 0o644),
  close,
  async write(fd, bytes, position) {
    for (let done = 0; done < bytes.length; ) done += await writeOnce(fd, bytes, done, position + done)
  },
  async read(fd, bytes, position) {
    let done = 0
    while (done < bytes.length) {
      const count = await readOnce(fd, bytes, done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  },
  datasync: promisify(fs.fdatasync),
  truncate: promisify(fs.ftruncate),
  rename: promisify(fs.rename),
  async link(from, to) {
    try {
      await promisify(fs.link)(from, to)
    } catch (error) {
      if (!isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw error
      await promisify(fs.rename)(from, to)
    }
  },
  async unlink(path) {
    try {
      await promisify(fs.unlink)(path)
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error
    }
  },
  async mkdir(path) {
    await fs.promises.mkdir(path, { recursive: true })
  },
  async list(path) {
    try {
      return (await fs.promises.readdir(path)).sort()
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    }
  },
  async size(path) {
    try {
      return (await fs.promises.stat(path)).size
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined
      throw error
    }
  },
  async syncFolder(path) {
    if (process.platform === 'win32') return
    const fd = await open(path, 'r')
    try {
      await fsync(fd)
    } finally {
      await close(fd)
    }
  },
  readNow: (fd, bytes, length, position) => fs.readSync(fd, bytes, 0, length, position),
  sizeNow: (path) => fs.statSync(path, { throwIfNoEntry: false })?.size,
}
