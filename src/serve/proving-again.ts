import { asError } from '../as-error.ts'
import type { Cache } from '../cache/cache.ts'
import { reproveAll } from '../cache/reprove.ts'
import type { Resource } from '../ecosystems/ecosystem.ts'
import type { Logger } from '../observe/log.ts'
import type { Store } from '../store/store.ts'

/** How often objects that could not be proved are tried again. */
const EVERY_MS = 60_000

export interface ProvingAgainOptions {
  readonly store: Store
  readonly cache: Cache
  readonly resourceOf: (key: string) => Resource | undefined
  readonly enabled: () => boolean
  readonly log: Logger
}

/** Tries what is kept as unproved again and again, until it is settled. */
export class ProvingAgain {
  readonly #options: ProvingAgainOptions
  readonly #closing = new AbortController()
  readonly #timer: NodeJS.Timeout
  #running: Promise<void> | undefined

  constructor(options: ProvingAgainOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#start(), EVERY_MS)
    this.#timer.unref()
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#closing.abort(new Error('posthaste is stopping'))
    await this.#running
  }

  #start(): void {
    if (this.#running !== undefined || !this.#options.enabled()) return
    this.#running = this.#run().finally(() => {
      this.#running = undefined
    })
  }

  async #run(): Promise<void> {
    const { store, cache, resourceOf, log } = this.#options
    const { signal } = this.#closing
    try {
      const { settled } = await reproveAll({ store, cache, resourceOf, signal })
      if (settled > 0) log.info('objects that were unproved are settled', { settled })
    } catch (error) {
      if (signal.aborted) return
      log.warn('proving again failed', { error: asError(error) })
    }
  }
}
