import type { Refused } from './outcome.ts'

const MAX_MISSES = 100_000

/**
 * Remembers what does not exist: for a short time in place of asking, and longer for an outage. Only real answers of
 * sources come here. Bounded: the oldest is forgotten first.
 */
export class MissMemory {
  readonly #misses = new Map<string, { readonly refused: Refused; readonly untilMs: number }>()

  get(key: string, nowMs: number): Refused | undefined {
    const miss = this.#misses.get(key)
    return miss !== undefined && nowMs < miss.untilMs ? miss.refused : undefined
  }

  /** What was true when the sources could last be asked, however long ago. */
  old(key: string): Refused | undefined {
    return this.#misses.get(key)?.refused
  }

  set(key: string, refused: Refused, untilMs: number): void {
    this.#misses.delete(key)
    this.#misses.set(key, { refused: { ...refused, remembered: true }, untilMs })
    if (this.#misses.size > MAX_MISSES) {
      const oldest = this.#misses.keys().next().value
      if (oldest !== undefined) this.#misses.delete(oldest)
    }
  }

  forget(key: string): void {
    this.#misses.delete(key)
  }

  clear(): void {
    this.#misses.clear()
  }

  get size(): number {
    return this.#misses.size
  }
}
