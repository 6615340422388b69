import type { Pool } from './pool.ts'

/** Lets a request wait longer for a source that shows meanwhile that it lives. */
export interface WhenAlive {
  /** In all, for a source that lives. */
  readonly ms: number
  /** Finds out within the time that is given; asked once, when half of the patience is used up. */
  readonly shown: (withinMs: number) => Promise<boolean>
}

/** The time until a head; waiting for a connection that is busy with others' bodies does not count. */
export class HeadPatience {
  readonly #ms: number
  readonly #late: (ms: number) => void
  #timer: NodeJS.Timeout
  readonly #asking: NodeJS.Timeout | undefined
  #pool: Pool | undefined
  #extended = false
  /** What may be waited beyond `ms`. */
  #moreMs = 0

  /** @param late is told how long it was waited for */
  constructor(ms: number, late: (ms: number) => void, alive?: WhenAlive) {
    this.#ms = ms
    this.#late = late
    this.#timer = setTimeout(() => this.#expire(), ms)
    if (alive !== undefined && alive.ms > ms) {
      this.#asking = setTimeout(async () => {
        if (await alive.shown(ms * askingShare)) this.#moreMs = alive.ms - ms
      }, ms / 2)
    }
  }

  queuedIn(pool: Pool): void {
    this.#pool = pool
  }

  served(): void {
    this.#pool = undefined
    if (this.#extended) this.#restart(this.#ms)
    this.#extended = false
  }

  end(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#asking)
  }

  #expire(): void {
    if (this.#pool?.isMoving === true) {
      this.#extended = true
      this.#restart(this.#ms)
      return
    }
    if (this.#moreMs === 0) {
      this.#late(this.#ms)
      return
    }
    const moreMs = this.#moreMs
    this.#moreMs = 0
    this.#timer = setTimeout(() => this.#late(this.#ms + moreMs), moreMs)
  }

  #restart(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#expire(), ms)
  }
}

/** Of the patience; it begins at the half and must be over before the end. */
const askingShare = 0.45
