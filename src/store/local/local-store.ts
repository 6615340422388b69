import { createHash } from 'node:crypto'
import { join } from 'node:path'
import {
  type ListFilter,
  type ObjectMeta,
  type ObjectSummary,
  type Stage,
  type Store,
  type StoredObject,
  StoreError,
  type StoreStats,
  type VerifySummary,
} from '../store.ts'
import { sweepTmp } from './data-folder.ts'
import { field, flag } from './key-table.ts'
import { listObjects } from './listing.ts'
import { LocalParts } from './local-parts.ts'
import { LocalStage } from './local-stage.ts'
import { objectOf, openObject } from './open-object.ts'
import type { LocalStoreOptions } from './options.ts'
import { type LiveRecord, recordRoomBytes, smallBodyBytes } from './pack-record.ts'
import { scrub } from './scrub.ts'
import { closedError } from './store-fault.ts'

export interface LocalStoreStats extends StoreStats {
  /** The disk cannot be written: hits only. */
  readonly readOnly: boolean
  /** False until the table in memory has every key; hits are a little slower before. */
  readonly complete: boolean
}

/** The embedded store: packs, blob files and SQLite below one folder. */
export interface LocalStore extends Store {
  stats(): LocalStoreStats
  /** Resolves when what a start leaves to the background is done. */
  ready(): Promise<void>
  /** Resolves when nothing is left to be written, moved or removed. */
  settle(): Promise<void>
}

/** Throws `StoreError`: `store.locked`, `store.version`, `store.readonly`, `store.full`, `store.io`. */
export async function openLocalStore(options: LocalStoreOptions): Promise<LocalStore> {
  return new EmbeddedStore(await LocalParts.open(options))
}

class EmbeddedStore implements LocalStore {
  readonly #parts: LocalParts
  readonly #stages = new Set<Stage>()
  #serial = 0
  #closed: Promise<void> | undefined

  constructor(parts: LocalParts) {
    this.#parts = parts
    parts.start(() => this.verify({ paced: true }))
  }

