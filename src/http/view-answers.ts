import type { Refused } from '../cache/outcome.ts'
import type { View } from '../ecosystems/ecosystem.ts'
import type { Encoding, Seen } from '../views/views.ts'
import { ageAt, etagOf, type SendableAnswer } from './answer.ts'
import { cacheControlOf, cacheStatusOf } from './cache-words.ts'
import type { HotAnswer, HotAnswers } from './hot-answers.ts'
import { parseHttpDate } from './http-date.ts'

/** Paths and variants that may point to one kept body; beyond it the oldest is rendered again when asked for. */
const MAX_PLACES = 64
/** Kept bodies whose views are known to be hot. */
const MAX_KEYS = 20_000

/**
 * Rendered answers of views, among the hot ones. One path has several: by what the client accepts, and by the
 * address under which it reaches us.
 */
export class ViewAnswers {
  readonly #hot: HotAnswers
  /** Key of a kept body → where answers made from it lie. */
  readonly #places = new Map<string, Set<string>>()

  constructor(hot: HotAnswers) {
    this.#hot = hot
  }

  /** Where the answer for this request lies, if there is one. */
  placeOf(path: string, variant: string, encoding: Encoding, base: string): string {
    return `${path}\n${variant}\n${encoding ?? ''}\n${base}`
  }

  get(place: string, nowMs: number): HotAnswer | undefined {
    return this.#hot.get(place, nowMs)
  }

  set(place: string, view: View, answer: SendableAnswer): void {
    if (!this.#hot.admits(place)) return
    this.#hot.set(place, answer)
    this.#note(view.of.key, place)
    if (view.beside !== undefined) this.#note(view.beside.resource.key, place)
  }

  /** The bytes behind a key changed: what was made from them is void. */
  forget(key: string): void {
    const places = this.#places.get(key)
    if (places === undefined) return
    this.#places.delete(key)
    for (const place of places) this.#hot.forget(place.slice(1))
  }

  clear(): void {
    this.#places.clear()
  }

  #note(key: string, place: string): void {
    let places = this.#places.get(key)
    if (places === undefined) {
      const [first] = this.#places.keys()
      if (this.#places.size >= MAX_KEYS && first !== undefined) this.forget(first)
      places = new Set()
      this.#places.set(key, places)
    }
    places.add(place)
    const [oldest] = places
    if (places.size <= MAX_PLACES || oldest === undefined) return
    places.delete(oldest)
    this.#hot.forget(oldest.slice(1))
  }
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

export function isRefused(seen: Seen | Refused): seen is Refused {
  return seen.kind === 'refused'
}
