/** The last refusals with their reasons: what a client hides, a person finds here. */

/** One request that was refused, masked and cut to a bounded length. */
export interface RecentRefusal {
  /** When it was refused last, in milliseconds since the epoch. */
  readonly atMs: number
  /** Method and path: `GET /go/m.example/@v/v1.0.0.info`. */
  readonly what: string
  readonly status: number
  readonly reason: string
  /** How often in a row of refusals that are still listed; clients ask again. */
  readonly times: number
}

export interface RefusedRequest {
  readonly atMs: number
  readonly method: string
  /** As received: path and query, percent-encoded. */
  readonly path: string
  readonly status: number
  readonly reason: string
}

export interface RecentRefusalsOptions {
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string
  /** Default: 20. */
  readonly limit?: number
}

const MAX_WHAT = 300
const MAX_REASON = 600

export class RecentRefusals {
  readonly #mask: (text: string) => string
  readonly #limit: number
  /** Oldest first. */
  readonly #entries: RecentRefusal[] = []

  constructor({ mask, limit = 20 }: RecentRefusalsOptions) {
    this.#mask = mask
    this.#limit = limit
  }

  /** The same refusal again takes its older entry's place. */
  note(refused: RefusedRequest): void {
    const what = cut(this.#mask(`${refused.method} ${refused.path}`), MAX_WHAT)
    const reason = cut(this.#mask(refused.reason), MAX_REASON)
    const { atMs, status } = refused
    const same = this.#entries.findIndex(
      (entry) => entry.what === what && entry.status === status && entry.reason === reason,
    )
    const [before] = same < 0 ? [] : this.#entries.splice(same, 1)
    this.#entries.push({ atMs, what, status, reason, times: (before?.times ?? 0) + 1 })
    if (this.#entries.length > this.#limit) this.#entries.shift()
  }

  /** Newest first. */
  list(): readonly RecentRefusal[] {
    return this.#entries.toReversed()
  }
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`
}
