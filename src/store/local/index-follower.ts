import type { Clock } from './clock.ts'
import type { IndexChange, IndexDb, IndexRow, IndexTotals, PackPlace } from './index-db.ts'
import { isDamage } from './index-opening.ts'

/**
 * Writes to the index what has become durable in the packs, in batches behind it. The index so may lag, never
 * lead; `covered` in it says from where the packs must be read again after a crash.
 */
export class IndexFollower {
  readonly #clock: Clock
  readonly #totals: () => IndexTotals
  readonly #onError: (error: unknown) => void
  readonly #onFlush: () => void
  readonly #pending = new Map<string, { change: IndexChange; place: PackPlace }>()
  readonly #usage = new Map<string, IndexChange>()
  readonly #stop = new AbortController()
  #db: IndexDb
  #applied: PackPlace = { pack: 0, offset: 0 }
  #dirty = false
  #behind = false
  #failure: unknown
  #flushing: Promise<void> | undefined
  #timer: Promise<void> | undefined
  /** While the packs are being read again, the index must not claim to cover them. */
  incomplete = true
  /** Grows when the index is replaced by a new one. */
  generation = 0

  constructor(options: {
    db: IndexDb
    clock: Clock
    totals: () => IndexTotals
    /** SQLite failed: its file is damaged, or cannot be reached. Writes that fail in a row are told once. */
    onError: (error: unknown) => void
    /** Called after each write: the file may have grown. */
    onFlush: () => void
  }) {
    this.#db = options.db
    this.#clock = options.clock
    this.#totals = options.totals
    this.#onError = options.onError
    this.#onFlush = options.onFlush
  }

  get db(): IndexDb {
    return this.#db
  }

  /** The row of a key; undefined also when the index cannot be read, which is then reported. */
  find(key: string): IndexRow | undefined {
    try {
      return this.#db.get(key)
    } catch (error) {
      this.#onError(error)
      return undefined
    }
  }

  /** Rows after `key` in ascending order; undefined when the index cannot be read. */
  page(after: string, limit: number): IndexRow[] | undefined {
    try {
      return this.#db.page(after, limit)
    } catch (error) {
      this.#onError(error)
      return undefined
    }
  }

  /** The key whose record lies at a place, as far as the index knows. */
  keyAt(place: PackPlace): string | undefined {
    try {
      return this.#db.keyAt(place)
    } catch (error) {
      this.#onError(error)
      return undefined
    }
  }

  /** Why the last write failed; undefined when it did not. */
  get failure(): unknown {
    return this.#failure
  }

  put(row: IndexRow, place: PackPlace): void {
    this.#note(row.key, { kind: 'put', row }, place)
  }

  /** Without a `place`: the mark in the packs may follow later, or never. */
  gone(key: string, place: PackPlace = this.#applied): void {
    this.#note(key, { kind: 'gone', key }, place)
  }

  /** Kept when there is room; a lost one only makes eviction a little less wise. */
  used(key: string, usedSeconds: number, hits: number): boolean {
    if (this.#usage.size >= usageLimit) return false
    this.#usage.set(key, { kind: 'used', key, usedSeconds, hits })
    this.#schedule(usageFlushMs)
    return true
  }

  /** Everything before `place` has been noted. */
  applied(place: PackPlace): void {
    this.#applied = place
    this.#dirty = true
    this.#schedule()
  }

  /** Starts over with a new, empty index. */
  replace(db: IndexDb): void {
    this.#db = db
    this.generation++
    this.#pending.clear()
    this.#usage.clear()
    this.#behind = false
    this.incomplete = true
  }

  /** Resolves when what was noted before is in the index, or could not be written (`failure`). */
  async flush(): Promise<void> {
    while (this.#flushing) await this.#flushing
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined
    })
    await this.#flushing
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#timer
    await this.flush()
    this.#db.close()
  }

  #note(key: string, change: IndexChange, place: PackPlace): void {
    if (this.#behind) return
    this.#pending.delete(key)
    this.#pending.set(key, { change, place })
    if (this.#pending.size > pendingLimit && this.#failure !== undefined) {
      this.#behind = true
      this.#pending.clear()
    }
    this.#schedule()
  }

  #schedule(inMs = flushMs): void {
    this.#timer ??= this.#clock.delay(inMs, this.#stop.signal).then(async () => {
      this.#timer = undefined
      if (!this.#stop.signal.aborted) await this.flush()
    })
  }

  async #flush(): Promise<void> {
    const usage = [...this.#usage.values()]
    this.#usage.clear()
    try {
      while (this.#pending.size > 0) {
        this.#writeBatch()
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (this.#behind) return
      if (usage.length > 0 || this.#dirty) this.#write(usage, this.#applied)
      this.#failure = undefined
      this.#onFlush()
    } catch (error) {
      const isNews = this.#failure === undefined
      this.#failure = error
      if (isNews || isDamage(error)) this.#onError(error)
    }
  }

  #writeBatch(): void {
    const keys: string[] = []
    const changes: IndexChange[] = []
    let next: PackPlace | undefined
    for (const [key, { change, place }] of this.#pending) {
      if (keys.length === batchSize) {
        next = place
        break
      }
      keys.push(key)
      changes.push(change)
    }
    this.#write(changes, next ?? this.#applied)
    for (const key of keys) this.#pending.delete(key)
  }

  #write(changes: IndexChange[], covered: PackPlace): void {
    const all = this.#pending.size <= changes.length
    this.#db.write(changes, this.incomplete ? undefined : covered, all ? this.#totals() : undefined)
    if (all) this.#dirty = false
  }
}

const flushMs = 250
/** Where hits are spread over far more objects than fit in memory, each of them has such a row to write. */
const usageFlushMs = 1_000
const batchSize = 400
/** Each is a row somewhere in the file: more at once would hold up those who are served meanwhile. */
const usageLimit = 50
/** With an index that cannot be written, no more than this is kept waiting for it. */
const pendingLimit = 100_000
