import { isUtf8 } from 'node:buffer'

/** The values of a JSON document, one after the other, for whoever needs no place in its bytes. */
export interface JsonValues {
  /** The kind of the value that comes next. */
  kind(): 'object' | 'array' | 'string' | 'other'
  /** Reads an object member by member; what the callback leaves is skipped. Throws where something else comes next. */
  object(member: (key: string) => void): unknown
  /** Reads a string. Undefined, and nothing read, for another kind. */
  string(): { readonly text: string } | undefined
  /** Reads the next value, whatever it is, and gives it as JSON. */
  raw(): string
}

/**
 * A document that was parsed at once: for small ones half the work of a scan or less, most of it in native code, which
 * is fast from the first document on. Of members that stand twice there is only the last.
 */
export class ParsedValues implements JsonValues {
  #next: unknown

  constructor(parsed: unknown) {
    this.#next = parsed
  }

  kind(): ReturnType<JsonValues['kind']> {
    if (typeof this.#next === 'string') return 'string'
    if (Array.isArray(this.#next)) return 'array'
    return isObject(this.#next) ? 'object' : 'other'
  }

  object(member: (key: string) => void): void {
    const parsed = this.#next
    if (!isObject(parsed)) throw new TypeError('an object is expected')
    for (const [key, value] of Object.entries(parsed)) {
      this.#next = value
      member(key)
    }
  }

  string(): { readonly text: string } | undefined {
    return typeof this.#next === 'string' ? { text: this.#next } : undefined
  }

  raw(): string {
    return JSON.stringify(this.#next)
  }
}

/** Bodies up to this size may be parsed at once: it bounds what lies in memory as objects. */
const PARSED_BYTES = 64 * 1024

/**
 * A small document that is an object, parsed at once. Undefined for what is large, or no such thing: a scan says what it
 * is, and where.
 * @param levels objects and lists that may lie in each other
 */
export function parsedObject(
  body: Uint8Array,
  levels: number,
): Readonly<Record<string, unknown>> | undefined {
  if (body.byteLength > PARSED_BYTES || !isUtf8(body)) return undefined
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
  try {
    const parsed: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    return isObject(parsed) && isWithinDepth(parsed, levels) ? parsed : undefined
  } catch {
    return undefined
  }
}

function isWithinDepth(parsed: unknown, levels: number): boolean {
  if (!isContainer(parsed)) return true
  if (levels === 0) return false
  return Object.values(parsed).every((value) => isWithinDepth(value, levels - 1))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isContainer(value) && !Array.isArray(value)
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
