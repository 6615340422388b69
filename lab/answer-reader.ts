export interface Target {
  readonly host: string
  readonly hostname: string
  readonly port: number
  readonly path: string
}

export function targetOf(address: string): Target {
  const url = new URL(address)
  return { host: url.host, hostname: url.hostname, port: Number(url.port), path: url.pathname + url.search }
}

export const requestFor = (target: Target) =>
  Buffer.from(`GET ${target.path} HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`)

/** Reads one answer as it comes, by its length or in chunks, and hands its body on without a copy. */
export class AnswerReader {
  /** 0 until the header is there. */
  status = 0
  /** Of the body, so far. */
  receivedBytes = 0
  /** The body came whole: all of its announced length, or the last chunk. */
  done = false
  #head: Buffer | undefined = Buffer.alloc(0)
  #contentLength = Number.NaN
  #chunks: ChunkDecoder | undefined
  readonly #onBody: ((piece: Buffer) => void) | undefined

  constructor(onBody?: (piece: Buffer) => void) {
    this.#onBody = onBody
  }

  push(bytes: Buffer): void {
    if (!this.#head) {
      this.#takeBody(bytes)
      return
    }
    this.#head = Buffer.concat([this.#head, bytes])
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    const text = this.#head.toString('latin1', 0, end)
    const rest = this.#head.subarray(end + 4)
    this.#head = undefined
    this.status = Number(text.slice(9, 12))
    if (/\r\ntransfer-encoding: *chunked/i.test(text))
      this.#chunks = new ChunkDecoder((piece) => this.#hand(piece))
    else this.#contentLength = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? Number.NaN)
    this.#takeBody(rest)
  }

  #takeBody(bytes: Buffer): void {
    if (this.#chunks) {
      this.#chunks.push(bytes)
      this.done = this.#chunks.done
      return
    }
    if (bytes.length > 0) this.#hand(bytes)
    this.done = this.receivedBytes === this.#contentLength
  }

  #hand(piece: Buffer): void {
    this.receivedBytes += piece.length
    this.#onBody?.(piece)
  }
}

/** RFC 9112 section 7.1, without trailers. */
class ChunkDecoder {
  done = false
  #leftInChunk = 0
  #line = ''
  readonly #onBody: (piece: Buffer) => void

  constructor(onBody: (piece: Buffer) => void) {
    this.#onBody = onBody
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.done; ) {
      if (this.#leftInChunk > 0) {
        const piece = bytes.subarray(at, at + this.#leftInChunk)
        this.#onBody(piece)
        this.#leftInChunk -= piece.length
        at += piece.length
        continue
      }
      const newline = bytes.indexOf(10, at)
      this.#line += bytes.toString('latin1', at, newline < 0 ? bytes.length : newline)
      if (newline < 0) return
      at = newline + 1
      const text = this.#line.trim()
      this.#line = ''
      if (text === '') continue
      this.#leftInChunk = Number.parseInt(text, 16)
      this.done = this.#leftInChunk === 0
    }
  }
}
