import { JsonTexts } from './json-scan-texts.ts'
import type { JsonValues } from './json-values.ts'

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
export class JsonReader implements JsonValues {
  readonly #bytes: Uint8Array
  readonly #texts: JsonTexts
  #at = 0
  #depth = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#texts = new JsonTexts(bytes)
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
    const start = this.#begin(OPEN_OBJECT)
    if (!this.#closes(CLOSE_OBJECT)) {
      do {
        const keySpan = this.#key()
        const before = this.#at
        member(this.#texts.key(keySpan.start, keySpan.end), keySpan)
        if (this.#at === before) this.value()
      } while (this.#continues(CLOSE_OBJECT))
    }
    return this.#done(start)
  }

  /** Like `object`, one member at a time: for a document whose parts are passed on as they are read. */
  *members(): Generator<string> {
    const start = this.#begin(OPEN_OBJECT)
    if (!this.#closes(CLOSE_OBJECT)) {
      do {
        const keySpan = this.#key()
        const before = this.#at
        yield this.#texts.key(keySpan.start, keySpan.end)
        if (this.#at === before) this.value()
      } while (this.#continues(CLOSE_OBJECT))
    }
    this.#done(start)
  }

  /** Reads an array element by element, and says where it lay. */
  array(element: (index: number) => void): Span {
    const start = this.#begin(OPEN_ARRAY)
    if (!this.#closes(CLOSE_ARRAY)) {
      let index = 0
      do {
        this.#space()
        const before = this.#at
        element(index++)
        if (this.#at === before) this.value()
      } while (this.#continues(CLOSE_ARRAY))
    }
    return this.#done(start)
  }

  /** Like `array`, one element at a time. */
  *elements(): Generator<number> {
    const start = this.#begin(OPEN_ARRAY)
    if (!this.#closes(CLOSE_ARRAY)) {
      let index = 0
      do {
        this.#space()
        const before = this.#at
        yield index++
        if (this.#at === before) this.value()
      } while (this.#continues(CLOSE_ARRAY))
    }
    this.#done(start)
  }

  /** Reads a string: its text and where it lay, quotes included. Undefined, and nothing read, for another kind. */
  string(): { readonly text: string; readonly span: Span } | undefined {
    if (this.kind() !== 'string') return undefined
    const span = this.#string()
    return { text: this.#texts.string(span.start, span.end), span }
  }

  /** Checks the next value, whatever it is, and says where it lay. */
  value(): Span {
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

  /** Reads the next value, whatever it is, and gives it as it is written. */
  raw(): string {
    return this.read(this.value())
  }

  /** The text of a span that this reader gave. */
  read(span: Span): string {
    return this.#texts.raw(span.start, span.end)
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

  /** Goes into an object or array; gives where it starts. */
  #begin(opener: typeof OPEN_OBJECT | typeof OPEN_ARRAY): number {
    this.#space()
    const start = this.#at
    if (this.#bytes[start] !== opener) {
      throw this.#fault(opener === OPEN_OBJECT ? 'an object is expected' : 'an array is expected')
    }
    this.#at++
    this.#enter()
    return start
  }

  /** Goes out of what began at `start`. */
  #done(start: number): Span {
    this.#depth--
    return { start, end: this.#at }
  }

  /** Reads a member's key, up to its value; gives the key's span. */
  #key(): Span {
    const span = this.#string()
    this.#space()
    if (this.#bytes[this.#at] !== COLON) throw this.#fault('a colon is expected')
    this.#at++
    this.#space()
    return span
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
      if (/^[0-9A-Fa-f]{4}$/.test(this.#texts.ascii(at + 2, at + 6))) return at + 6
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
    const text = this.#texts.ascii(start, end)
    if (!/^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/.test(text)) {
      throw this.#fault('a value is expected')
    }
    this.#at = end
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
