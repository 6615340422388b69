import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { sealRecord } from './pack-record.ts'
import { closedError, step } from './store-fault.ts'

/**
 * An append-only file of records after a header of 16 bytes: "PHPK", format, salt, zero. Numbers of packs only grow; the highest is the one
 * appended to.
 */
export interface Pack {
  readonly id: number
  readonly path: string
  readonly fd: number
  /** Goes into the checksum of each of its records. */
  salt: number
  /** End of the last good record. */
  sizeBytes: number
  /** Bytes of records that a key still points to. */
  liveBytes: number
  /** Bytes of removal marks, which must outlive every older record of their key. */
  goneBytes: number
  /** Set when its end could not be cleaned after a failed append: nothing may follow. */
  closed: boolean
}

/** The open packs of a data folder. */
export class PackSet {
  readonly #disk: Disk
  readonly #folder: string
  readonly #packs = new Map<number, Pack>()
  #totalBytes = 0
  #last = 0

  private constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  static async open(disk: Disk, folder: string, readOnly: boolean): Promise<PackSet> {
    const set = new PackSet(disk, folder)
    const found: number[] = []
    for (const name of await step('read', folder, () => disk.list(folder))) {
      const id = /^([1-9]\d{0,7})\.pack$/.exec(name)?.[1]
      if (id !== undefined) found.push(Number(id))
    }
    try {
      for (const id of found.sort((a, b) => a - b)) await set.#openOne(id, readOnly)
    } catch (error) {
      await set.close()
      throw error
    }
    return set
  }

