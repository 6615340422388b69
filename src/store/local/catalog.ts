import type { StoredObject } from '../store.ts'
import type { BlobFiles } from './blob-files.ts'
import type { Disk } from './disk.ts'
import { blockBytes, EvictionQueues } from './eviction.ts'
import type { IndexRow, IndexTotals, PackPlace } from './index-db.ts'
import type { IndexFollower } from './index-follower.ts'
import { field, flag, KeyTable } from './key-table.ts'
import { NewsOnTheWay } from './news-on-the-way.ts'
import { ObjectTotals } from './object-totals.ts'
import {
  decodeRecord,
  encodeRecord,
  type LiveRecord,
  type PackRecord,
  recordRoomBytes,
  smallBodyBytes,
} from './pack-record.ts'
import type { Pack, PackSet, PackWriter } from './packs.ts'
import { PlainReader } from './plain-reader.ts'

/**
 * How much of the keys is in the table in memory:
 * `tail` the end of the packs is being read, which the index does not cover yet;
 * `filling` the index knows what the table does not;
 * `rebuilding` there is no index, the packs are being read from the newest to the oldest;
 * `complete` the table has every key.
 */
export type CatalogState = 'tail' | 'filling' | 'rebuilding' | 'complete'

/** Keys and where their records lie: the table, the packs and the index kept in step. */
export class Catalog {
  readonly table: KeyTable
  readonly queues: EvictionQueues
  readonly packs: PackSet
  readonly #disk: Disk
  readonly #blobs: BlobFiles
  readonly #now: () => number
  readonly #plain = new PlainReader(smallBodyBytes + recordRoomBytes)
  readonly #news: NewsOnTheWay
  readonly #known: ObjectTotals
  /** Keys removed before the table was complete: older news of them must not come back. */
  readonly #gone = new Set<string>()
  #index: IndexFollower | undefined
  #told: ObjectTotals
  state: CatalogState = 'tail'

  constructor(options: {
    disk: Disk
    packs: PackSet
    writer: PackWriter
    blobs: BlobFiles
    maxBytes: number
    hashSeed: number
    now: () => number
  }) {
    this.table = new KeyTable(options.hashSeed)
    this.queues = new EvictionQueues(this.table, options.maxBytes)
    this.packs = options.packs
    this.#disk = options.disk
    this.#news = new NewsOnTheWay(options.writer)
    this.#known = new ObjectTotals(this.table)
    this.#told = new ObjectTotals(this.table)
    this.#blobs = options.blobs
    this.#now = options.now
  }

  /** Sums over all objects; before the table is complete, as the index last knew them. */
  get totals(): IndexTotals {
    return this.state === 'complete' ? this.#known : this.#told
  }

