/** Retry-After (RFC 9110 10.2.3), and until when each host asked to be left alone. */

/** More than this is not obeyed: one broken clock must not take a source away for a day. */
const longestMs = 3_600_000
const maxHosts = 1000

/** Milliseconds from `nowMs`; seconds and dates are understood, anything else is undefined. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Math.min(Number(value) * 1000, longestMs)
  if (!/[a-z]/i.test(value)) return undefined
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - nowMs), longestMs)
}

export class Throttles {
  readonly #now: () => number
  readonly #untilMs = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  obey(host: string, retryAfterMs: number): void {
    if (this.#untilMs.size >= maxHosts) this.#untilMs.clear()
    this.#untilMs.set(host, this.#now() + retryAfterMs)
  }

  /** Milliseconds for which the host must still be left alone; 0 when it may be asked. */
  waitMs(host: string): number {
    const untilMs = this.#untilMs.get(host)
    if (untilMs === undefined) return 0
    const left = untilMs - this.#now()
    if (left <= 0) this.#untilMs.delete(host)
    return Math.max(0, left)
  }
}
