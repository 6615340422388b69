import { asError } from '../as-error.ts'
import type { Refusal, Resource, Verdict } from '../ecosystems/ecosystem.ts'
import type { Store, StoredObject } from '../store/store.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { type FillResult, fill } from './fill.ts'
import type { FillContext, Publication } from './fill-errand.ts'
import { brokeOff, isMissing, refusedBy, wholeFrom } from './flight-ends.ts'
import { MemoryRoom } from './memory-room.ts'
import { MissMemory } from './miss-memory.ts'
import type { CacheObserver } from './observer.ts'
import type { Filling, Kept, Outcome, Refused } from './outcome.ts'
import { settle } from './settle.ts'

/** Of blobs that are held in memory on their way in, all together; while one is proved and written, there is a copy of it. */
const BODIES_IN_MEMORY_BYTES = 32 * 1024 * 1024

export interface CacheOptions {
  readonly store: Store
  readonly upstream: Upstream
  readonly observer: CacheObserver
  readonly now?: () => number
  /** How long a whole body waits for its proof before it is served and kept as unproved. */
  readonly proofWaitMs: () => number
}

/** One fetch that is under way, and what its clients wait for. */
interface Flight {
  /** When a client can be answered: with a body on its way, a whole one, or a refusal. */
  readonly answer: Promise<Filling | FillResult>
  /** When everything about it is over; its end, unless nobody expected that. Never rejects. */
  readonly over: Promise<FillResult | undefined>
  /** Aborted as soon as somebody waits for it; until then everybody else's fetches come first. */
  readonly wanted: AbortController
}

/**
 * Answers from the store, and fetches what it does not hold: once, whoever asks and however many.
 *
 * A fetch belongs to the cache, never to the request that caused it: it goes on when its first client leaves.
 */
export class Cache {
  readonly #store: Store
  readonly #observer: CacheObserver
  readonly #now: () => number
  readonly #context: FillContext
  readonly #flights = new Map<string, Flight>()
  readonly #misses = new MissMemory()
  readonly #closing = new AbortController()
  /** Refreshes that failed of late: key → when the next may be tried. Keeps a dead upstream from being hammered. */
  readonly #refreshAfterMs = new Map<string, number>()

