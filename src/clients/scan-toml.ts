import { SettingsFileError } from './file-text.ts'
import { lineNumber } from './text-lines.ts'

export interface TomlEntry {
  /** From the root: its table's path and its own key. */
  readonly path: readonly string[]
  readonly start: number
  readonly valueStart: number
  readonly valueEnd: number
  /** The offset after its last line; after its value for one of an inline table. */
  readonly end: number
  /** Those of its value, at any depth, where that is an inline table. */
  readonly inline: readonly TomlEntry[]
}

export interface TomlTable {
  readonly path: readonly string[]
  /** `[[name]]`. */
  readonly isArray: boolean
  readonly start: number
  /** The offset after the header's line. */
  readonly body: number
  readonly entries: readonly TomlEntry[]
}

/**
 * Finds tables, keys and the spans of their values (TOML 1.0), without reading the values. The first table is the
 * root. Throws a SettingsFileError with the line where the text is no TOML.
 */
export function scanToml(text: string): readonly TomlTable[] {
  const tables: {
    path: readonly string[]
    isArray: boolean
    start: number
    body: number
    entries: TomlEntry[]
  }[] = [{ path: [], isArray: false, start: 0, body: 0, entries: [] }]
  let at = 0
  const fail = (what: string): never => {
    throw new SettingsFileError(
      `line ${lineNumber(text, at)} is no TOML: ${what}`,
      'put that line right first',
    )
  }
  const skipBlanks = () => {
    while (text[at] === ' ' || text[at] === '\t') at++
  }
  const endOfLine = (from: number) => {
    const found = text.indexOf('\n', from)
    return found === -1 ? text.length : found + 1
  }
  const finishLine = () => {
    skipBlanks()
    const rest = text.slice(at, endOfLine(at))
    if (!/^(#.*)?\r?\n?$/s.test(rest)) fail('something stands behind the value')
    at = endOfLine(at)
  }
  const readString = (): void => {
    const quote = text[at] ?? ''
    const long = text.startsWith(quote.repeat(3), at)
    const mark = long ? quote.repeat(3) : quote
    at += mark.length
    for (;;) {
      if (at >= text.length || (!long && text[at] === '\n')) fail('a text does not end')
      if (quote === '"' && text[at] === '\\') at += 2
      else if (text.startsWith(mark, at)) break
      else at++
    }
    at += mark.length
    while (long && text[at] === quote) at++
  }
  const readKey = (): string[] => {
    const parts: string[] = []
    for (;;) {
      skipBlanks()
      const start = at
      if (text[at] === '"' || text[at] === "'") {
        readString()
        parts.push(tomlString(text.slice(start, at)) ?? '')
      } else {
        while (/[A-Za-z0-9_-]/.test(text[at] ?? '')) at++
        if (at === start) fail('a name was expected')
        parts.push(text.slice(start, at))
      }
      skipBlanks()
      if (text[at] !== '.') return parts
      at++
    }
  }
  const skipValue = (end: RegExp) => {
    if (text[at] === '"' || text[at] === "'") return readString()
    if (text[at] !== '[' && text[at] !== '{') {
      while (at < text.length && !end.test(text[at] ?? '')) at++
      return
    }
    let depth = 0
    do {
      const character = text[at]
      if (character === undefined) fail('a bracket does not close')
      else if (character === '"' || character === "'") readString()
      else if (character === '#') at = endOfLine(at)
      else {
        if (character === '[' || character === '{') depth++
        if (character === ']' || character === '}') depth--
        at++
      }
    } while (depth > 0)
  }
  const skipSpace = () => {
    while (/[ \t\r\n#]/.test(text[at] ?? '')) at = text[at] === '#' ? endOfLine(at) : at + 1
  }
  const readEntry = (table: readonly string[], end: RegExp): Omit<TomlEntry, 'start' | 'end'> => {
    const key = readKey()
    if (text[at] !== '=') fail(`'=' was expected behind '${key.join('.')}'`)
    at++
    skipBlanks()
    const path = [...table, ...key]
    const valueStart = at
    let inline: readonly TomlEntry[] = []
    if (text[at] === '{') inline = readInline(path)
    else skipValue(end)
    const valueEnd = valueStart + text.slice(valueStart, at).trimEnd().length
    if (valueEnd === valueStart) fail(`'${key.join('.')}' has no value`)
    return { path, valueStart, valueEnd, inline }
  }
  const readInline = (path: readonly string[]): TomlEntry[] => {
    const entries: TomlEntry[] = []
    at++
    for (;;) {
      skipSpace()
      if (text[at] === '}') break
      const start = at
      const entry = readEntry(path, /[\r\n#,}]/)
      entries.push({ ...entry, start, end: at }, ...entry.inline)
      skipSpace()
      if (text[at] === '}') break
      if (text[at] !== ',') fail(at < text.length ? "',' or '}' was expected" : 'a bracket does not close')
      at++
    }
    at++
    return entries
  }
  while (at < text.length) {
    const start = at
    skipBlanks()
    if (/[\r\n#]/.test(text[at] ?? '\n')) {
      at = endOfLine(at)
    } else if (text[at] === '[') {
      const isArray = text.startsWith('[[', at)
      at += isArray ? 2 : 1
      const path = readKey()
      if (!text.startsWith(isArray ? ']]' : ']', at)) fail('a table name does not close')
      at += isArray ? 2 : 1
      finishLine()
      tables.push({ path, isArray, start, body: at, entries: [] })
    } else {
      const table = tables.at(-1)
      const entry = readEntry(table?.path ?? [], /[\r\n#]/)
      finishLine()
      table?.entries.push({ ...entry, start, end: at })
    }
  }
  return tables
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\x1b' }

/** The text of a string on one line, as written with its quotes; undefined for any other value. */
export function tomlString(raw: string): string | undefined {
  if (/^'[^'\n]*'$/.test(raw)) return raw.slice(1, -1)
  if (!/^"(?:[^"\\\n]|\\.)*"$/.test(raw)) return undefined
  return raw
    .slice(1, -1)
    .replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g, (_, short, long, one) =>
      one === undefined ? String.fromCodePoint(Number.parseInt(short ?? long, 16)) : (ESCAPES[one] ?? one),
    )
}
