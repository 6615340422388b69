/** How many requests at a time a host takes: as many as one likes, until it says that there are too many. */

interface Waiter {
  readonly isAhead: () => boolean
  readonly begin: () => void
}

interface Pace {
  active: number
  limit: number
  /** Answers since the limit last changed. */
  good: number
  readonly waiting: Waiter[]
}

/** Told how a request ended; frees its place. Only the first call counts. */
export type Leave = (isTooMany?: boolean) => void

/** Of what the host bore, so much is asked of it next. */
const backOff = 0.7
/** After so many answers one more at a time is tried. */
const goodForMore = 50
const freeAgain = 64
const maxHosts = 1000

export class HostPaces {
  readonly #paces = new Map<string, Pace>()

  /**
   * A place, at once or when one is free: what somebody waits for comes before what is fetched ahead. Undefined
   * when none is free within `withinMs`. Rejects only with `signal.reason`.
   */
  enter(
    host: string,
    isAhead: () => boolean,
    limits: { readonly withinMs: number; readonly signal: AbortSignal },
  ): Leave | Promise<Leave | undefined> {
    const pace = this.#paceOf(host)
    if (pace.active < pace.limit) return this.#begin(pace)
    const { withinMs, signal } = limits
    return new Promise((resolve, reject) => {
      const forget = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        const place = pace.waiting.indexOf(waiter)
        if (place !== -1) pace.waiting.splice(place, 1)
      }
      const waiter: Waiter = {
        isAhead,
        begin: () => {
          forget()
          resolve(this.#begin(pace))
        },
      }
      const onAbort = () => {
        forget()
        reject(signal.reason)
      }
      const timer = setTimeout(() => {
        forget()
        resolve(undefined)
      }, withinMs)
      signal.addEventListener('abort', onAbort)
      pace.waiting.push(waiter)
    })
  }

  /** A host answered that there are too many; to be called while the request that it answered has its place. */
  tooMany(host: string): void {
    const pace = this.#paceOf(host)
    pace.limit = Math.max(1, Math.min(pace.limit, Math.floor((pace.active - 1) * backOff)))
    pace.good = 0
  }

  #paceOf(host: string): Pace {
    const known = this.#paces.get(host)
    if (known !== undefined) return known
    if (this.#paces.size >= maxHosts) {
      for (const [key, { active, waiting }] of this.#paces)
        if (active === 0 && waiting.length === 0) this.#paces.delete(key)
    }
    const pace: Pace = { active: 0, limit: Number.POSITIVE_INFINITY, good: 0, waiting: [] }
    this.#paces.set(host, pace)
    return pace
  }

  #begin(pace: Pace): Leave {
    pace.active++
    let left = false
    return (isTooMany = false) => {
      if (left) return
      left = true
      pace.active--
      if (!isTooMany && ++pace.good >= goodForMore) {
        pace.good = 0
        if (++pace.limit > freeAgain) pace.limit = Number.POSITIVE_INFINITY
      }
      while (pace.active < pace.limit) {
        const next = pace.waiting.find(({ isAhead }) => !isAhead()) ?? pace.waiting[0]
        if (next === undefined) return
        next.begin()
      }
    }
  }
}