  find(key: string): StoredObject | undefined | Promise<StoredObject | undefined> {
    const { catalog } = this.#parts
    if (this.#closed) throw closedError()
    if (catalog.state === 'tail' && !catalog.isGone(key)) {
      if (catalog.table.find(key) === 0) return this.#findLater(key)
    }
    const id = catalog.locate(key)
    if (id !== 0) return openObject(this.#parts, id, key)
    return catalog.state === 'rebuilding' && !catalog.isGone(key) ? this.#findLater(key) : undefined
  }

  peek(key: string): StoredObject | undefined {
    const { catalog } = this.#parts
    if (this.#closed) throw closedError()
    const id = catalog.state === 'tail' ? catalog.table.find(key) : catalog.locate(key)
    return id === 0 ? undefined : (catalog.glance(id, key) ?? openObject(this.#parts, id, key))
  }

  touch(key: string): void {
    const { catalog, clock } = this.#parts
    const { table } = catalog
    const id = table.find(key)
    if (id === 0) return
    const flags = table.get(id, field.flags)
    catalog.queues.touch(id)
    const now = Math.floor(clock.now() / 1000)
    const kept = (flags & flag.usedKept) !== 0 && (flags & flag.hits) !== 0
    if (kept && now - table.get(id, field.used) < usedGrainSeconds) return
    table.set(id, field.used, now)
    const hits = table.get(id, field.flags) & flag.hits
    if (catalog.index.used(key, now, hits))
      table.set(id, field.flags, table.get(id, field.flags) | flag.usedKept)
    else table.set(id, field.flags, table.get(id, field.flags) & ~flag.usedKept)
  }

  hold(object: StoredObject): Disposable {
    return object.body.kind === 'bytes' ? noHold : this.#parts.blobs.pin(object.sha256)
  }

  async put(key: string, bytes: Uint8Array, meta: ObjectMeta): Promise<StoredObject> {
    this.#mustBeWritable()
    if (bytes.length > smallBodyBytes) {
      await using stage = await this.stage(bytes.length)
      await stage.write(bytes)
      return await stage.commit(key, meta)
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const head = { key, sha256, sizeBytes: bytes.length, meta }
    await this.#append({ kind: 'body', head, body: Buffer.from(bytes) })
    return { ...head, body: { kind: 'bytes', bytes } }
  }

  async stage(expectedBytes = 0): Promise<Stage> {
    this.#mustBeWritable()
    const { room, disk, folder, catalog, blobs, quarantine } = this.#parts
    const reservation = await room.reserve(expectedBytes)
    try {
      const path = join(folder.tmp, `${folder.run}-${++this.#serial}`)
      const put = this.put.bind(this)
      const leftOver = (left: string, error: unknown) =>
        this.#parts.log(`cannot remove ${left}: ${String(error)}`)
      const ended = (done: Stage) => this.#stages.delete(done)
      const stage = await LocalStage.open(
        { disk, catalog, blobs, quarantine, put, ended, leftOver },
        path,
        reservation,
      )
      this.#stages.add(stage)
      return stage
    } catch (error) {
      reservation.release()
      throw error
    }
  }

  async amend(key: string, change: Partial<ObjectMeta>): Promise<StoredObject | undefined> {
    this.#mustBeWritable()
    const { catalog } = this.#parts
    await this.find(key)
    while (catalog.isInFlight(key)) await catalog.drain()
    const id = catalog.locate(key)
    const record = id === 0 ? undefined : catalog.read(id)
    if (record?.head.key !== key) return undefined
    const head = { ...record.head, meta: { ...record.head.meta, ...change } }
    await this.#append({ ...record, head })
    return objectOf({ ...record, head }, this.#parts.blobs)
  }

  async remove(key: string): Promise<boolean> {
    this.#mustBeWritable()
    const { catalog } = this.#parts
    await this.find(key)
    while (catalog.isInFlight(key)) await catalog.drain()
    if (catalog.locate(key) === 0) return false
    await catalog.appendGone(key)
    return true
  }

  async quarantine(key: string, note: string, bytes?: Uint8Array): Promise<void> {
    this.#mustBeWritable()
    const { quarantine, catalog } = this.#parts
    if (bytes) return quarantine.keepBytes(bytes, { key, note })
    await this.find(key)
    while (catalog.isInFlight(key)) await catalog.drain()
    const id = catalog.locate(key)
    if (id === 0) return
    const record = catalog.read(id)
    using _ = this.#parts.putAside.pin(record)
    catalog.unlist(id, record)
    await catalog.appendGone(key)
    await this.#parts.putAside.keep(record, undefined, { key, note })
  }

  async *list(filter: ListFilter = {}): AsyncGenerator<ObjectSummary> {
    if (this.#closed) throw closedError()
    while (this.#parts.catalog.state === 'tail' || this.#parts.catalog.state === 'rebuilding')
      await this.#parts.recovery.progress()
    yield* listObjects(this.#parts.catalog, filter)
  }

  stats(): LocalStoreStats {
    const { catalog, room, quarantine, maxBytes, folder } = this.#parts
    const { objects, unproved } = catalog.totals
    return {
      objects,
      unproved,
      bytes: room.usedBytes,
      maxBytes,
      quarantined: quarantine.count,
      quarantineBytes: quarantine.bytes,
      stagedBytes: room.reservedBytes,
      evictedObjects: room.evictedObjects,
      evictedBytes: room.evictedBytes,
      rebuilding: catalog.state === 'rebuilding' || this.#parts.isReindexing(),
      lastScrubAtMs: this.#parts.upkeep.lastScrubAtMs,
      readOnly: folder.lock === undefined,
      complete: catalog.state === 'complete',
    }
  }

  async verify(options: { readonly paced?: boolean; readonly signal?: AbortSignal }): Promise<VerifySummary> {
    if (this.#closed) throw closedError()
    const { clock, disk, catalog, blobs, stop } = this.#parts
    await this.ready()
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
    const bytesPerSecond = options.paced ? pacedBytesPerSecond : undefined
    const damaged = (id: number, problem: string) => this.#parts.putAside.damaged(id, problem)
    const summary = await scrub({ disk, clock, catalog, blobs, damaged }, { bytesPerSecond, signal })
    if (!signal.aborted) await this.#parts.upkeep.noteScrub()
    return summary
  }

  async collect(
    options: { readonly targetBytes?: number } = {},
  ): Promise<{ objects: number; bytes: number }> {
    this.#mustBeWritable()
    const { room, blobs, disk, folder, maxBytes } = this.#parts
    await this.ready()
    const done = await room.collect(options.targetBytes ?? maxBytes)
    await room.tidy()
    await sweepTmp(disk, folder)
    await blobs.sweep(this.#parts.stop.signal)
    return done
  }

  readState(name: string): Promise<string | undefined> {
    return this.#parts.state.read(name)
  }

  async swapState(name: string, expected: string | undefined, next: string): Promise<boolean> {
    this.#mustBeWritable()
    return this.#parts.state.swap(name, expected, next)
  }

  ready(): Promise<void> {
    return this.#parts.ready()
  }

  async settle(): Promise<void> {
    const { catalog, room, blobs } = this.#parts
    await this.ready()
    await this.#parts.cleanedUp()
    await catalog.drain()
    if (this.#parts.folder.lock) await room.tidy()
    await blobs.settle()
    await catalog.index.flush()
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const stage of [...this.#stages]) await stage[Symbol.asyncDispose]()
    await this.#parts.close()
  }

  async #append(record: LiveRecord): Promise<void> {
    const { room, catalog } = this.#parts
    const bodyBytes = record.kind === 'body' ? record.body.length : 0
    const reservation = await room.reserve(bodyBytes + recordRoomBytes)
    try {
      await catalog.append(record)
    } finally {
      reservation.release()
    }
  }

  async #findLater(key: string): Promise<StoredObject | undefined> {
    const { clock, recovery, catalog, stop, findWaitMs } = this.#parts
    const limit = new AbortController()
    let late = false
    const signal = AbortSignal.any([limit.signal, stop.signal])
    const lateness = clock.delay(findWaitMs, signal).then(() => {
      late = true
    })
    try {
      while (!late) {
        await Promise.race([recovery.progress(), lateness])
        if (this.#closed) throw closedError()
        const id = catalog.state === 'tail' ? catalog.table.find(key) : catalog.locate(key)
        if (id !== 0) return openObject(this.#parts, id, key)
        if (catalog.isGone(key) || (catalog.state !== 'tail' && catalog.state !== 'rebuilding'))
          return undefined
      }
      return undefined
    } finally {
      limit.abort()
    }
  }

  #mustBeWritable(): void {
    if (this.#closed) throw closedError()
    if (this.#parts.folder.lock) return
    throw new StoreError(
      'store.readonly',
      `the data folder ${this.#parts.folder.path} cannot be written`,
      'Mount the disk for writing, or set data to another folder.',
    )
  }
}

/** A body in memory needs no file. */
const noHold: Disposable = { [Symbol.dispose]: () => undefined }
/** A newer use is written to the index only when the one written is older than this. */
const usedGrainSeconds = 600
const pacedBytesPerSecond = 8 << 20
