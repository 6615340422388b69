/** How long something fetched ahead may wait for its client before it counts as wasted. */
const CLAIM_MS = 10 * 60_000
/** So many unclaimed entries are remembered; older ones count as wasted. */
const MAX_UNCLAIMED = 50_000
/** The balance is judged only above this much waste. */
const MIN_WASTE_BYTES = 64 * 1024 * 1024
/** Waste above this share of what was used does not pay. */
const MAX_WASTE_RATIO = 0.25
const PAUSE_MS = 10 * 60_000

export interface AheadBalance {
  readonly fetches: number
  readonly fetchedBytes: number
  readonly usedBytes: number
  readonly wastedBytes: number
  /** Fetched, and neither used nor given up yet. */
  readonly unclaimedBytes: number
}

/** The account of what was fetched ahead: used by a client, or wasted. Decides whether it pays. */
export class Claims {
  readonly #now: () => number
  readonly #unclaimed = new Map<string, { readonly bytes: number; readonly untilMs: number }>()
  #unclaimedBytes = 0
  #fetches = 0
  #fetchedBytes = 0
  #usedBytes = 0
  #wastedBytes = 0
  /** Used and wasted bytes at the time of the last judgement. */
  #judged = { used: 0, wasted: 0 }
  #pausedUntilMs = 0

  constructor(now: () => number) {
    this.#now = now
  }

  fetched(key: string, bytes: number): void {
    this.#fetches++
    this.#fetchedBytes += bytes
    this.#waste(key) // it went missing unused
    this.#unclaimed.set(key, { bytes, untilMs: this.#now() + CLAIM_MS })
    this.#unclaimedBytes += bytes
    this.#expire()
  }

  /** A client asked for it. */
  used(key: string): void {
    if (this.#unclaimed.size === 0) return
    const claim = this.#unclaimed.get(key)
    if (claim === undefined) return
    this.#unclaimed.delete(key)
    this.#unclaimedBytes -= claim.bytes
    this.#usedBytes += claim.bytes
  }

  /** False for a while after too much was fetched in vain. */
  pays(): boolean {
    const nowMs = this.#now()
    if (nowMs < this.#pausedUntilMs) return false
    this.#expire()
    const wasted = this.#wastedBytes - this.#judged.wasted
    const used = this.#usedBytes - this.#judged.used
    if (wasted < MIN_WASTE_BYTES || wasted <= used * MAX_WASTE_RATIO) return true
    this.#pausedUntilMs = nowMs + PAUSE_MS
    this.#judged = { used: this.#usedBytes, wasted: this.#wastedBytes }
    return false
  }

  balance(): AheadBalance {
    return {
      fetches: this.#fetches,
      fetchedBytes: this.#fetchedBytes,
      usedBytes: this.#usedBytes,
      wastedBytes: this.#wastedBytes,
      unclaimedBytes: this.#unclaimedBytes,
    }
  }

  #expire(): void {
    const nowMs = this.#now()
    // In the order in which they came, so the first one that is in time ends the search.
    for (const [key, { untilMs }] of this.#unclaimed) {
      if (nowMs < untilMs && this.#unclaimed.size <= MAX_UNCLAIMED) return
      this.#waste(key)
    }
  }

  #waste(key: string): void {
    const bytes = this.#unclaimed.get(key)?.bytes ?? 0
    this.#unclaimed.delete(key)
    this.#unclaimedBytes -= bytes
    this.#wastedBytes += bytes
  }
}
