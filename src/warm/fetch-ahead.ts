import type { Cache } from '../cache/cache.ts'
import type { EcosystemId, Foresight, Likely, Resource, View } from '../ecosystems/ecosystem.ts'
import type { StoredObject } from '../store/store.ts'
import { type AheadBalance, Claims } from './claims.ts'

export interface FetchAheadLimits {
  /**
   * Fetches ahead at a time, metadata and blobs apart: people's own fetches always find room beside them, and what
   * waits stays here, where the likeliest comes first; for a connection they would wait in the order they came.
   */
  readonly metadataParallel: number
  readonly blobParallel: number
  /** Of the fetches at a time, those that only help to guess. */
  readonly asideParallel: number
  /** Small blobs leave a line empty: up to this many go at a time while they have `blobBytes` together, on average. */
  readonly smallBlobParallel: number
  readonly blobBytes: number
  /** Bytes that may lie fetched and unclaimed before no more blobs are started. */
  readonly maxUnclaimedBytes: number
  /** Guesses that may wait; beyond that the least likely are dropped. */
  readonly maxQueue: number
}

export const defaultFetchAheadLimits: FetchAheadLimits = {
  metadataParallel: 32,
  blobParallel: 16,
  asideParallel: 8,
  smallBlobParallel: 40,
  blobBytes: 4 * 1024 * 1024,
  maxUnclaimedBytes: 256 * 1024 * 1024,
  maxQueue: 5_000,
}

export interface FetchAheadOptions {
  readonly cache: Cache
  readonly foresightOf: (ecosystem: EcosystemId) => Foresight | undefined
  /** False for names that must not be asked for, whatever makes them likely. */
  readonly allowed: (resource: Resource) => boolean
  readonly enabled: () => boolean
  readonly limits?: FetchAheadLimits
  readonly now?: () => number
  /** The bytes of a view, when it can be had; never rejects. */
  readonly digest: (view: View) => Promise<Uint8Array | undefined>
  /** Opens connections to a list of sources before they are needed. */
  readonly warmUp: (sources: string) => void
}

/** So long after the last cold request a build is thought to be over. */
const QUIET_MS = 20_000

/** Several times a large build; a stretch of builds that never pauses begins anew. */
const MAX_FETCHED = 10_000

/** How much the size of one blob moves their average. */
const SIZE_WEIGHT = 1 / 8

type Lane = 'metadata' | 'blob'

/**
 * Fetches what clients will probably ask for next, before they do (engine rule 7).
 *
 * Everything goes through the cache: a client that asks for what is in flight joins it, and one that asks for
 * what still waits here starts it at once. So demand always overtakes.
 */
