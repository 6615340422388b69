/** Requests that somebody waits for: `posthaste verify` looks here whether its client's requests arrived. */

/** One request that arrived, masked and cut to a bounded length. */
export interface WatchedRequest {
  /** When it came, in milliseconds since the epoch. */
  readonly atMs: number
  readonly ecosystem: string
  readonly method: string
  /** As received: path and query, percent-encoded. */
  readonly path: string
  readonly status: number
  /** One word: `hit`, `filled`. */
  readonly outcome: string
  /** Of the body, as sent. */
  readonly bytes: number
  readonly userAgent: string
}

export interface RequestWatchOptions {
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string
  readonly now?: () => number
}

export interface Watched {
  /** Oldest first. */
  readonly requests: readonly WatchedRequest[]
  /** How many more there were than are kept. */
  readonly dropped: number
}

interface Watch {
  readonly untilMs: number
  readonly texts: readonly string[]
  readonly requests: WatchedRequest[]
  dropped: number
}

const MAX_WATCHES = 16
const MAX_REQUESTS = 200
/** pip's User-Agent has several hundred characters. */
const MAX_LENGTH = 1_000

/**
 * Keeps requests only while somebody watches, and only those whose path or User-Agent holds one of the texts:
 * at any other time a request costs one comparison, and no name of a package lies in memory.
 */
export class RequestWatch {
  readonly #mask: (text: string) => string
  readonly #now: () => number
  readonly #watches = new Map<string, Watch>()

  constructor({ mask, now = Date.now }: RequestWatchOptions) {
    this.#mask = mask
    this.#now = now
  }

  /** True when requests have to be told. */
  get on(): boolean {
    if (this.#watches.size === 0) return false
    this.#forgetOld()
    return this.#watches.size > 0
  }

  /** The same marker again begins anew; the oldest watch gives way when there are too many. */
  start(marker: string, texts: readonly string[], lastsMs: number): void {
    this.#forgetOld()
    this.#watches.delete(marker)
    const [oldest] = this.#watches.keys()
    if (this.#watches.size >= MAX_WATCHES && oldest !== undefined) this.#watches.delete(oldest)
    const untilMs = this.#now() + lastsMs
    this.#watches.set(marker, { untilMs, texts: [marker, ...texts], requests: [], dropped: 0 })
  }

  note(request: WatchedRequest): void {
    for (const watch of this.#watches.values()) {
      const isMeant = watch.texts.some(
        (text) => request.path.includes(text) || request.userAgent.includes(text),
      )
      if (!isMeant) continue
      if (watch.requests.length >= MAX_REQUESTS) watch.dropped += 1
      else watch.requests.push(this.#bounded(request))
    }
  }

  /** Undefined when nobody watches for this marker, or does no longer. */
  seen(marker: string): Watched | undefined {
    this.#forgetOld()
    const watch = this.#watches.get(marker)
    return watch && { requests: [...watch.requests], dropped: watch.dropped }
  }

  #bounded(request: WatchedRequest): WatchedRequest {
    const cut = (text: string) => this.#mask(text).slice(0, MAX_LENGTH).toWellFormed()
    return { ...request, path: cut(request.path), userAgent: cut(request.userAgent) }
  }

  #forgetOld(): void {
    const nowMs = this.#now()
    for (const [marker, { untilMs }] of this.#watches) {
      if (untilMs <= nowMs) this.#watches.delete(marker)
    }
  }
}
