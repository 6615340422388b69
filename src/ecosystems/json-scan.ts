/**
 * Reads JSON where it lies, as bytes: to find the places that must change and to leave every other byte as it
 * is. Strict (RFC 8259), bounded in depth, and without a copy of the document.
 */

/** Says where a document stops being JSON, in a sentence. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault'
  readonly code = 'json.fault'
}

/** Bytes `start` to `end` (exclusive) of the document. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Deeper nesting is refused; registries' documents have less than a tenth of it. */
export const MAX_JSON_DEPTH = 128

/** Keys that are remembered by their bytes, and the longest of them, quotes included. */
const KEY_SLOTS = 256
const MAX_SHARED_KEY = 40

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

const isDelimiter = (byte: number | undefined): boolean =>
  byte === undefined ||
  byte === COMMA ||
  byte === CLOSE_OBJECT ||
  byte === CLOSE_ARRAY ||
  byte === 0x20 ||
  byte === 0x0a ||
  byte === 0x0d ||
  byte === 0x09

/**
 * One walk over one document. The callbacks of `object` and `array` stand before a value and may read it with
 * any of these methods; a value that they leave is skipped (and checked). Every method throws JsonFault for
 * what is not JSON. The bytes must be UTF-8: whoever reads foreign bytes checks that first.
 */
