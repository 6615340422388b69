import { randomInt } from 'node:crypto'
import { BlobFiles } from './blob-files.ts'
import { Catalog } from './catalog.ts'
import { type Clock, systemClock } from './clock.ts'
import { compactPack } from './compaction.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { type Disk, nodeDisk } from './disk.ts'
import type { IndexDb, PackPlace } from './index-db.ts'
import { IndexFollower } from './index-follower.ts'
import { isDamage, type OpenedIndex, openIndex, renewIndex } from './index-opening.ts'
import type { LocalStoreOptions } from './options.ts'
import { type Pack, PackSet, PackWriter, packLimitBytes } from './packs.ts'
import { PutAside } from './put-aside.ts'
import { Quarantine } from './quarantine.ts'
import { Recovery } from './recovery.ts'
import { Room } from './room.ts'
import { StateFiles } from './state-files.ts'
import { Upkeep } from './upkeep.ts'

/** The opened parts of a store, and what runs in the background. */
export class LocalParts {
  readonly clock: Clock
  readonly disk: Disk
  readonly folder: DataFolder
  readonly catalog: Catalog
  readonly blobs: BlobFiles
  readonly quarantine: Quarantine
  readonly state: StateFiles
  readonly room: Room
  readonly recovery: Recovery
  readonly stop = new AbortController()
  readonly maxBytes: number
  readonly findWaitMs: number
  readonly log: (line: string) => void
  readonly putAside: PutAside
  readonly upkeep: Upkeep
  readonly #writer: PackWriter
  readonly #index: IndexFollower
  readonly #covered: PackPlace | undefined
  #aside: string | undefined
  #recovering: Promise<void> = Promise.resolve()
  #loaded: Promise<void> = Promise.resolve()
  #measured: Promise<void> = Promise.resolve()
  #cleaning: Promise<void> = Promise.resolve()
  #background: Promise<unknown>[] = []
  #reindexing = false
  #compacting: Promise<void> = Promise.resolve()
  #indexBytes = 0
  /** Room of blobs that the packs have not named yet, while the index is made again. */
  #foundBlobBytes = 0

  static async open(options: LocalStoreOptions): Promise<LocalParts> {
    const disk = options.disk ?? nodeDisk
    const folder = await openDataFolder(disk, options.dataDir)
    let packs: PackSet | undefined
    let db: IndexDb | undefined
    try {
      packs = await PackSet.open(disk, folder.packs, folder.lock === undefined)
      const log = options.log ?? (() => undefined)
      const opened = openIndex(folder, log)
      db = opened.db
      return new LocalParts({ ...options, disk, log }, folder, packs, opened)
    } catch (error) {
      db?.close()
      await packs?.close()
      folder.lock?.release()
      throw error
    }
  }

