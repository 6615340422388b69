/** Reads an HTTP/1.1 answer (RFC 9112), strictly enough to tell a whole body from a broken one. */

export interface Head {
  readonly status: number
  /** Lower-case names; of a repeated one the last counts. */
  readonly headers: ReadonlyMap<string, string>
}

/** Undefined while the head is not complete. Interim answers (1xx) are passed over. */
export function readHead(
  bytes: Buffer,
): { readonly head: Head; readonly length: number } | 'not-http' | undefined {
  const start = bytes.subarray(0, 5).toString('latin1')
  if (!'HTTP/'.startsWith(start.slice(0, 5)) && !start.startsWith('HTTP/')) return 'not-http'
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1])
  if (Number.isNaN(status)) return 'not-http'
  if (status >= 100 && status < 200) {
    const next = readHead(bytes.subarray(end + 4))
    return typeof next === 'object' ? { head: next.head, length: next.length + end + 4 } : next
  }
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return { head: { status, headers }, length: end + 4 }
}

type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' }

export class BodyReader {
  readonly #framing: Framing
  readonly #mostBytes: number
  readonly #parts: Buffer[] = []
  #kept = 0
  #received = 0
  /** Undecoded bytes of a chunked body. */
  #pending: Buffer = Buffer.alloc(0)
  #leftInChunk = 0
  #state: 'size' | 'data' | 'crlf' | 'trailer' | 'done' | 'broken' = 'size'

  constructor({ status, headers }: Head, mostBytes: number) {
    this.#mostBytes = mostBytes
    const length = headers.get('content-length')
    if (status === 204 || status === 304) this.#framing = { kind: 'none' }
    else if (/chunked/i.test(headers.get('transfer-encoding') ?? '')) this.#framing = { kind: 'chunked' }
    else if (length !== undefined && /^\d{1,15}$/.test(length))
      this.#framing = { kind: 'length', bytes: Number(length) }
    else this.#framing = { kind: 'close' }
  }

  get declaredBytes(): number | undefined {
    return this.#framing.kind === 'length' ? this.#framing.bytes : undefined
  }

  get receivedBytes(): number {
    return this.#received
  }

  /** What came, up to the bound. */
  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  isFull(): boolean {
    return this.#kept >= this.#mostBytes && !this.isWhole(false)
  }

  /** @param cleanEnd whether the sender ended the connection in order */
  isWhole(cleanEnd: boolean): boolean {
    switch (this.#framing.kind) {
      case 'none':
        return true
      case 'length':
        return this.#received >= this.#framing.bytes
      case 'chunked':
        return this.#state === 'done'
      case 'close':
        return cleanEnd
    }
  }

  push(chunk: Buffer): void {
    if (this.#framing.kind === 'none') return
    if (this.#framing.kind === 'chunked') this.#pushChunked(chunk)
    else this.#keep(chunk)
  }

  #keep(bytes: Buffer): void {
    this.#received += bytes.length
    const room = this.#mostBytes - this.#kept
    if (room <= 0 || bytes.length === 0) return
    const part = bytes.subarray(0, room)
    this.#parts.push(part)
    this.#kept += part.length
  }

  #pushChunked(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk])
    for (;;) {
      if (this.#state === 'done' || this.#state === 'broken') return
      if (this.#state === 'data') {
        const part = this.#pending.subarray(0, this.#leftInChunk)
        this.#keep(part)
        this.#pending = this.#pending.subarray(part.length)
        this.#leftInChunk -= part.length
        if (this.#leftInChunk > 0) return
        this.#state = 'crlf'
      }
      const line = this.#pending.indexOf('\r\n')
      if (line === -1) {
        if (this.#pending.length > 4096) this.#state = 'broken'
        return
      }
      const text = this.#pending.subarray(0, line).toString('latin1')
      this.#pending = this.#pending.subarray(line + 2)
      if (this.#state === 'crlf') this.#state = text === '' ? 'size' : 'broken'
      else if (this.#state === 'trailer') {
        if (text === '') this.#state = 'done'
      } else {
        const size = /^([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(text)?.[1]
        if (size === undefined) this.#state = 'broken'
        else {
          this.#leftInChunk = Number.parseInt(size, 16)
          this.#state = this.#leftInChunk === 0 ? 'trailer' : 'data'
        }
      }
    }
  }
}
