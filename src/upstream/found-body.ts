/** The body of an answer as the consumer sees it: continued when it breaks, freed when left. */

import { asUpstreamError, broken } from './failure.ts'
import type { ByteSource } from './http-response.ts'
import type { UpstreamError, UpstreamFailure } from './upstream.ts'

export interface FoundBodyOptions {
  readonly first: ByteSource
  /** For messages. */
  readonly host: string
  /** Of the whole body, when it was announced; a body that ends elsewhere is broken. */
  readonly sizeBytes: number | undefined
  readonly unclaimedMs: number
  /** The same body from `atByte` on, or undefined when it cannot be had; takes the failure's place. */
  readonly resume?: (atByte: number, failure: UpstreamFailure) => Promise<ByteSource | undefined>
}

/** Can be iterated once. Freed by its end, by leaving the loop, or when nobody starts within `unclaimedMs`. */
export class FoundBody implements AsyncIterable<Uint8Array> {
  readonly #options: FoundBodyOptions
  readonly #unclaimed: NodeJS.Timeout
  #source: ByteSource
  #claimed = false
  #continued = false
  #givenUp: UpstreamError | undefined

  constructor(options: FoundBodyOptions) {
    this.#options = options
    this.#source = options.first
    this.#unclaimed = setTimeout(() => {
      this.#givenUp = broken('aborted', `nobody read the answer of ${options.host} in time`)
      this.discard()
    }, options.unclaimedMs)
    this.#unclaimed.unref()
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#claimed) throw new TypeError('this body was read before')
    this.#claimed = true
    clearTimeout(this.#unclaimed)
    const chunks = this.#read()
    // A generator that was never started does not run its `finally`; leaving must free the connection all the same.
    return {
      next: () => chunks.next(),
      return: async () => {
        this.discard()
        return chunks.return(undefined)
      },
    }
  }

  /** More than one answer went into it: if it proves wrong, nobody knows yet whose bytes were. */
  get isPieced(): boolean {
    return this.#continued
  }

  /** Frees the connection; safe at any time. */
  discard(): void {
    clearTimeout(this.#unclaimed)
    this.#source.discard()
  }

  async *#read(): AsyncGenerator<Uint8Array, undefined> {
    if (this.#givenUp !== undefined) throw this.#givenUp
    try {
      for (let size = 0; ; ) {
        const chunk = await this.#next(size)
        if (chunk === undefined) return
        size += chunk.length
        yield chunk
      }
    } finally {
      this.#source.discard()
    }
  }

  /** A part that continues a body may be whole by its own length and still not be the rest. */
  #checkSize(size: number, ended: boolean): void {
    const { sizeBytes, host } = this.#options
    if (sizeBytes === undefined) return
    if (size > sizeBytes)
      throw broken('malformed', `${host} sent more than the ${sizeBytes} bytes it announced`)
    if (ended && size < sizeBytes)
      throw broken('truncated', `${host} ended after ${size} of ${sizeBytes} bytes`)
  }

  async #next(atByte: number): Promise<Uint8Array | undefined> {
    for (;;) {
      try {
        const chunk = await this.#source.next()
        this.#checkSize(atByte + (chunk?.length ?? 0), chunk === undefined)
        return chunk
      } catch (error) {
        const failed = asUpstreamError(error, this.#options.host)
        const rest = await this.#options.resume?.(atByte, failed.failure)
        if (rest === undefined) throw failed
        this.#source = rest
        this.#continued = true
      }
    }
  }
}
