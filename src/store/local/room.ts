import { StoreError } from '../store.ts'
import type { BlobFiles } from './blob-files.ts'
import type { Catalog } from './catalog.ts'
import { deadBytes, packToCompact, packToMerge } from './compaction.ts'
import { smallShare } from './eviction.ts'
import type { LiveRecord } from './pack-record.ts'
import type { Pack } from './packs.ts'
import { SerialQueue } from './serial-queue.ts'

/** Room that was promised to a body on its way in. */
export interface Reservation {
  readonly bytes: number
  grow(bytes: number): Promise<void>
  release(): void
}

export interface RoomParts {
  readonly catalog: Catalog
  readonly blobs: BlobFiles
  readonly maxBytes: number
  /** Kept free of objects, so that a pack can be rewritten while the store is full. */
  readonly spareBytes: number
  /** Quarantine, index and other files. */
  readonly otherBytes: () => number
  readonly compact: (pack: Pack) => Promise<void>
  /** What must be known before anything is promised. */
  readonly measured: () => Promise<void>
  /** Resolves when the table is complete, so that the dead bytes of packs are known. */
  readonly complete: () => Promise<void>
  /** How large a pack grows. */
  readonly packBytes: number
}

/**
 * Holds everything below the bound: room is promised before a byte is written, and what was used least makes
 * way for it. One huge body may displace only a part of what is in use.
 */
export class Room {
  readonly #parts: RoomParts
  #reservedBytes = 0
  readonly #queue = new SerialQueue()
  #relaxing = false
  evictedObjects = 0
  evictedBytes = 0

  constructor(parts: RoomParts) {
    this.#parts = parts
  }

  get reservedBytes(): number {
    return this.#reservedBytes
  }

  get usedBytes(): number {
    const { catalog, blobs, otherBytes } = this.#parts
    const kept = catalog.packs.totalBytes + catalog.totals.blobBytes + blobs.dyingBytes
    return kept + this.#reservedBytes + otherBytes()
  }

  /** Rejects with `store.full`. */
  async reserve(bytes: number): Promise<Reservation> {
    await this.#parts.measured()
    const state = { displacedBytes: 0 }
    let held = 0
    let open = true
    const grow = async (more: number): Promise<void> => {
      if (this.#fits(more)) this.#reservedBytes += more
      else await this.#queue.run(() => this.#makeRoom(more, state))
      if (open) held += more
      else this.#reservedBytes -= more
      this.#relax()
    }
    await grow(bytes)
    return {
      get bytes() {
        return held
      },
      grow,
      release: () => {
        this.#reservedBytes -= held
        held = 0
        open = false
      },
    }
  }

  /** Evicts until no more than `targetBytes` are used, as far as that can be reached. */
  collect(targetBytes: number): Promise<{ objects: number; bytes: number }> {
    return this.#queue.run(async () => {
      const before = { objects: this.evictedObjects, bytes: this.evictedBytes }
      const state = { displacedBytes: Number.NEGATIVE_INFINITY }
      while (this.usedBytes > targetBytes) if (!(await this.#giveBack(targetBytes, state))) break
      return { objects: this.evictedObjects - before.objects, bytes: this.evictedBytes - before.bytes }
    })
  }

  /** Rewrites packs that are mostly dead. */
  tidy(): Promise<void> {
    return this.#queue.run(async () => {
      while (this.#parts.catalog.state === 'complete') {
        const packs = this.#parts.catalog.packs.all()
        const pack = packToCompact(packs, 0.5) ?? packToMerge(packs, this.#parts.packBytes)
        if (!pack || this.usedBytes + pack.liveBytes > this.#parts.maxBytes) return
        await this.#parts.compact(pack)
      }
    })
  }

  get #limitBytes(): number {
    return this.#parts.maxBytes - this.#parts.spareBytes
  }