export class JsonReader {
  readonly #bytes: Uint8Array
  readonly #text: Buffer
  readonly #keys: (Span & { readonly text: string })[] = []
  #at = 0
  #depth = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#at = 3
  }

  /** The kind of the value that comes next. */
  kind(): 'object' | 'array' | 'string' | 'other' {
    this.#space()
    switch (this.#bytes[this.#at]) {
      case OPEN_OBJECT:
        return 'object'
      case OPEN_ARRAY:
        return 'array'
      case QUOTE:
        return 'string'
      default:
        return 'other'
    }
  }

  /** Reads an object member by member, and says where it lay. */
  object(member: (key: string, keySpan: Span) => void): Span {
    this.#space()
    const start = this.#at
    if (this.#bytes[start] !== OPEN_OBJECT) throw this.#fault('an object is expected')
    this.#at++
    this.#enter()
    if (!this.#closes(CLOSE_OBJECT)) {
      do {
        const keySpan = this.#string()
        this.#space()
        if (this.#bytes[this.#at] !== COLON) throw this.#fault('a colon is expected')
        this.#at++
        this.#space()
        const before = this.#at
        member(this.#keyOf(keySpan), keySpan)
        if (this.#at === before) this.skip()
      } while (this.#continues(CLOSE_OBJECT))
    }
    this.#depth--
    return { start, end: this.#at }
  }

  /** Like `object`, one member at a time: for a document whose parts are passed on as they are read. */
  *members(): Generator<string> {
    if (this.kind() !== 'object') throw this.#fault('an object is expected')
    this.#at++
    this.#enter()
    if (!this.#closes(CLOSE_OBJECT)) {
      do {
        const keySpan = this.#string()
        this.#space()
        if (this.#bytes[this.#at] !== COLON) throw this.#fault('a colon is expected')
        this.#at++
        this.#space()
        const before = this.#at
        yield this.#keyOf(keySpan)
        if (this.#at === before) this.skip()
      } while (this.#continues(CLOSE_OBJECT))
    }
    this.#depth--
  }

  /** Like `array`, one element at a time. */
  *elements(): Generator<number> {
    if (this.kind() !== 'array') throw this.#fault('an array is expected')
    this.#at++
    this.#enter()
    if (!this.#closes(CLOSE_ARRAY)) {
      let index = 0
      do {
        this.#space()
        const before = this.#at
        yield index++
        if (this.#at === before) this.skip()
      } while (this.#continues(CLOSE_ARRAY))
    }
    this.#depth--
  }

  /** Reads an array element by element, and says where it lay. */
  array(element: (index: number) => void): Span {
    this.#space()
    const start = this.#at
    if (this.#bytes[start] !== OPEN_ARRAY) throw this.#fault('an array is expected')
    this.#at++
    this.#enter()
    if (!this.#closes(CLOSE_ARRAY)) {
      let index = 0
      do {
        this.#space()
        const before = this.#at
        element(index++)
        if (this.#at === before) this.skip()
      } while (this.#continues(CLOSE_ARRAY))
    }
    this.#depth--
    return { start, end: this.#at }
  }

  /** Reads a string: its text and where it lay, quotes included. Undefined, and nothing read, for another kind. */
  string(): { readonly text: string; readonly span: Span } | undefined {
    if (this.kind() !== 'string') return undefined
    const span = this.#string()
    return { text: this.#textOf(span), span }
  }

  /** Checks the next value, whatever it is, and says where it lay. */
  skip(): Span {
    this.#space()
    const start = this.#at
    const closers: number[] = []
    for (;;) {
      const opened = this.#opensOrEnds()
      if (opened !== undefined) {
        closers.push(opened)
        this.#enter()
        if (!this.#closes(opened)) {
          if (opened === CLOSE_OBJECT) this.#key()
          continue
        }
        closers.pop()
        this.#depth--
      }
      let closer = closers.at(-1)
      while (closer !== undefined && !this.#continues(closer)) {
        closers.pop()
        this.#depth--
        closer = closers.at(-1)
      }
      if (closer === undefined) return { start, end: this.#at }
      if (closer === CLOSE_OBJECT) this.#key()
    }
  }

  /** Nothing but space may follow the document's one value. */
  end(): void {
    this.#space()
    if (this.#at < this.#bytes.length) throw this.#fault('something follows the end')
  }

  /** The text of a span that this reader gave. */
  read(span: Span): string {
    return this.#text.toString('utf8', span.start, span.end)
  }

  /** Either opens an object or array, whose closing byte it gives, or reads a whole scalar. */
  #opensOrEnds(): number | undefined {
    this.#space()
    switch (this.#bytes[this.#at]) {
      case OPEN_OBJECT:
        this.#at++
        return CLOSE_OBJECT
      case OPEN_ARRAY:
        this.#at++
        return CLOSE_ARRAY
      case QUOTE:
        this.#string()
        return undefined
      default:
        this.#literal()
        return undefined
    }
  }

  #key(): void {
    this.#string()
    this.#space()
    if (this.#bytes[this.#at] !== COLON) throw this.#fault('a colon is expected')
    this.#at++
  }

  #enter(): void {
    if (++this.#depth > MAX_JSON_DEPTH) throw this.#fault(`it is nested deeper than ${MAX_JSON_DEPTH}`)
  }

  /** True when what was just opened is empty. */
  #closes(closer: number): boolean {
    this.#space()
    if (this.#bytes[this.#at] !== closer) return false
    this.#at++
    return true
  }

  #continues(closer: number): boolean {
    this.#space()
    const byte = this.#bytes[this.#at]
    if (byte !== COMMA && byte !== closer) {
      throw this.#fault(`a comma or ${String.fromCharCode(closer)} is expected`)
    }
    this.#at++
    return byte === COMMA
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
      this.#at++
    }
  }

  #string(): Span {
    this.#space()
    const bytes = this.#bytes
    const start = this.#at
    if (bytes[start] !== QUOTE) throw this.#fault('a string is expected')
    let at = start + 1
    for (;;) {
      const byte = bytes[at]
      if (byte === undefined) throw this.#fault('a string has no end')
      if (byte === QUOTE) break
      if (byte < 0x20) {
        this.#at = at
        throw this.#fault('a string holds a control character')
      }
      if (byte === BACKSLASH) at = this.#escape(at)
      else at++
    }
    this.#at = at + 1
    return { start, end: at + 1 }
  }

  #escape(at: number): number {
    const byte = this.#bytes[at + 1]
    if (byte === 0x75) {
      if (/^[0-9A-Fa-f]{4}$/.test(this.#text.toString('latin1', at + 2, at + 6))) return at + 6
    } else if (byte !== undefined && '"\\/bfnrt'.includes(String.fromCharCode(byte))) {
      return at + 2
    }
    this.#at = at
    throw this.#fault('a string holds a broken escape')
  }

  #literal(): void {
    const start = this.#at
    let end = start
    while (!isDelimiter(this.#bytes[end]) && end - start <= 1024) end++
    const text = this.#text.toString('latin1', start, end)
    if (!/^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/.test(text)) {
      throw this.#fault('a value is expected')
    }
    this.#at = end
  }

  /** Documents hold the same few keys many thousand times: each is decoded once. */
  #keyOf(span: Span): string {
    const bytes = this.#bytes
    const length = span.end - span.start
    if (length > MAX_SHARED_KEY) return this.#textOf(span)
    let slot = length
    for (let at = span.start; at < span.end; at++) slot = (slot * 31 + (bytes[at] ?? 0)) & (KEY_SLOTS - 1)
    const known = this.#keys[slot]
    if (known !== undefined && known.end - known.start === length) {
      let same = 0
      while (same < length && bytes[known.start + same] === bytes[span.start + same]) same++
      if (same === length) return known.text
    }
    const text = this.#textOf(span)
    this.#keys[slot] = { ...span, text }
    return text
  }

  #textOf({ start, end }: Span): string {
    const raw = this.#text.toString('utf8', start, end)
    if (!raw.includes('\\')) return raw.slice(1, -1)
    const text: unknown = JSON.parse(raw)
    return String(text)
  }

  #fault(what: string): JsonFault {
    return new JsonFault(`it is no JSON: at byte ${this.#at} ${what}`)
  }
}

/** The document's bytes with some spans replaced; the rest is passed on as it lies, without a copy. */
export function* spliced(
  bytes: Uint8Array,
  changes: Iterable<{ readonly span: Span; readonly text: string }>,
): Generator<Uint8Array> {
  let done = 0
  for (const { span, text } of changes) {
    if (span.start > done) yield bytes.subarray(done, span.start)
    yield Buffer.from(text)
    done = span.end
  }
  if (done < bytes.length) yield bytes.subarray(done)
}
