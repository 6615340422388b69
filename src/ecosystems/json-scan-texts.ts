/** Keys that are remembered, and the longest of them, quotes included. */
const KEY_SLOTS = 256
const MAX_SHARED_KEY = 40

interface KnownKey {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The texts of a document in UTF-8, each from `start` to `end` (exclusive). */
export class JsonTexts {
  readonly #bytes: Uint8Array
  readonly #buffer: Buffer
  readonly #keys: KnownKey[] = []

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** As it is written. */
  raw(start: number, end: number): string {
    return this.#buffer.toString('utf8', start, end)
  }

  /** As it is written, of ASCII alone. */
  ascii(start: number, end: number): string {
    return this.#buffer.toString('latin1', start, end)
  }

  /** What the string says that lies there whole, quotes included. */
  string(start: number, end: number): string {
    const raw = this.raw(start, end)
    if (!raw.includes('\\')) return raw.slice(1, -1)
    const text: unknown = JSON.parse(raw)
    return String(text)
  }

  /** Like `string`. Documents hold the same few keys many thousand times: each is decoded once. */
  key(start: number, end: number): string {
    const bytes = this.#bytes
    const length = end - start
    if (length > MAX_SHARED_KEY) return this.string(start, end)
    let slot = length
    for (let at = start; at < end; at++) slot = (slot * 31 + (bytes[at] ?? 0)) & (KEY_SLOTS - 1)
    const known = this.#keys[slot]
    if (known !== undefined && known.end - known.start === length) {
      let same = 0
      while (same < length && bytes[known.start + same] === bytes[start + same]) same++
      if (same === length) return known.text
    }
    const text = this.string(start, end)
    this.#keys[slot] = { start, end, text }
    return text
  }
}