  get #isComplete(): boolean {
    return this.#parts.catalog.state === 'complete'
  }

  #fits(bytes: number): boolean {
    return this.usedBytes + bytes <= this.#limitBytes
  }

  async #makeRoom(bytes: number, state: { displacedBytes: number }): Promise<void> {
    if (bytes > this.#parts.maxBytes * smallShare) await this.#parts.complete()
    while (!this.#fits(bytes)) {
      const hopeful = bytes <= this.#obtainableBytes(state.displacedBytes)
      if (hopeful && (await this.#giveBack(this.#limitBytes - bytes, state))) continue
      throw new StoreError(
        'store.full',
        `no room for ${bytes} bytes: ${this.usedBytes} of ${this.#parts.maxBytes} are used, and what may be evicted is not enough`,
        'Raise cache.maxBytes.',
      )
    }
    this.#reservedBytes += bytes
  }

  /** The most that could be free for one body: it must not evict in vain. */
  #obtainableBytes(displacedBytes: number): number {
    const { queues, state } = this.#parts.catalog
    if (state !== 'complete') return this.#limitBytes
    const inUse = queues.bytes - queues.coldBytes
    const displaceable = Math.min(inUse, this.#parts.maxBytes * displacedShare - displacedBytes)
    const free = this.#limitBytes - this.usedBytes
    return free + this.#returningBytes + queues.coldBytes + Math.max(displaceable, 0)
  }

  /** One step towards `targetBytes`: evicts, or gives back room of what was evicted. False when neither is left. */
  async #giveBack(targetBytes: number, state: { displacedBytes: number }): Promise<boolean> {
    const { catalog, blobs } = this.#parts
    const excess = this.usedBytes - targetBytes
    if (excess > this.#returningBytes && (await this.#evict(excess - this.#returningBytes, state)))
      return true
    if (catalog.state !== 'complete') {
      await this.#parts.complete()
      return this.#isComplete
    }
    const pack = packToCompact(catalog.packs.all(), 0.05) ?? packToCompact(catalog.packs.all(), 0)
    if (pack && pack.liveBytes + this.usedBytes <= this.#parts.maxBytes) {
      await this.#parts.compact(pack)
      return true
    }
    if (blobs.returningBytes === 0) return pack !== undefined && this.#evict(pack.sizeBytes, state)
    await blobs.settle()
    return true
  }

  /** Room that comes back without another eviction. */
  get #returningBytes(): number {
    const { catalog, blobs } = this.#parts
    let bytes = blobs.returningBytes
    if (catalog.state === 'complete')
      for (const [number, pack] of catalog.packs.all().entries()) bytes += deadBytes(pack, number === 0)
    return bytes
  }

  async #evict(bytes: number, state: { displacedBytes: number }): Promise<boolean> {
    const { catalog, maxBytes } = this.#parts
    let freed = 0
    for (let turn = 0; turn < evictionsInATurn && freed < bytes; turn++) {
      let record: LiveRecord | undefined
      const spared = (id: number) => {
        record = catalog.read(id)
        return record !== undefined && this.#isHeld(record)
      }
      const onlySmall = state.displacedBytes > maxBytes * displacedShare
      const id = catalog.queues.victim(spared, onlySmall)
      if (id === 0) break
      const cost = catalog.queues.cost(id)
      if (catalog.queues.isMain(id)) state.displacedBytes += cost
      catalog.queues.remember(id)
      catalog.unlist(id, record)
      // A mark that cannot be written now is no loss: at worst the object is known again after a start.
      if (record) {
        catalog.index.gone(record.head.key)
        catalog.appendGone(record.head.key).catch(() => undefined)
      }
      freed += cost
      this.evictedObjects++
      this.evictedBytes += cost
    }
    if (freed > 0) await new Promise((resolve) => setImmediate(resolve))
    return freed > 0
  }

  #isHeld(record: LiveRecord): boolean {
    if (this.#parts.catalog.isInFlight(record.head.key)) return true
    return record.kind === 'blob' && this.#parts.blobs.isPinned(record.head.sha256)
  }

  /** Makes room ahead of need, so that writers seldom wait for it. */
  #relax(): void {
    if (this.#relaxing || this.usedBytes < this.#limitBytes * highMark) return
    this.#relaxing = true
    this.collect(this.#limitBytes * lowMark)
      // Whoever needs the room next makes it, and is told what is in the way.
      .catch(() => undefined)
      .finally(() => {
        this.#relaxing = false
      })
  }
}

/** What one body may displace from the main queue, as a part of the bound. */
const displacedShare = smallShare * 2
const evictionsInATurn = 200
const highMark = 0.97
const lowMark = 0.93
