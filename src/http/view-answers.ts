import type { View } from '../ecosystems/ecosystem.ts'
import type { Encoding, Seen } from '../views/views.ts'
import { ageAt, etagOf, type SendableAnswer } from './answer.ts'
import { cacheControlOf, cacheStatusOf } from './cache-words.ts'
import type { HotAnswer, HotAnswers } from './hot-answers.ts'
import { parseHttpDate } from './http-date.ts'

/** Paths and variants that may point to one kept body; beyond it the oldest is rendered again when asked for. */
const MAX_PLACES = 64
/** In all; what is beyond is rendered again when asked for. */
const MAX_ALL_PLACES = 20_000
/** A longer one is a path that is spelled to be long. */
const MAX_PLACE_LENGTH = 1_024

/** Whether what a view is made from has changed since this began. */
export interface Watch extends Disposable {
  readonly isVoid: boolean
}

/**
 * Rendered answers of views, among the hot ones. One path has several: by what the client accepts, and by the
 * address under which it reaches us.
 */
export class ViewAnswers {
  readonly #hot: HotAnswers
  /** Key of a kept body → where answers made from it lie. */
  readonly #places = new Map<string, Set<string>>()
  readonly #watching = new Map<string, Set<{ isVoid: boolean }>>()
  #count = 0

  constructor(hot: HotAnswers) {
    this.#hot = hot
  }

  /** Where the answer for this request lies, if there is one. */
  placeOf(path: string, variant: string, encoding: Encoding, base: string): string {
    return `${path}\n${variant}\n${encoding ?? ''}\n${base}`
  }

  get(place: string, nowMs: number, tag: string | null = null): HotAnswer | undefined {
    return this.#hot.get(place, nowMs, tag)
  }

  /** Places that are known, for all keys together. */
  get size(): number {
    return this.#count
  }

  /** To be held from before a view is asked for until its answer is set: bytes can change meanwhile. */
  watch(view: View): Watch {
    const keys = keysOf(view)
    const state = { isVoid: false }
    for (const key of keys) {
      const watches = this.#watching.get(key)
      if (watches === undefined) this.#watching.set(key, new Set([state]))
      else watches.add(state)
    }
    const leave = () => {
      for (const key of keys) {
        const watches = this.#watching.get(key)
        watches?.delete(state)
        if (watches?.size === 0) this.#watching.delete(key)
      }
    }
    return {
      get isVoid() {
        return state.isVoid
      },
      [Symbol.dispose]: leave,
    }
  }

  set(place: string, view: View, answer: SendableAnswer): void {
    if (place.length > MAX_PLACE_LENGTH || !this.#hot.admits(place)) return
    this.#hot.set(place, answer)
    for (const key of keysOf(view)) this.#note(key, place)
  }

  /** The bytes behind a key changed: what was made from them is void. */
  forget(key: string): void {
    for (const watch of this.#watching.get(key) ?? []) watch.isVoid = true
    const places = this.#places.get(key)
    if (places === undefined) return
    this.#places.delete(key)
    this.#count -= places.size
    for (const place of places) this.#hot.forget(place.slice(1))
  }

  clear(): void {
    for (const watches of this.#watching.values()) for (const watch of watches) watch.isVoid = true
    this.#places.clear()
    this.#count = 0
  }

  #note(key: string, place: string): void {
    const places = this.#places.get(key) ?? new Set()
    if (places.has(place)) return
    places.add(place)
    this.#count++
    // Last again: the oldest to be forgotten are those to which nothing came for the longest time.
    this.#places.delete(key)
    this.#places.set(key, places)
    const [oldest] = places
    if (places.size > MAX_PLACES && oldest !== undefined) {
      places.delete(oldest)
      this.#count--
      this.#hot.forget(oldest.slice(1))
    }
    const [first] = this.#places.keys()
    if (this.#count > MAX_ALL_PLACES && first !== undefined) this.forget(first)
  }
}

function keysOf({ of, beside }: View): readonly string[] {
  return beside === undefined ? [of.key] : [of.key, beside.resource.key]
}

/** The headers of a view: its own bytes and validator, the freshness of what it was made from. */
export function renderView(view: View, { object, of }: Seen, nowMs: number): SendableAnswer {
  const { meta } = of.object
  const etag = etagOf(object)
  const headers: Record<string, string> = {
    'content-type': view.mediaType,
    etag,
    'cache-control': cacheControlOf(view.of, of),
    'cache-status': cacheStatusOf(view.of, of),
    vary: view.vary === '' ? 'Accept-Encoding' : `${view.vary}, Accept-Encoding`,
    age: ageAt(meta.checkedAtMs, nowMs),
  }
  if (object.meta.encoding !== undefined) headers['content-encoding'] = object.meta.encoding
  const lastModifiedMs = parseHttpDate(meta.lastModified ?? '')
  if (lastModifiedMs !== undefined) headers['last-modified'] = new Date(lastModifiedMs).toUTCString()
  return {
    key: object.key,
    ecosystem: view.of.ecosystem,
    source: meta.source,
    headers,
    etag,
    sizeBytes: object.sizeBytes,
    body: object.body,
    checkedAtMs: meta.checkedAtMs,
    freshUntilMs: meta.checkedAtMs + view.of.freshMs,
    ...(lastModifiedMs === undefined ? {} : { lastModifiedMs }),
  }
}