export class FetchAhead {
  readonly #options: FetchAheadOptions
  readonly #limits: FetchAheadLimits
  readonly #now: () => number
  readonly #claims: Claims
  readonly #waiting: Record<Lane, Likely[]> = { metadata: [], blob: [] }
  readonly #running: Record<Lane, number> = { metadata: 0, blob: 0 }
  #runningAside = 0
  /** Keys that are queued, timed or under way. */
  readonly #pending = new Set<string>()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  /** Parallel fetches allowed right now: halved by failures, raised by successes. */
  readonly #allowance: Record<Lane, number>
  /** Keys that were fetched in this build: none is fetched ahead twice, whatever circles the guesses run in. */
  readonly #fetched = new Set<string>()
  /** Under way ahead, and asked for by a client meanwhile. */
  readonly #overtaken = new Set<string>()
  /** Average size of the blobs that were fetched ahead. */
  #blobBytes: number | undefined
  #coldAtMs = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(options: FetchAheadOptions) {
    this.#options = options
    this.#limits = options.limits ?? defaultFetchAheadLimits
    this.#now = options.now ?? Date.now
    this.#claims = new Claims(this.#now)
    this.#allowance = { metadata: this.#limits.metadataParallel, blob: this.#limits.blobParallel }
  }

  /** True while a build is under way in which something was cold. */
  isAlert(nowMs: number): boolean {
    return nowMs - this.#coldAtMs <= QUIET_MS
  }

  /** A client was sent this. */
  used(key: string): void {
    this.#claims.used(key)
  }

  /** A client asked for this. `cold`: it has to be fetched, so what follows is probably cold too. */
  asked(resource: Resource, cold: boolean): void {
    this.#claim(resource.key)
    const nowMs = this.#now()
    if (cold) {
      if (!this.isAlert(nowMs)) {
        this.#fetched.clear()
        if (this.#isOn()) this.#options.warmUp(resource.sources)
      }
      this.#coldAtMs = nowMs
    }
    // Where everything is at hand there is nothing to foresee, and a hit costs nothing but the send.
    if (!this.isAlert(nowMs)) return
    const foresight = this.#options.foresightOf(resource.ecosystem)
    if (foresight !== undefined) this.#consider(foresight.asked(resource))
  }

  /** A body is at hand for a client. */
  answered(resource: Resource, object: StoredObject): void {
    if (this.isAlert(this.#now())) this.#arrived(resource, object, true)
  }

  balance(): AheadBalance & { readonly waiting: number; readonly running: number; readonly on: boolean } {
    return {
      ...this.#claims.balance(),
      waiting: this.#waiting.metadata.length + this.#waiting.blob.length,
      running: this.#running.metadata + this.#running.blob,
      on: this.#isOn(),
    }
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.#waiting.metadata = []
    this.#waiting.blob = []
  }

  #claim(key: string): void {
    if (this.#pending.has(key)) this.#overtaken.add(key)
    else this.#claims.used(key)
  }

  #isOn(): boolean {
    return !this.#closed && this.#options.enabled() && this.#claims.pays()
  }

  #arrived(resource: Resource, { body }: StoredObject, wanted: boolean): void {
    const foresight = this.#options.foresightOf(resource.ecosystem)
    if (foresight === undefined) return
    const digest = foresight.digest?.(resource)
    if (digest === undefined) {
      if (body.kind === 'bytes') this.#consider(foresight.arrived(resource, body.bytes, wanted))
      return
    }
    void this.#options.digest(digest).then((bytes) => {
      if (bytes !== undefined && !this.#closed) this.#consider(foresight.arrived(resource, bytes, wanted))
    })
  }

  #consider(guesses: Iterable<Likely>): void {
    // The guesses are read in any case: the adapter learns from what it sees, also while this is off.
    for (const likely of guesses) {
      const { key } = likely.resource
      if (likely.isNeeded === true) this.#claim(key)
      if (
        this.#pending.has(key) ||
        this.#fetched.has(key) ||
        !this.#isOn() ||
        !this.#options.allowed(likely.resource)
      )
        continue
      this.#pending.add(key)
      if (likely.isNeeded === true) this.#overtaken.add(key)
      if (likely.delayMs <= 0) {
        this.#enqueue(likely)
        continue
      }
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#enqueue(likely)
        this.#pump()
      }, likely.delayMs)
      timer.unref()
      this.#timers.add(timer)
    }
    this.#pump()
  }

  #enqueue(likely: Likely): void {
    const queue = this.#waiting[likely.resource.shape]
    // Mostly at the end: guesses come roughly in their order.
    let at = queue.length
    for (let last = queue[at - 1]; last !== undefined && goesBefore(likely, last); last = queue[at - 1]) at--
    queue.splice(at, 0, likely)
    if (queue.length > this.#limits.maxQueue) {
      const dropped = queue.pop()
      if (dropped !== undefined) this.#forget(dropped.resource.key)
    }
  }

  #pump(): void {
    for (const lane of ['metadata', 'blob'] as const) {
      const most = Math.min(this.#allowance[lane], this.#mostOf(lane))
      while (this.#running[lane] < most && this.#mayStart(lane)) {
        const likely = this.#takeNext(lane)
        if (likely === undefined) break
        if (this.#isOn() && likely.stillLikely?.() !== false) void this.#fetch(likely, lane)
        else this.#forget(likely.resource.key)
      }
    }
  }

  #takeNext(lane: Lane): Likely | undefined {
    const queue = this.#waiting[lane]
    if (this.#runningAside < this.#limits.asideParallel) return queue.shift()
    const at = queue.findIndex(({ isAside }) => isAside !== true)
    return at < 0 ? undefined : queue.splice(at, 1)[0]
  }

  #mayStart(lane: Lane): boolean {
    return lane === 'metadata' || this.#claims.balance().unclaimedBytes < this.#limits.maxUnclaimedBytes
  }

  /** Never rejects: a failure here is nobody's failure, only less parallelism for a while. */
  async #fetch({ resource, isAside }: Likely, lane: Lane): Promise<void> {
    this.#running[lane]++
    if (isAside === true) this.#runningAside++
    if (this.#fetched.size >= MAX_FETCHED) this.#fetched.clear()
    this.#fetched.add(resource.key)
    try {
      const outcome = await this.#options.cache.askAhead(resource)
      if (outcome.kind === 'refused') {
        const { kind } = outcome.refusal
        if (kind === 'upstream-failed' || kind === 'store-failed') this.#slowDown(lane)
        return
      }
      // What the disk did not take was fetched for nobody.
      if (outcome.kind === 'filled' && !outcome.stored) this.#slowDown(lane)
      else this.#speedUp(lane)
      if (outcome.kind === 'filled' && !outcome.joined) {
        const { sizeBytes } = outcome.object
        if (lane === 'blob') this.#blobBytes = averaged(this.#blobBytes, sizeBytes)
        this.#claims.fetched(resource.key, sizeBytes)
        if (this.#overtaken.has(resource.key)) this.#claims.used(resource.key)
      }
      this.#arrived(resource, outcome.object, false)
    } catch {
      // Only while the cache is being closed.
      this.#slowDown(lane)
    } finally {
      this.#running[lane]--
      if (isAside === true) this.#runningAside--
      this.#forget(resource.key)
      this.#pump()
    }
  }

  #forget(key: string): void {
    this.#pending.delete(key)
    this.#overtaken.delete(key)
  }

  #slowDown(lane: Lane): void {
    this.#allowance[lane] = Math.max(2, Math.floor(this.#allowance[lane] / 2))
  }

  #speedUp(lane: Lane): void {
    this.#allowance[lane] = Math.min(this.#mostOf(lane), this.#allowance[lane] + 1)
  }

  #mostOf(lane: Lane): number {
    const { metadataParallel, blobParallel, smallBlobParallel, blobBytes } = this.#limits
    if (lane === 'metadata') return metadataParallel
    if (this.#blobBytes === undefined) return blobParallel
    const fitting = Math.floor(blobBytes / Math.max(1, this.#blobBytes))
    return Math.max(blobParallel, Math.min(smallBlobParallel, fitting))
  }
}

function goesBefore(one: Likely, other: Likely): boolean {
  if (one.weight !== other.weight) return one.weight > other.weight
  return one.place !== undefined && (other.place === undefined || one.place < other.place)
}

function averaged(average: number | undefined, value: number): number {
  return average === undefined ? value : average + (value - average) * SIZE_WEIGHT
}