  private constructor(
    options: LocalStoreOptions & { disk: Disk; log: (line: string) => void },
    folder: DataFolder,
    packs: PackSet,
    opened: OpenedIndex,
  ) {
    const { disk, maxBytes } = options
    const clock = options.clock ?? systemClock
    const now = () => clock.now()
    this.clock = clock
    this.disk = disk
    this.folder = folder
    this.maxBytes = maxBytes
    this.findWaitMs = options.findWaitMs ?? 30_000
    this.log = options.log
    this.#covered = opened.covered
    this.#aside = opened.aside
    const stillUsed = (sha256: string) => this.#stillUsed(sha256)
    this.blobs = new BlobFiles({ disk, clock, folder: folder.blobs, stillUsed, log: this.log })
    this.quarantine = new Quarantine({
      disk,
      clock,
      folder: folder.quarantine,
      maxBytes: Math.floor(maxBytes * quarantineShare),
    })
    this.state = new StateFiles(disk, folder.state, folder.tmp)
    const packBytes = packLimitBytes(maxBytes)
    this.#writer = new PackWriter(disk, packs, packBytes)
    const hashSeed = randomInt(2 ** 32)
    this.catalog = new Catalog({
      disk,
      packs,
      writer: this.#writer,
      blobs: this.blobs,
      maxBytes,
      hashSeed,
      now,
    })
    this.#index = new IndexFollower({
      db: opened.db,
      clock,
      totals: () => this.catalog.totals,
      onError: (error) => this.#onIndexError(error),
      onFlush: () => this.#refreshIndexBytes(),
    })
    this.catalog.follow(this.#index, opened.totals)
    const { signal } = this.stop
    const { catalog, blobs, quarantine, state, log } = this
    const isReadOnly = folder.lock === undefined
    const onDamage = options.onDamage ?? (() => undefined)
    this.putAside = new PutAside({ catalog, blobs, quarantine, disk, isReadOnly, onDamage, log })
    this.recovery = new Recovery({ disk, catalog, signal, isReadOnly, log })
    this.room = new Room({
      catalog: this.catalog,
      blobs: this.blobs,
      maxBytes,
      spareBytes: Math.min(packBytes, Math.floor(maxBytes / 4)),
      otherBytes: () => this.#otherBytes,
      compact: (pack) => this.#compact(pack),
      measured: () => this.#measured,
      complete: () => this.ready(),
      packBytes,
    })
    this.upkeep = new Upkeep({
      clock,
      disk,
      folder,
      blobs,
      quarantine,
      state,
      room: this.room,
      signal,
      maxBytes,
      evictAtStart: options.evictAtStart ?? true,
      scrubEveryMs: options.scrubEveryMs ?? 7 * 86_400_000,
      ready: () => this.ready(),
    })
  }

  /** Begins what runs in the background. */
  start(scrub: () => Promise<unknown>): void {
    const { packs } = this.catalog
    const covered = this.#covered
    packs.startAfter(covered?.pack ?? 0)
    const last = packs.last
    if (!covered && packs.all().length > 0) this.catalog.state = 'rebuilding'
    // A pack with an end that is not known to be whole is not appended to.
    if (last && (covered?.pack !== last.id || covered.offset !== last.sizeBytes)) last.closed = true
    const unclean = this.catalog.state === 'rebuilding' || this.folder.lock?.ownerDied === true
    if (this.catalog.state === 'rebuilding') this.#measured = this.#guard('measure', this.#measureBlobs())
    this.#refreshIndexBytes()
    this.#recovering = this.#guard('recover', this.#recover(covered))
    this.#loaded = this.#guard('see what was put aside', this.upkeep.load())
    this.#cleaning = this.#guard('clean up', this.upkeep.cleanUp(unclean))
    this.#background.push(
      this.#cleaning,
      this.#guard('tidy up', this.upkeep.tidyForEver()),
      this.#guard('scrub', this.upkeep.scrubForEver(scrub)),
    )
  }

  /** Resolves when everything is known that the last run left. */
  async ready(): Promise<void> {
    await this.#loaded
    for (let seen: unknown; seen !== this.#recovering; ) {
      seen = this.#recovering
      await this.#recovering
    }
  }

  /** Resolves when leftovers of earlier runs are gone. */
  cleanedUp(): Promise<void> {
    return this.#cleaning
  }

  isReindexing(): boolean {
    return this.#reindexing
  }

  async close(): Promise<void> {
    this.stop.abort()
    try {
      await this.ready()
      await Promise.all(this.#background)
      await this.catalog.drain()
      await this.blobs.close()
      await this.#writer.close()
      await this.#index.close()
    } finally {
      await this.catalog.packs.close()
      this.folder.lock?.release(this.blobs.leftBehind)
    }
  }

  get #otherBytes(): number {
    const unnamed = Math.max(0, this.#foundBlobBytes - this.catalog.totals.blobBytes)
    return this.quarantine.bytes + this.#indexBytes + unnamed
  }

  async #stillUsed(sha256: string): Promise<boolean> {
    if (!this.stop.signal.aborted) await this.ready()
    await this.catalog.drain()
    await this.#index.flush()
    const { state } = this.catalog
    if (this.#index.failure !== undefined) throw this.#index.failure
    return this.#reindexing || state === 'tail' || state === 'rebuilding' || this.#index.db.usesBlob(sha256)
  }

  /** Not while packs are being read: a file that is removed must have no other reader. */
  async #compact(pack: Pack): Promise<void> {
    await this.ready()
    this.#compacting = compactPack(this.disk, this.catalog, pack, (id) =>
      this.putAside.damagedOnTheWay(id, 'its record is damaged'),
    )
    await this.#compacting
  }

  async #recover(covered: PackPlace | undefined): Promise<void> {
    await this.recovery.run(covered)
    this.#foundBlobBytes = 0
    await this.#keepAside()
  }

  #onIndexError(error: unknown): void {
    if (!isDamage(error)) {
      this.log(`the index ${this.folder.index} fails: ${String(error)}`)
      return
    }
    this.log(`the index ${this.folder.index} is damaged (${String(error)}): it is made again from the packs`)
    this.#index.db.close()
    const opened = renewIndex(this.folder, this.log)
    this.#index.replace(opened.db)
    this.#aside = opened.aside
    if (this.catalog.state !== 'complete') this.catalog.state = 'rebuilding'
    this.#reindexing = true
    const before = this.#recovering
    const again = async () => {
      await Promise.allSettled([before, this.#compacting])
      await this.#recover(undefined)
      this.#reindexing = false
    }
    this.#recovering = this.#guard('make the index again', again())
  }

  async #keepAside(): Promise<void> {
    const aside = this.#aside
    this.#aside = undefined
    if (aside === undefined) return
    await this.quarantine.keepFile(aside, { key: 'index.sqlite', note: 'the index was damaged' })
    await this.disk.unlink(aside)
  }

  #refreshIndexBytes(): void {
    const { index } = this.folder
    this.#indexBytes = 0
    for (const end of ['', '-wal', '-shm']) this.#indexBytes += this.disk.sizeNow(index + end) ?? 0
  }

  async #measureBlobs(): Promise<void> {
    for await (const files of this.blobs.walk())
      for (const { path } of files) this.#foundBlobBytes += (await this.disk.size(path)) ?? 0
  }

  /** What fails in the background is told and does not end the process. */
  async #guard(what: string, work: Promise<unknown>): Promise<void> {
    try {
      await work
    } catch (error) {
      this.log(`could not ${what} in ${this.folder.path}: ${String(error)}`)
    }
  }
}

const quarantineShare = 0.05