  get index(): IndexFollower {
    if (!this.#index) throw new Error('the catalog has no index yet')
    return this.#index
  }

  follow(index: IndexFollower, stored: IndexTotals): void {
    this.#index = index
    this.#told = new ObjectTotals(this.table, stored)
  }

  /** The entry of a key: from the table, else by one read of the index while the table fills; 0 when unknown. */
  locate(key: string): number {
    const id = this.table.find(key)
    if (id !== 0 || this.state === 'complete' || this.state === 'rebuilding' || this.#gone.has(key)) return id
    const row = this.index.find(key)
    return row === undefined ? 0 : this.load(row)
  }

  /** Knows a row of the index in the table, if nothing newer is known. 0 when its record cannot be there. */
  load(row: IndexRow): number {
    const present = this.table.find(row.key)
    const pack = this.packs.get(row.pack)
    if (present !== 0 || this.#gone.has(row.key)) return present
    if (!pack || row.offset + row.length > pack.sizeBytes) return 0
    const id = this.table.add(row.key)
    const blocks = row.sha256 === undefined ? 0 : Math.ceil(row.sizeBytes / blockBytes)
    const proof = row.proof === 'unproved' ? flag.unproved : 0
    const flags = (row.hits & flag.hits) | proof | (row.sha256 === undefined ? 0 : flag.blob)
    this.#place(id, { pack: row.pack, offset: row.offset }, row.length)
    this.table.set(id, field.blocks, blocks)
    this.table.set(id, field.flags, flags | flag.usedKept)
    this.table.set(id, field.used, row.usedSeconds)
    pack.liveBytes += row.length
    this.#known.add(id)
    this.queues.admit(id)
    return id
  }

  /**
   * The object of an entry and key, when its body is small and all is plainly in order; `read` says what is the
   * matter when it is not. The body is lent until the next call.
   */
  glance(id: number, key: string): StoredObject | undefined {
    const pack = this.#packOf(id)
    const length = this.table.get(id, field.length)
    if (!pack || length > this.#plain.bytes.length) return undefined
    const offset = this.table.get(id, field.offset)
    try {
      if (this.#disk.readNow(pack.fd, this.#plain.bytes, length, offset) !== length) return undefined
    } catch {
      // `read` meets the same, and whoever asked reports it.
      return undefined
    }
    return this.#plain.object(key, length, pack.salt)
  }

  /** The record of an entry; undefined when it is damaged. */
  read(id: number): LiveRecord | undefined {
    const pack = this.#packOf(id)
    const bytes = pack && this.#readFrom(pack, id)
    const record = bytes && decodeRecord(bytes, pack.salt)
    return record && record.kind !== 'gone' ? record : undefined
  }

  /** The bytes of an entry's record as they lie on disk, good or not. */
  readBytes(id: number): Buffer | undefined {
    const pack = this.#packOf(id)
    return pack && this.#readFrom(pack, id)
  }

  #readFrom(pack: Pack, id: number): Buffer | undefined {
    const bytes = Buffer.allocUnsafe(this.table.get(id, field.length))
    try {
      const read = this.#disk.readNow(pack.fd, bytes, bytes.length, this.table.get(id, field.offset))
      return read === bytes.length ? bytes : undefined
    } catch {
      // Unreadable is one way of being damaged; whoever asked reports it.
      return undefined
    }
  }

  place(id: number): PackPlace {
    return { pack: this.table.get(id, field.pack), offset: this.table.get(id, field.offset) }
  }

  isAt(id: number, place: PackPlace): boolean {
    return this.table.get(id, field.pack) === place.pack && this.table.get(id, field.offset) === place.offset
  }

  isInFlight(key: string): boolean {
    return this.#news.isOf(key)
  }

  drain(): Promise<void> {
    return this.#news.landed()
  }

  /** Durable, and found under its key, when it resolves. */
  async append(record: LiveRecord): Promise<void> {
    const bytes = encodeRecord(record)
    await this.#append(record.head.key, bytes, (pack, offset) =>
      this.#landed(record, pack, offset, bytes.length),
    )
  }

  /** Durable and no longer found when it resolves. */
  async appendGone(key: string): Promise<void> {
    const bytes = encodeRecord({ kind: 'gone', key })
    await this.#append(key, bytes, (pack, offset) => {
      pack.goneBytes += bytes.length
      const id = this.locate(key)
      if (id !== 0) this.unlist(id, this.read(id))
      this.#markGone(key)
      this.index.gone(key, { pack: pack.id, offset })
    })
  }

  /**
   * Moves a live record's bytes to the end of the packs. Nothing happens when the key has news by the time it
   * lands. Call only when no news of the key is in flight.
   */
  async relocate(record: LiveRecord, bytes: Buffer, from: PackPlace): Promise<void> {
    await this.#append(record.head.key, bytes, (pack, offset) => {
      const id = this.table.find(record.head.key)
      if (id === 0 || !this.isAt(id, from)) return
      this.#unplace(id)
      this.#place(id, { pack: pack.id, offset }, bytes.length)
      pack.liveBytes += bytes.length
      this.index.put(this.row(id, record), { pack: pack.id, offset })
    })
  }

  /** Takes an entry out of the table at once and lets go of its blob; durable with a removal mark only. */
  unlist(id: number, record: LiveRecord | undefined): void {
    const blobBytes = this.table.get(id, field.blocks) * blockBytes
    this.queues.drop(id)
    this.#unplace(id)
    this.#known.drop(id)
    this.#told.drop(id)
    this.table.remove(id)
    if (record) this.#markGone(record.head.key)
    if (record?.kind === 'blob') this.#blobs.release(record.head.sha256, blobBytes)
  }

  /** What a scan of the packs, newest first, says of a key: taken when nothing newer is known. */
  learn(record: PackRecord, place: PackPlace, length: number): void {
    const key = record.kind === 'gone' ? record.key : record.head.key
    const present = this.table.find(key)
    if (present !== 0) {
      if (record.kind !== 'gone' && this.isAt(present, place))
        this.index.put(this.row(present, record), place)
      return
    }
    if (this.state === 'complete' || this.#gone.has(key)) return
    const pack = this.packs.get(place.pack)
    if (!pack) return
    if (record.kind !== 'gone') {
      this.#landed(record, pack, place.offset, length)
      return
    }
    const older = this.locate(key)
    if (older !== 0) this.unlist(older, this.read(older))
    this.#markGone(key)
    this.index.gone(key, place)
  }

  isGone(key: string): boolean {
    return this.#gone.has(key)
  }

  completed(): void {
    this.state = 'complete'
    this.#gone.clear()
  }

  row(id: number, record: LiveRecord): IndexRow {
    const { head } = record
    return {
      key: head.key,
      ...this.place(id),
      length: this.table.get(id, field.length),
      sizeBytes: head.sizeBytes,
      proof: head.meta.proof,
      sha256: record.kind === 'blob' ? head.sha256 : undefined,
      usedSeconds: this.table.get(id, field.used),
      hits: this.table.get(id, field.flags) & flag.hits,
    }
  }

  #append(key: string, bytes: Buffer, landed: (pack: Pack, offset: number) => void): Promise<void> {
    return this.#news.append(key, bytes, (pack, offset) => {
      landed(pack, offset)
      this.index.applied({ pack: pack.id, offset: offset + bytes.length })
    })
  }

  #landed(record: LiveRecord, pack: Pack, offset: number, length: number): void {
    const { head } = record
    const older = this.locate(head.key)
    if (older !== 0) this.#supersede(older, record)
    const id = this.table.add(head.key)
    const costBefore = older === 0 ? 0 : this.queues.cost(id)
    this.#place(id, { pack: pack.id, offset }, length)
    this.table.set(id, field.blocks, record.kind === 'blob' ? Math.ceil(head.sizeBytes / blockBytes) : 0)
    const kept = this.table.get(id, field.flags) & (flag.hits | flag.main)
    const proof = head.meta.proof === 'unproved' ? flag.unproved : 0
    this.table.set(id, field.flags, kept | proof | (record.kind === 'blob' ? flag.blob : 0))
    if (older === 0) this.table.set(id, field.used, Math.floor(this.#now() / 1000))
    pack.liveBytes += length
    this.#known.add(id)
    this.#told.add(id)
    if (older === 0) this.queues.admit(id)
    else this.queues.resized(id, costBefore)
    this.#gone.delete(head.key)
    this.index.put(this.row(id, record), { pack: pack.id, offset })
  }

  /** An entry is about to stand for another record: lets go of what only the old one needs. */
  #supersede(id: number, next: LiveRecord): void {
    const blobBytes = this.table.get(id, field.blocks) * blockBytes
    const old = blobBytes === 0 ? undefined : this.read(id)
    this.#unplace(id)
    this.#known.drop(id)
    this.#told.drop(id)
    if (old?.kind !== 'blob') return
    const same = next.kind === 'blob' && next.head.sha256 === old.head.sha256
    if (!same) this.#blobs.release(old.head.sha256, blobBytes)
  }

  #markGone(key: string): void {
    if (this.state !== 'complete') this.#gone.add(key)
  }

  #place(id: number, place: PackPlace, length: number): void {
    this.table.set(id, field.pack, place.pack)
    this.table.set(id, field.offset, place.offset)
    this.table.set(id, field.length, length)
  }

  #packOf(id: number): Pack | undefined {
    return this.packs.get(this.table.get(id, field.pack))
  }

  #unplace(id: number): void {
    const pack = this.#packOf(id)
    if (pack) pack.liveBytes -= this.table.get(id, field.length)
  }
}