  async #openOne(id: number, readOnly: boolean): Promise<void> {
    const path = this.#path(id)
    const fd = await step('open', path, () => this.#disk.open(path, readOnly ? 'r' : 'r+'))
    const header = Buffer.alloc(packHeaderBytes)
    const pack = this.#keep({ id, path, fd, salt: 0, sizeBytes: packHeaderBytes })
    const whole = (await step('read', path, () => this.#disk.read(fd, header, 0))) === packHeaderBytes
    const isGood = whole && header.readUInt32LE(0) === packMagic && header.readUInt32LE(4) === packFormat
    pack.salt = header.readUInt32LE(8)
    pack.closed = !isGood
    this.resize(pack, Math.max((await this.#disk.size(path)) ?? 0, packHeaderBytes))
  }

  get(id: number): Pack | undefined {
    return this.#packs.get(id)
  }

  /** Oldest first. */
  all(): Pack[] {
    return [...this.#packs.values()]
  }

  get last(): Pack | undefined {
    return this.#packs.get(this.#last)
  }

  get totalBytes(): number {
    return this.#totalBytes
  }

  /** No pack gets this number or a lower one any more. */
  startAfter(id: number): void {
    this.#last = Math.max(this.#last, id)
  }

  async create(): Promise<Pack> {
    const id = ++this.#last
    const path = this.#path(id)
    const fd = await step('create', path, () => this.#disk.open(path, 'wx+'))
    const salt = randomInt(1, 2 ** 32)
    const header = Buffer.alloc(packHeaderBytes)
    header.writeUInt32LE(packMagic, 0)
    header.writeUInt32LE(packFormat, 4)
    header.writeUInt32LE(salt, 8)
    try {
      await step('write', path, () => this.#disk.write(fd, header, 0))
      await step('sync', this.#folder, () => this.#disk.syncFolder(this.#folder))
    } catch (error) {
      await this.#disk.close(fd)
      // A pack that stays behind without records does no harm; the first failure is the one to tell.
      await this.#disk.unlink(path).catch(() => undefined)
      throw error
    }
    return this.#keep({ id, path, fd, salt, sizeBytes: packHeaderBytes })
  }

  /** Everything up to `sizeBytes` is now good. */
  resize(pack: Pack, sizeBytes: number): void {
    this.#totalBytes += sizeBytes - pack.sizeBytes
    pack.sizeBytes = sizeBytes
  }

  async drop(pack: Pack): Promise<void> {
    await step('remove', pack.path, () => this.#disk.unlink(pack.path))
    this.#packs.delete(pack.id)
    this.#totalBytes -= pack.sizeBytes
    await this.#disk.close(pack.fd)
  }

  async close(): Promise<void> {
    for (const pack of this.#packs.values()) await this.#disk.close(pack.fd)
    this.#packs.clear()
  }

  #keep(pack: Pick<Pack, 'id' | 'path' | 'fd' | 'salt' | 'sizeBytes'>): Pack {
    const kept = { ...pack, liveBytes: 0, goneBytes: 0, closed: false }
    this.#packs.set(pack.id, kept)
    this.#totalBytes += pack.sizeBytes
    this.#last = Math.max(this.#last, pack.id)
    return kept
  }

  #path(id: number): string {
    return join(this.#folder, `${id}.pack`)
  }
}

export const packHeaderBytes = 16
const packMagic = 0x4b504850
const packFormat = 1

/**
 * How large a pack grows. Small bounds need small packs, so that room comes back in small steps; large bounds
 * need large ones, because every pack holds a file descriptor.
 */
export function packLimitBytes(maxBytes: number): number {
  const mebibyte = 1 << 20
  const wanted = Math.max(Math.min(maxBytes / 32, 64 * mebibyte), maxBytes / 512)
  return Math.floor(Math.min(Math.max(wanted, mebibyte / 4), 1024 * mebibyte))
}

interface Waiting {
  readonly bytes: Buffer
  /** Called in order of appending, once durable, before `done`. */
  readonly landed: (pack: Pack, offset: number) => void
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/** Appends records: one write and one sync for all that wait at that moment (group commit). */
export class PackWriter {
  readonly #disk: Disk
  readonly #packs: PackSet
  readonly #limitBytes: number
  #queue: Waiting[] = []
  #running: Promise<void> | undefined
  #closed = false

  constructor(disk: Disk, packs: PackSet, limitBytes: number) {
    this.#disk = disk
    this.#packs = packs
    this.#limitBytes = limitBytes
  }

  /** Resolves when `bytes` are durable. Later calls land behind earlier ones. */
  append(bytes: Buffer, landed: Waiting['landed']): Promise<void> {
    if (this.#closed) return Promise.reject(closedError())
    return new Promise((done, failed) => {
      this.#queue.push({ bytes, landed, done, failed })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits; failures went to whoever appended. */
  async drain(): Promise<void> {
    while (this.#running) await this.#running
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.drain()
  }

  async #run(): Promise<void> {
    // One turn of the event loop gathers what is appended together.
    await undefined
    while (this.#queue.length > 0) {
      const batch = this.#take()
      try {
        await this.#write(batch)
      } catch (error) {
        for (const waiting of batch) waiting.failed(error)
      }
    }
    this.#running = undefined
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const waiting of this.#queue) {
      if (count > 0 && bytes + waiting.bytes.length > maxBatchBytes) break
      bytes += waiting.bytes.length
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const sizeBytes = batch.reduce((sum, waiting) => sum + waiting.bytes.length, 0)
    const last = this.#packs.last
    const fits = last && !last.closed && last.sizeBytes + sizeBytes <= this.#limitBytes
    const pack = fits ? last : await this.#packs.create()
    for (const waiting of batch) sealRecord(waiting.bytes, pack.salt)
    const bytes = batch.length === 1 && batch[0] ? batch[0].bytes : Buffer.concat(batch.map((w) => w.bytes))
    const { fd, path, sizeBytes: end } = pack
    try {
      await step('append to', path, () => this.#disk.write(fd, bytes, end))
      await step('sync', path, () => this.#disk.datasync(fd))
    } catch (error) {
      await this.#cutTo(pack, end)
      throw error
    }
    this.#packs.resize(pack, end + bytes.length)
    let offset = end
    for (const waiting of batch) {
      waiting.landed(pack, offset)
      waiting.done()
      offset += waiting.bytes.length
    }
  }

  async #cutTo(pack: Pack, sizeBytes: number): Promise<void> {
    try {
      await this.#disk.truncate(pack.fd, sizeBytes)
    } catch {
      // What follows the good end is skipped by every reader; it must only not be appended to.
      pack.closed = true
    }
  }
}

const maxBatchBytes = 1 << 18
