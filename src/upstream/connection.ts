/** One byte stream to one address: bounded reading with back-pressure, limits by progress, one failure. */

import type { Socket } from 'node:net'
import { asUpstreamError, broken } from './failure.ts'
import type { UpstreamError } from './upstream.ts'

/** Above this many unread bytes the socket is paused, so that the sender feels a slow reader. */
const highWaterBytes = 256 * 1024
/** Of a body on its way out: so much must be taken within one patience. */
const uploadBytes = 64 * 1024

/** How long a read may wait, and what it is called when it has waited too long. */
export interface Patience {
  readonly ms: number
  readonly late: () => UpstreamError
}

export class Connection {
  readonly host: string
  readonly remoteAddress: string
  /** Answers begun on this connection; a failure on a used one before any byte may be a stale keep-alive. */
  uses = 0
  /** Bytes that ever arrived. */
  receivedBytes = 0
  /** When the last of them came, on the clock of `performance.now()`. */
  receivedAt = 0
  readonly #socket: Socket
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #ended = false
  #failure: UpstreamError | undefined
  #wake: (() => void) | undefined
  #onIdleEvent: (() => void) | undefined

  /** Takes over a connected socket. */
  constructor(socket: Socket, host: string, remoteAddress: string) {
    this.#socket = socket
    this.host = host
    this.remoteAddress = remoteAddress
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onEnd)
    socket.on('error', this.#onError)
    socket.resume()
  }

  /** Open, with nothing unread and nothing wrong: fit for another request. */
  get healthy(): boolean {
    return !this.#ended && this.#failure === undefined && this.#queuedBytes === 0 && !this.#socket.destroyed
  }

  get unreadBytes(): number {
    return this.#queuedBytes
  }

  write(bytes: string | Uint8Array): void {
    if (this.#failure === undefined) this.#socket.write(bytes)
  }

  /**
   * Writes a body piece by piece, each within the patience. Ends early, without an error and with `false`, when
   * the other side answers before it has all, or breaks: what it said can be read then, but nothing else be sent.
   */
  async upload(bytes: Uint8Array, patience: Patience): Promise<boolean> {
    for (let at = 0; at < bytes.length; at += uploadBytes) {
      if (this.#failure !== undefined || this.#ended || this.#queuedBytes > 0) return false
      const piece = bytes.subarray(at, at + uploadBytes)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => this.fail(patience.late()), Math.max(0, patience.ms))
        const done = () => {
          clearTimeout(timer)
          this.#wake = undefined
          resolve()
        }
        this.#wake = done
        this.#socket.write(piece, done)
      })
    }
    return true
  }

  /**
   * The next bytes; undefined at the sender's end.
   * @throws UpstreamError what broke the connection, or `patience.late()`; both end it
   */
  async read(patience: Patience): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#queue.shift()
      if (chunk !== undefined) {
        this.#queuedBytes -= chunk.length
        if (this.#queuedBytes < highWaterBytes && this.#socket.isPaused()) this.#socket.resume()
        return chunk
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#ended) return undefined
      await this.#arrival(patience)
    }
  }

  /** Puts bytes back that belong to the next reader. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#queue.unshift(bytes)
    this.#queuedBytes += bytes.length
  }

  /** Nobody reads: any event from the other side makes it useless, and it keeps no process alive. */
  park(onEvent: () => void): void {
    this.#onIdleEvent = onEvent
    this.#socket.unref()
  }

  unpark(): void {
    this.#onIdleEvent = undefined
    this.#socket.ref()
  }

  /** Hands the bare socket on, for a protocol inside it. @throws UpstreamError when bytes came too early */
  release(): Socket {
    if (!this.healthy) {
      this.fail(broken('malformed', `${this.host} sent bytes before it was asked`))
      throw this.#failure
    }
    this.#socket.off('data', this.#onData)
    this.#socket.off('end', this.#onEnd)
    this.#socket.off('close', this.#onEnd)
    this.#socket.off('error', this.#onError)
    this.#socket.pause()
    return this.#socket
  }

  /** Ends it at once; a pending and every later read throws `error`. The first failure stands. */
  fail(error: UpstreamError): void {
    this.#failure ??= error
    this.#socket.destroy()
    this.#signal()
  }

  destroy(): void {
    this.fail(broken('aborted', `the connection to ${this.host} was closed by this side`))
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#queue.push(chunk)
    this.#queuedBytes += chunk.length
    this.receivedBytes += chunk.length
    this.receivedAt = performance.now()
    if (this.#queuedBytes >= highWaterBytes) this.#socket.pause()
    this.#signal()
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#signal()
  }

  readonly #onError = (error: Error): void => this.fail(asUpstreamError(error, this.host))

  #signal(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
    this.#onIdleEvent?.()
  }

  #arrival(patience: Patience): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.fail(patience.late()), Math.max(0, patience.ms))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
