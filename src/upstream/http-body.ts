/** Takes the body of an HTTP/1.1 answer out of its framing (RFC 9112 sections 6 and 7). */

import type { Connection } from './connection.ts'
import { broken } from './failure.ts'
import type { ResponseHead } from './http-head.ts'
import type { UpstreamLimits } from './limits.ts'
import type { UpstreamError } from './upstream.ts'

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly sizeBytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' }

type BodyLimits = Pick<UpstreamLimits, 'stallMs' | 'stallBytes'>

/** A chunk's size line, and all trailers together. */
const maxLineBytes = 4096
const maxTrailerBytes = 16_384

/** @throws UpstreamError `malformed` when the head contradicts itself about the length */
export function framingOf(head: ResponseHead, host: string): Framing {
  if (head.status === 204 || head.status === 304) return { kind: 'none' }
  const encoding = head.headers.get('transfer-encoding')
  const length = head.headers.get('content-length')
  if (encoding !== undefined) {
    if (length !== undefined) throw broken('malformed', `${host} sent both a length and a transfer coding`)
    if (encoding.toLowerCase() !== 'chunked')
      throw broken('malformed', `${host} used the transfer coding ${encoding}`)
    return { kind: 'chunked' }
  }
  if (length === undefined) return { kind: 'close' }
  const lengths = new Set(length.split(',').map((text) => text.trim()))
  const [only = ''] = lengths
  if (lengths.size !== 1 || !/^\d{1,15}$/.test(only))
    throw broken('malformed', `${host} sent the length ${length}`)
  return { kind: 'length', sizeBytes: Number(only) }
}

/** Reads the bytes of one body; `done` is set when the framing is satisfied. */
export class BodyReader {
  done = false
  /** Body bytes delivered so far. */
  deliveredBytes = 0
  readonly #connection: Connection
  readonly #framing: Framing
  readonly #limits: BodyLimits
  #waitedMs = 0
  #windowBytes = 0
  /** Of the present chunk, when chunked. */
  #chunkLeft = 0
  #firstChunk = true

  constructor(connection: Connection, framing: Framing, limits: BodyLimits) {
    this.#connection = connection
    this.#framing = framing
    this.#limits = limits
  }

  /**
   * The next bytes; undefined at the proper end.
   * @throws UpstreamError `stall`, `reset`, `truncated`, `malformed`
   */
  async next(): Promise<Uint8Array | undefined> {
    if (this.done) return undefined
    const chunk = await this.#take()
    if (chunk === undefined) this.done = true
    else this.deliveredBytes += chunk.length
    return chunk
  }

  #take(): Promise<Uint8Array | undefined> {
    switch (this.#framing.kind) {
      case 'none':
        return Promise.resolve(undefined)
      case 'length':
        return this.#takeOf(this.#framing.sizeBytes)
      case 'close':
        return this.#read()
      case 'chunked':
        return this.#takeChunked()
    }
  }

  async #takeOf(sizeBytes: number): Promise<Uint8Array | undefined> {
    const left = sizeBytes - this.deliveredBytes
    if (left === 0) {
      if (this.#connection.unreadBytes > 0) {
        throw this.#lied(`sent more than the ${sizeBytes} bytes it announced`)
      }
      return undefined
    }
    const bytes = await this.#read()
    if (bytes === undefined) {
      throw broken(
        'truncated',
        `${this.#connection.host} closed after ${this.deliveredBytes} of ${sizeBytes} bytes`,
      )
    }
    if (bytes.length > left) this.#connection.unread(bytes.subarray(left))
    return bytes.subarray(0, left)
  }

  async #takeChunked(): Promise<Uint8Array | undefined> {
    if (this.#chunkLeft === 0) {
      if (!this.#firstChunk && (await this.#line(maxLineBytes)) !== '')
        throw this.#lied('sent a chunk longer than it said')
      this.#firstChunk = false
      const line = await this.#line(maxLineBytes)
      const size = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line)
      if (size === null) throw this.#lied('sent a broken chunk size')
      this.#chunkLeft = Number.parseInt(size[1] ?? '', 16)
      if (this.#chunkLeft === 0) {
        await this.#skipTrailers()
        return undefined
      }
    }
    const bytes = await this.#read()
    if (bytes === undefined) throw this.#cut()
    if (bytes.length > this.#chunkLeft) this.#connection.unread(bytes.subarray(this.#chunkLeft))
    const taken = bytes.subarray(0, this.#chunkLeft)
    this.#chunkLeft -= taken.length
    return taken
  }

  async #skipTrailers(): Promise<void> {
    for (let size = 0; ; ) {
      const line = await this.#line(maxTrailerBytes)
      if (line === '') return
      size += line.length
      if (size > maxTrailerBytes) throw this.#lied('sent endless trailers')
    }
  }

  async #line(maxBytes: number): Promise<string> {
    const parts: Uint8Array[] = []
    for (let size = 0; ; ) {
      const bytes = await this.#read()
      if (bytes === undefined) throw this.#cut()
      const end = bytes.indexOf(10)
      const part = end === -1 ? bytes : bytes.subarray(0, end)
      size += part.length
      if (size > maxBytes) throw this.#lied('sent an endless line in a chunked body')
      parts.push(part)
      if (end === -1) continue
      this.#connection.unread(bytes.subarray(end + 1))
      return Buffer.concat(parts).toString('latin1').replace(/\r$/, '')
    }
  }

  /** Counts only the time in which we wait: a paused reader is not the sender's stall. */
  async #read(): Promise<Uint8Array | undefined> {
    const { stallMs, stallBytes } = this.#limits
    const host = this.#connection.host
    const started = performance.now()
    const bytes = await this.#connection.read({
      ms: stallMs - this.#waitedMs,
      late: () =>
        broken(
          'stall',
          `${host} stalled: ${this.#windowBytes} bytes in ${stallMs} ms, after ${this.deliveredBytes} bytes`,
        ),
    })
    this.#waitedMs += performance.now() - started
    this.#windowBytes += bytes?.length ?? 0
    if (this.#windowBytes >= stallBytes) {
      this.#waitedMs = 0
      this.#windowBytes = 0
    }
    return bytes
  }

  #cut(): UpstreamError {
    return broken('truncated', `${this.#connection.host} closed in the middle of a chunked body`)
  }

  #lied(what: string): UpstreamError {
    return broken('malformed', `${this.#connection.host} ${what}`)
  }
}
