import { createHash } from 'node:crypto'
import { type ObjectMeta, type Stage, type StoredObject, StoreError } from '../store.ts'
import type { BlobFiles } from './blob-files.ts'
import type { Catalog } from './catalog.ts'
import type { Disk } from './disk.ts'
import { smallBodyBytes } from './pack-record.ts'
import type { Quarantine } from './quarantine.ts'
import type { Reservation } from './room.ts'
import { SerialQueue } from './serial-queue.ts'
import { step } from './store-fault.ts'

export interface StageParts {
  readonly disk: Disk
  readonly catalog: Catalog
  readonly blobs: BlobFiles
  readonly quarantine: Quarantine
  /** Keeps a body that turned out small. */
  readonly put: (key: string, bytes: Uint8Array, meta: ObjectMeta) => Promise<StoredObject>
  readonly ended: (stage: Stage) => void
  /** Told when the file could not be removed: the next start does. */
  readonly leftOver: (path: string, error: unknown) => void
}

/** A body on its way in: a file in `tmp`, and its first bytes in memory in case it stays small. */
export class LocalStage implements Stage {
  readonly path: string
  readonly #parts: StageParts
  readonly #fd: number
  readonly #room: Reservation
  readonly #hash = createHash('sha256')
  readonly #queue = new SerialQueue()
  #head: Uint8Array[] | undefined = []
  #sizeBytes = 0
  #unsyncedBytes = 0
  #syncing: Promise<void> | undefined
  /** After a sync that failed the next one may succeed without the bytes: the first word counts. */
  #syncFault: { readonly error: unknown } | undefined
  #state: 'open' | 'ended' = 'open'
  /** The file has its place among the blobs. */
  #isAdopted = false

  private constructor(parts: StageParts, path: string, fd: number, room: Reservation) {
    this.#parts = parts
    this.path = path
    this.#fd = fd
    this.#room = room
  }

  static async open(parts: StageParts, path: string, room: Reservation): Promise<LocalStage> {
    const fd = await step('create', path, () => parts.disk.open(path, 'wx+'))
    return new LocalStage(parts, path, fd, room)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** What is promised to this body: what it has, or is expected to have. */
  get reservedBytes(): number {
    return this.#room.bytes
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#queue.run(async () => {
      this.#mustBeOpen()
      const end = this.#sizeBytes + chunk.length
      const short = end - this.#room.bytes
      if (short > 0) await this.#room.grow(this.#room.bytes === 0 ? Math.max(short, growBytes) : short)
      await step('write', this.path, () => this.#parts.disk.write(this.#fd, chunk, this.#sizeBytes))
      this.#hash.update(chunk)
      if (end > smallBodyBytes) this.#head = undefined
      else this.#head?.push(new Uint8Array(chunk))
      this.#sizeBytes = end
      this.#unsyncedBytes += chunk.length
      if (this.#unsyncedBytes >= syncBytes) this.#syncBehind()
    })
  }

  commit(key: string, meta: ObjectMeta): Promise<StoredObject> {
    return this.#queue.run(async () => {
      this.#mustBeOpen()
      if (this.#head) {
        const object = await this.#parts.put(key, Buffer.concat(this.#head), meta)
        await this.#end()
        return object
      }
      return this.#commitLarge(key, meta)
    })
  }

  quarantine(key: string, note: string): Promise<void> {
    return this.#queue.run(async () => {
      this.#mustBeOpen()
      await this.#parts.quarantine.keepFile(this.path, { key, note, sha256: this.#hash.copy().digest('hex') })
      await this.#end()
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#queue.run(() => this.#end())
  }

  async #commitLarge(key: string, meta: ObjectMeta): Promise<StoredObject> {
    const { disk, blobs, catalog } = this.#parts
    const sha256 = this.#hash.copy().digest('hex')
    using _ = blobs.pin(sha256)
    await this.#syncing
    if (this.#syncFault !== undefined) throw this.#syncFault.error
    await step('sync', this.path, () => disk.datasync(this.#fd))
    await blobs.adopt(this.path, sha256)
    this.#isAdopted = true
    const head = { key, sha256, sizeBytes: this.#sizeBytes, meta }
    try {
      await catalog.append({ kind: 'blob', head })
    } catch (error) {
      blobs.release(sha256, this.#sizeBytes)
      throw error
    }
    await this.#end()
    return { ...head, body: { kind: 'file', path: blobs.path(sha256) } }
  }

  /** What came so far goes to the disk while more comes, so that the last sync, which somebody waits for, is short. */
  #syncBehind(): void {
    if (this.#syncing !== undefined) return
    this.#unsyncedBytes = 0
    this.#syncing = step('sync', this.path, () => this.#parts.disk.datasync(this.#fd))
      .catch((error: unknown) => {
        this.#syncFault ??= { error }
      })
      .finally(() => {
        this.#syncing = undefined
      })
  }

  async #end(): Promise<void> {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#head = undefined
    await this.#syncing
    try {
      await this.#parts.disk.close(this.#fd)
      if (!this.#isAdopted) await this.#parts.disk.unlink(this.path)
    } catch (error) {
      // The body's fate is decided already, and a failure here must not hide another error.
      this.#parts.leftOver(this.path, error)
    } finally {
      this.#room.release()
      this.#parts.ended(this)
    }
  }

  #mustBeOpen(): void {
    if (this.#state === 'open') return
    throw new StoreError('store.closed', `the staged file ${this.path} has ended`, 'Stage the body again.')
  }
}

/** First reservation for a body of unknown size. */
const growBytes = 1 << 20
/** Goes to the disk at once, ahead of the commit. */
const syncBytes = 8 << 20
