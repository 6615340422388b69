import type { Pool } from './pool.ts'

/** The time until a head; waiting for a connection that is busy with others' bodies does not count. */
export class HeadPatience {
  readonly #ms: number
  readonly #late: () => void
  #timer: NodeJS.Timeout
  #pool: Pool | undefined
  #extended = false

  constructor(ms: number, late: () => void) {
    this.#ms = ms
    this.#late = late
    this.#timer = setTimeout(() => this.#expire(), ms)
  }

  queuedIn(pool: Pool): void {
    this.#pool = pool
  }

  served(): void {
    this.#pool = undefined
    if (this.#extended) this.#restart()
    this.#extended = false
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #expire(): void {
    if (this.#pool?.isMoving !== true) {
      this.#late()
      return
    }
    this.#extended = true
    this.#restart()
  }

  #restart(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#expire(), this.#ms)
  }
}
