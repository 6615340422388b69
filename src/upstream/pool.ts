/** Keep-alive connections to one origin: last used first, bounded, one queue. */

import type { Connection } from './connection.ts'
import { asUpstreamError, broken } from './failure.ts'
import type { UpstreamLimits } from './limits.ts'
import type { UpstreamError } from './upstream.ts'

interface Waiter {
  /** Nobody waits for what it fetches: whoever is waited for comes first. Ends when somebody does. */
  readonly ahead: boolean
  readonly give: (connection: Connection) => void
  readonly fail: (error: UpstreamError) => void
}

interface PoolOptions {
  /** For messages. */
  readonly host: string
  readonly dial: () => Promise<Connection>
  readonly limits: Pick<UpstreamLimits, 'maxConnections' | 'idleMs' | 'stallMs'>
}

const redialMs = 1000
/** One in four open connections is kept for whoever is waited for, up to this many. */
const maxReserved = 8

export class Pool {
  readonly #options: PoolOptions
  readonly #open = new Set<Connection>()
  /** The one used last stands at the end; each with its timer. */
  readonly #idle = new Map<Connection, NodeJS.Timeout>()
  readonly #waiters = new Set<Waiter>()
  #dialing = 0
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  get size(): { readonly open: number; readonly waiting: number; readonly dialing: number } {
    return { open: this.#open.size, waiting: this.#waiters.size, dialing: this.#dialing }
  }

  /** Bytes came lately on some connection: whoever waits here waits for others' bodies, not for a dead host. */
  get isMoving(): boolean {
    const since = performance.now() - this.#options.limits.stallMs
    return [...this.#open].some(({ receivedAt }) => receivedAt > since)
  }

  /**
   * A connection of one's own until `release`. With `fresh` it is one that has carried nothing yet; until
   * `wanted` has fired, everybody else comes first.
   * @throws UpstreamError what the dialling failed with; `signal.reason` when that aborts first
   */
  acquire(
    signal: AbortSignal,
    options: { readonly fresh?: boolean; readonly wanted?: AbortSignal | undefined } = {},
  ): Promise<Connection> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (this.#closed)
      return Promise.reject(broken('aborted', `the connections to ${this.#options.host} are closed`))
    if (options.fresh === true) return this.#dial(signal)
    const { wanted } = options
    const isAhead = () => wanted !== undefined && !wanted.aborted
    const idle = isAhead() && !this.#hasSpare() ? undefined : this.#takeIdle()
    if (idle !== undefined) return Promise.resolve(idle)
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter)
        signal.removeEventListener('abort', abort)
        wanted?.removeEventListener('abort', hurry)
      }
      const abort = () => {
        leave()
        reject(signal.reason)
      }
      const hurry = () => {
        const kept = this.#takeIdle()
        if (kept !== undefined) waiter.give(kept)
      }
      const waiter: Waiter = {
        get ahead() {
          return isAhead()
        },
        give: (connection) => {
          leave()
          resolve(connection)
        },
        fail: (error) => {
          leave()
          reject(error)
        },
      }
      signal.addEventListener('abort', abort)
      wanted?.addEventListener('abort', hurry)
      this.#waiters.add(waiter)
      this.#dialForWaiters()
    })
  }

  /** Gives a connection back; one that cannot be used again is closed. */
  release(connection: Connection, reusable: boolean): void {
    if (!this.#open.has(connection)) return
    if (!reusable || this.#closed || !connection.healthy) {
      this.#drop(connection)
      this.#dialForWaiters()
      return
    }
    this.#offer(connection)
  }

  /** Opens connections before they are needed; failures are found by whoever needs one. */
  warmUp(count: number): void {
    const wanted = Math.min(count, this.#options.limits.maxConnections)
    while (!this.#closed && this.#open.size + this.#dialing < wanted) this.#dialOne()
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#open) this.#drop(connection)
    const error = broken('aborted', `the connections to ${this.#options.host} are closed`)
    for (const waiter of [...this.#waiters]) waiter.fail(error)
  }

  #takeIdle(): Connection | undefined {
    for (const connection of [...this.#idle.keys()].reverse()) {
      this.#unidle(connection)
      if (connection.healthy) return connection
      this.#drop(connection)
    }
    return undefined
  }

  #offer(connection: Connection): void {
    const waiter = this.#nextWaiter()
    if (waiter !== undefined && (!waiter.ahead || this.#hasSpare(1))) {
      waiter.give(connection)
      return
    }
    const timer = setTimeout(() => this.#drop(connection), this.#options.limits.idleMs)
    timer.unref()
    this.#idle.set(connection, timer)
    connection.park(() => this.#drop(connection))
  }

  /** True when one may go to what is fetched ahead; `more` are about to be idle. */
  #hasSpare(more = 0): boolean {
    return this.#idle.size + more > Math.min(maxReserved, Math.floor(this.#open.size / 4))
  }

  #nextWaiter(): Waiter | undefined {
    for (const waiter of this.#waiters) if (!waiter.ahead) return waiter
    const [first] = this.#waiters
    return first
  }

  #unidle(connection: Connection): void {
    clearTimeout(this.#idle.get(connection))
    this.#idle.delete(connection)
    connection.unpark()
  }

  #drop(connection: Connection): void {
    if (this.#idle.has(connection)) this.#unidle(connection)
    this.#open.delete(connection)
    connection.destroy()
  }

  #dialForWaiters(): void {
    while (
      !this.#closed &&
      this.#dialing < this.#waiters.size &&
      this.#open.size + this.#dialing < this.#options.limits.maxConnections
    ) {
      this.#dialOne()
    }
  }

  #dialOne(): void {
    this.#dialing++
    this.#options.dial().then(
      (connection) => {
        this.#dialing--
        this.#open.add(connection)
        if (this.#closed) this.#drop(connection)
        else this.#offer(connection)
      },
      (error: unknown) => {
        this.#dialing--
        this.#dialFailed(asUpstreamError(error, this.#options.host))
      },
    )
  }

  /** One failed dial answers everybody who has nothing else to hope for: an outage is not tried once per waiter. */
  #dialFailed(error: UpstreamError): void {
    if (this.#dialing > 0) return
    if (this.#open.size > 0) {
      // They wait for the connections that live; another is tried a little later, not at once for each of them.
      setTimeout(() => this.#dialForWaiters(), redialMs).unref()
      return
    }
    for (const waiter of [...this.#waiters]) waiter.fail(error)
  }

  #dial(signal: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason)
      signal.addEventListener('abort', abort)
      this.#dialing++
      const dialled = (act: () => void) => {
        this.#dialing--
        signal.removeEventListener('abort', abort)
        act()
      }
      this.#options.dial().then(
        (connection) =>
          dialled(() => {
            this.#open.add(connection)
            resolve(connection)
            if (signal.aborted || this.#closed) this.#drop(connection)
          }),
        (error: unknown) =>
          dialled(() => {
            reject(error)
            this.#dialFailed(asUpstreamError(error, this.#options.host))
          }),
      )
    })
  }
}
