import { whole } from './editing.ts'
import { SettingsFileError } from './file-text.ts'
import { scanToml, type TomlEntry, type TomlTable, tomlString } from './scan-toml.ts'
import { lineEnd, withAppended, withSpan } from './text-lines.ts'

/** The text at a path, through headers and dotted names alike; undefined when it is not set or no text. */
export function readToml(text: string, path: readonly string[]): string | undefined {
  const entry = entryAt(scanToml(text), path)
  return entry && tomlString(text.slice(entry.valueStart, entry.valueEnd))
}

export function hasToml(text: string, path: readonly string[]): boolean {
  return scanToml(text).some(
    (table) => same(table.path, path) || withInline(table).some((entry) => same(entry.path, path)),
  )
}

/** Sets one text: its value is replaced in place, in an inline table too, else a line is added to its table, else a table to the end. */
export function setToml(text: string, path: readonly string[], value: string): string {
  return whole(withText(text, path, value), path.join('.'), (edited) => readToml(edited, path) === value)
}

function withText(text: string, path: readonly string[], value: string): string {
  const tables = scanToml(text)
  const written = quote(value)
  const found = entryAt(tables, path)
  if (found !== undefined) return replaced(text, found, value)
  const [parents, key = ''] = [path.slice(0, -1), path.at(-1)]
  for (let depth = 1; depth < path.length; depth++) {
    const inline = entryAt(tables, path.slice(0, depth))
    if (inline !== undefined) {
      const name = path.slice(0, depth).join('.')
      throw new SettingsFileError(`'${name}' is written on one line`, `set ${path.join('.')} in it by hand`)
    }
  }
  const table = tables.findLast((one) => !one.isArray && parents.length > 0 && same(one.path, parents))
  if (table !== undefined)
    return insertAfter(text, table.entries.at(-1)?.end ?? table.body, `${key} = ${written}`)
  if (parents.length === 0) {
    const end = tables[0]?.entries.at(-1)?.end
    return insertAfter(text, end ?? firstHeader(tables) ?? text.length, `${key} = ${written}`)
  }
  const dotted = tables
    .flatMap((one) => one.entries.map((entry) => ({ entry, depth: one.path.length })))
    .findLast(({ entry, depth }) => depth < parents.length && starts(entry.path, parents))
  if (dotted !== undefined) {
    const name = path.slice(dotted.depth).map(bareKey).join('.')
    return insertAfter(text, dotted.entry.end, `${name} = ${written}`)
  }
  return addTable(text, `[${parents.map(bareKey).join('.')}]`, [`${key} = ${written}`])
}

/** A table at the end of the file, with an empty line before it. */
export function addTable(text: string, header: string, lines: readonly string[]): string {
  const gap = text === '' || /(^|\n)\r?\n$/.test(text) ? [] : ['']
  const count = scanToml(text).length
  const edited = withAppended(text, [...gap, header, ...lines])
  return whole(edited, header, (added) => scanToml(added).length === count + 1)
}

/** The tables of an array of tables: `[[index]]`. */
export function tomlArray(text: string, path: readonly string[]): readonly TomlTable[] {
  return scanToml(text).filter((table) => table.isArray && same(table.path, path))
}

/** As written, of one table. */
export function rawIn(text: string, table: TomlTable, key: string): string | undefined {
  const entry = table.entries.findLast(({ path }) => same(path, [...table.path, key]))
  return entry && text.slice(entry.valueStart, entry.valueEnd)
}

export function textIn(text: string, table: TomlTable, key: string): string | undefined {
  const raw = rawIn(text, table, key)
  return raw === undefined ? undefined : tomlString(raw)
}

/** Sets a text in this very table. */
export function setIn(text: string, table: TomlTable, key: string, value: string): string {
  const entry = table.entries.findLast(({ path }) => same(path, [...table.path, key]))
  if (entry === undefined)
    return insertAfter(text, table.entries.at(-1)?.end ?? table.body, `${key} = ${quote(value)}`)
  return replaced(text, entry, value)
}

function replaced(text: string, { path, valueStart, valueEnd }: TomlEntry, value: string): string {
  const raw = text.slice(valueStart, valueEnd)
  if (tomlString(raw) === value) return text
  if (/^[[{]/.test(raw)) {
    throw new SettingsFileError(`'${path.join('.')}' holds more than a text`, 'set it by hand')
  }
  return withSpan(text, valueStart, valueEnd, quote(value))
}

function withInline({ entries }: TomlTable): TomlEntry[] {
  return entries.flatMap((entry) => [entry, ...entry.inline])
}

function entryAt(tables: readonly TomlTable[], path: readonly string[]): TomlEntry | undefined {
  return tables
    .filter(({ isArray }) => !isArray)
    .flatMap(withInline)
    .findLast((entry) => same(entry.path, path))
}

function firstHeader(tables: readonly TomlTable[]): number | undefined {
  return tables[1]?.start
}

function insertAfter(text: string, offset: number, line: string): string {
  const head = text.slice(0, offset)
  const end = lineEnd(text)
  const gap = head === '' || head.endsWith('\n') ? '' : end
  return `${head}${gap}${line}${end}${text.slice(offset)}`
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && starts(a, b)
}

function starts(path: readonly string[], with_: readonly string[]): boolean {
  return path.length >= with_.length && with_.every((part, index) => path[index] === part)
}

function bareKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : quote(key)
}

function quote(value: string): string {
  return JSON.stringify(value)
}