  constructor(options: CacheOptions) {
    this.#store = options.store
    this.#observer = options.observer
    this.#now = options.now ?? Date.now
    this.#context = {
      store: options.store,
      upstream: options.upstream,
      observer: options.observer,
      memory: new MemoryRoom(BODIES_IN_MEMORY_BYTES),
      now: this.#now,
      proofWaitMs: options.proofWaitMs,
      late: (resource, source, verdict) => this.#settleLater(resource, source, verdict),
    }
  }

  /**
   * The one question. Synchronous for a hit. Rejects only while the cache is being closed, or when the store
   * fails in a way that it does not expect.
   */
  ask(resource: Resource): Outcome | Promise<Outcome> {
    const found = this.#store.find(resource.key)
    if (found instanceof Promise) return found.then((object) => this.#decide(resource, object))
    return this.#decide(resource, found)
  }

  /**
   * What is kept under a key, when that is at hand; says nothing about what is not. A small body is lent until
   * the next `peek`.
   */
  peek(key: string): StoredObject | undefined {
    return this.#store.peek(key)
  }

  /** Like `ask`, but a body on its way is waited for. */
  async askWhole(resource: Resource): Promise<Kept | Refused> {
    const outcome = await this.ask(resource)
    if (outcome.kind !== 'filling') return outcome
    const ended = wholeFrom(outcome, await this.#flights.get(resource.key)?.over)
    if (ended !== undefined) return ended
    const again = await this.ask(resource)
    return again.kind === 'filling' ? refusedBy(brokeOff(resource), undefined) : again
  }

  /**
   * Like `askWhole`, for nobody in particular: what is kept is not refreshed, and the answer says `filled`
   * only to the one that started the fetch.
   */
  async askAhead(resource: Resource): Promise<Kept | Refused> {
    const object = await this.#store.find(resource.key)
    if (object !== undefined) return { kind: 'hit', object, ageMs: this.#ageOf(object) }
    const outcome = await this.#fetch(resource, true)
    if (outcome.kind !== 'filling') return outcome
    const ended = wholeFrom(outcome, await this.#flights.get(resource.key)?.over)
    if (ended !== undefined) return ended
    const whole = await this.#store.find(resource.key)
    if (whole === undefined) return refusedBy(brokeOff(resource), outcome.source)
    return { kind: 'filled', object: whole, joined: outcome.joined, stored: true }
  }

  /** Asks the sources again now, however fresh what is kept. */
  async refresh(resource: Resource): Promise<Kept | Refused> {
    this.#misses.forget(resource.key)
    const flight = this.#fly(resource, await this.#store.find(resource.key))
    const answer = await flight.answer
    await flight.over
    if (answer.kind === 'refused') return refusedBy(answer.refusal, answer.source)
    return this.askWhole(resource)
  }

  /** Forgets a key and what is remembered about it. True when there was an object. */
  async remove(key: string): Promise<boolean> {
    this.#misses.forget(key)
    const removed = await this.#store.remove(key)
    if (removed) this.#observer.changed(key)
    return removed
  }

  /** Void every remembered miss: after a change of sources or rules. */
  forgetMisses(): void {
    this.#misses.clear()
    this.#refreshAfterMs.clear()
  }

  get flights(): number {
    return this.#flights.size
  }

  /** Waits for the fetches under way, at most `graceMs`; then breaks them off so that nothing half-done stays. */
  async close(graceMs: number): Promise<void> {
    const all = () => Promise.all([...this.#flights.values()].map((flight) => flight.over))
    if (this.#flights.size > 0 && graceMs > 0) {
      let timer: ReturnType<typeof setTimeout> | undefined
      await Promise.race([
        all(),
        new Promise((resolve) => {
          timer = setTimeout(resolve, graceMs)
        }),
      ])
      clearTimeout(timer)
    }
    this.#closing.abort(new Error('posthaste is stopping'))
    await all()
  }

  #decide(resource: Resource, object: StoredObject | undefined): Outcome | Promise<Outcome> {
    if (object === undefined) return this.#misses.get(resource.key, this.#now()) ?? this.#fetch(resource)
    const ageMs = this.#ageOf(object)
    if (ageMs < resource.freshMs) return { kind: 'hit', object, ageMs }
    // Stale is served at once while one refresh runs; a person waits for no list that is at hand.
    const next = this.#refreshAfterMs.get(resource.key)
    if (next === undefined || this.#now() >= next) {
      this.#fly(resource, object)
      return { kind: 'stale', object, ageMs, reason: 'a refresh is under way' }
    }
    return { kind: 'stale', object, ageMs, reason: 'the last refresh failed' }
  }

  async #fetch(resource: Resource, ahead = false): Promise<Outcome> {
    const miss = this.#misses.get(resource.key, this.#now())
    if (miss !== undefined) return miss
    const underWay = this.#flights.get(resource.key)
    if (underWay !== undefined) {
      this.#observer.fillJoined(resource)
      if (!ahead) underWay.wanted.abort()
    }
    const joined = underWay !== undefined
    const answer = await (underWay ?? this.#fly(resource, undefined, ahead)).answer
    if (answer.kind === 'filling') return { ...answer, joined }
    if (answer.kind === 'refused')
      return this.#oldMiss(resource, answer.refusal) ?? refusedBy(answer.refusal, answer.source)
    return {
      kind: 'filled',
      object: answer.object,
      joined,
      stored: answer.stored,
    }
  }

  /** In an outage what a source said last stands, where the client needs a "no" as much as what it finds. */
  #oldMiss(resource: Resource, refusal: Refusal): Refused | undefined {
    if (refusal.kind !== 'upstream-failed' || resource.missLasts !== true) return undefined
    const old = this.#misses.old(resource.key)
    if (old?.refusal.kind !== 'not-found') return undefined
    const reason = `${old.refusal.reason} (so it was before this: ${refusal.reason})`
    return { ...old, refusal: { ...old.refusal, reason, fleeting: true } }
  }

  /** Starts the fetch of a key, or joins the one that is under way. */
  #fly(resource: Resource, known: StoredObject | undefined, ahead = false): Flight {
    const underWay = this.#flights.get(resource.key)
    if (underWay !== undefined) return underWay

    this.#observer.fillStarted(resource)
    const wanted = new AbortController()
    const { promise: answer, resolve, reject } = Promise.withResolvers<Filling | FillResult>()
    let published: Publication | undefined
    const publish = (publication: Publication) => {
      published = publication
      resolve({
        kind: 'filling',
        body: publication.body,
        mediaType: publication.mediaType,
        source: publication.source,
        joined: false,
      })
    }
    const run = async () => {
      try {
        const errand = { resource, known, wanted: ahead ? wanted.signal : undefined, publish }
        const result = await fill(errand, this.#context, this.#closing.signal)
        // The sources that had it say that it is gone: what is kept would outlive the truth.
        if (known !== undefined && isMissing(result)) await this.#forgetGone(resource)
        // In one turn: from here on the store answers, and nobody can join a body that is over.
        this.#flights.delete(resource.key)
        this.#remember(resource, result)
        published?.body.finish()
        resolve(result)
        return result
      } catch (error) {
        this.#flights.delete(resource.key)
        published?.body.fail(asError(error))
        if (!this.#closing.signal.aborted) {
          this.#refreshLater(resource, 0)
          this.#observer.fillBroke?.(resource, asError(error))
        }
        reject(error)
        return undefined
      }
    }
    // A refresh has nobody who awaits its answer; the observer was told.
    answer.catch(() => undefined)
    const flight: Flight = { answer, over: run(), wanted }
    // `run` works up to its first await in this turn; a fetch cannot end within it.
    this.#flights.set(resource.key, flight)
    return flight
  }

  #remember(resource: Resource, result: FillResult): void {
    if (result.kind !== 'refused') {
      this.#misses.forget(resource.key)
      // With a disk that takes nothing, what is kept stays stale: that is no reason to ask with every request.
      if (result.stored) this.#refreshAfterMs.delete(resource.key)
      else this.#refreshLater(resource, 0)
      const { body, meta } = result.object
      if (resource.versions !== undefined && body.kind === 'bytes')
        this.#observer.versionsSeen?.(resource, meta.source, body.bytes)
      if (resource.disproves !== undefined && body.kind === 'bytes') {
        for (const key of resource.disproves(body.bytes)) this.#misses.forget(key)
      }
      return
    }
    if (result.refusal.kind === 'not-found' && result.refusal.fleeting !== true) {
      const untilMs = this.#now() + resource.missMs
      this.#misses.set(resource.key, refusedBy(result.refusal, result.source), untilMs)
      return
    }
    this.#refreshLater(resource, result.failure?.retryAfterMs ?? 0)
  }

  #refreshLater(resource: Resource, waitMs: number): void {
    if (this.#refreshAfterMs.size > 10_000) this.#refreshAfterMs.clear()
    this.#refreshAfterMs.set(resource.key, this.#now() + Math.max(waitMs, 1_000))
  }

  async #forgetGone(resource: Resource): Promise<void> {
    try {
      await this.#store.remove(resource.key)
      this.#observer.changed(resource.key)
    } catch (error) {
      this.#observer.storeFailed(resource, asError(error))
    }
  }

  #settleLater(resource: Resource, source: string, verdict: Promise<Verdict>): void {
    verdict
      .then((late) => this.settle(resource, source, late))
      .catch((error: unknown) => {
        // An abort on the way down is expected; the object stays unproved and is tried again.
        if (!this.#closing.signal.aborted) this.#observer.storeFailed(resource, asError(error))
      })
  }

  /** Applies a verdict to an object that is kept as unproved. */
  settle(resource: Resource, source: string, verdict: Verdict): Promise<void> {
    return settle({ resource, source, verdict }, this.#context)
  }

  #ageOf(object: StoredObject): number {
    // A clock that was set back must not make things fresh for ever.
    return Math.max(0, this.#now() - object.meta.checkedAtMs)
  }
}
