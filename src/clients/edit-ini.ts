import { bare, linesOf, withAppended, withInserted } from './text-lines.ts'

/** What differs between the readers of INI-like files. */
export interface IniDialect {
  /** Lines whose first character is one of these are comments. */
  readonly comments: string
  readonly separators: string
  /** A ` ;` or ` #` in a value ends it, as npm's reader has it; Python's takes it for a part of the value. */
  readonly inlineComments: boolean
  /** Indented lines go on with the value above. */
  readonly continued: boolean
  readonly quoted: boolean
  readonly normalise: (key: string) => string
  /** Between a new key and its value. */
  readonly written: string
}

/** npm's `ini`: the last of several equal keys counts; what follows a `[section]` is no setting of npm. */
export const npmrc: IniDialect = {
  comments: ';#',
  separators: '=',
  inlineComments: true,
  continued: false,
  quoted: true,
  normalise: (key) => key.replace(/^(["'])(.*)\1$/, '$2'),
  written: '=',
}

/** Python's configparser, with pip's way with names: `index_url` is `index-url`. */
export const pipConf: IniDialect = {
  comments: ';#',
  separators: '=:',
  inlineComments: false,
  continued: true,
  quoted: false,
  normalise: (key) => key.toLowerCase().replaceAll('_', '-').replace(/^--/, ''),
  written: ' = ',
}

export interface IniEntry {
  /** Undefined above the first section. */
  readonly section: string | undefined
  readonly key: string
  readonly value: string
  /** Index of its line, from 0, and of the line after its value's last. */
  readonly line: number
  readonly end: number
}

interface Scanned extends IniEntry {
  /** What stands before and behind the value on its first line, quotes included. */
  readonly head: string
  readonly indent: string
  readonly tail: string
}

export function readIni(text: string, dialect: IniDialect): readonly IniEntry[] {
  return scan(text, dialect).entries
}

/** The entry that counts: the last one of this name. */
export function iniEntry(
  text: string,
  dialect: IniDialect,
  section: string | undefined,
  key: string,
): IniEntry | undefined {
  return readIni(text, dialect).findLast((entry) => entry.section === section && entry.key === key)
}

/** Sets one key: the line that counts is changed in place, else a line is added to its section. */
export function setIni(
  text: string,
  dialect: IniDialect,
  section: string | undefined,
  key: string,
  value: string,
): string {
  const { entries, headers } = scan(text, dialect)
  const lines = linesOf(text)
  const entry = entries.findLast((one) => one.section === section && one.key === key)
  if (entry !== undefined) {
    if (entry.value === value) return text
    const line = lines[entry.line] ?? ''
    const written = entry.head + value + entry.tail + line.slice(bare(line).length)
    return [...lines.slice(0, entry.line), written, ...lines.slice(entry.end)].join('')
  }
  const added = `${key}${dialect.written}${value}`
  const last = entries.findLast((one) => one.section === section)
  // As far in as its neighbour: less would make lines below go on with this value, more would make this go on.
  if (last !== undefined) return withInserted(text, last.end, [last.indent + added])
  if (section === undefined) {
    const first = headers[0]
    return first === undefined ? withAppended(text, [added]) : withInserted(text, first.line, [added])
  }
  const header = headers.findLast(({ name }) => name === section)
  if (header !== undefined) return withInserted(text, endOfSection(lines, header.line, dialect), [added])
  const gap = text === '' || /\n\r?\n$/.test(text) ? [] : ['']
  return withAppended(text, [...gap, `[${section}]`, added])
}

function scan(text: string, dialect: IniDialect) {
  const entries: Scanned[] = []
  const headers: { readonly name: string; readonly line: number }[] = []
  let section: string | undefined
  for (const [index, raw] of linesOf(text).entries()) {
    const line = bare(raw)
    const trimmed = line.trim()
    if (trimmed === '' || dialect.comments.includes(trimmed[0] ?? '')) continue
    const previous = entries.at(-1)
    const indent = line.slice(0, line.indexOf(trimmed))
    const isBelow = previous !== undefined && previous.section === section
    if (dialect.continued && isBelow && indent.length > previous.indent.length) {
      entries[entries.length - 1] = {
        ...previous,
        value: `${previous.value}\n${trimmed}`.trim(),
        end: index + 1,
      }
      continue
    }
    const header = /^\[([^\]]*)\]/.exec(trimmed)
    if (header !== null) {
      section = header[1]?.trim()
      headers.push({ name: section ?? '', line: index })
      continue
    }
    const at = [...line].findIndex((character) => dialect.separators.includes(character))
    if (at < 1) continue
    const parts = valueParts(line.slice(at + 1), dialect)
    entries.push({
      indent,
      section,
      key: dialect.normalise(line.slice(0, at).trim()),
      value: parts.value,
      line: index,
      end: index + 1,
      head: line.slice(0, at + 1) + parts.before,
      tail: parts.after,
    })
  }
  return { entries, headers }
}

/** The line after the last that says something; a section without entries may hold lines of no known form. */
function endOfSection(lines: readonly string[], header: number, { comments }: IniDialect): number {
  let end = header + 1
  for (let at = header + 1; at < lines.length; at++) {
    const line = (lines[at] ?? '').trim()
    if (line.startsWith('[')) break
    if (line !== '' && !comments.includes(line[0] ?? '')) end = at + 1
  }
  return end
}

function valueParts(text: string, { quoted, inlineComments }: IniDialect) {
  const quotes = quoted ? /^(\s*(["']))(.*)(\2\s*)$/.exec(text) : null
  if (quotes !== null) return { before: quotes[1] ?? '', value: quotes[3] ?? '', after: quotes[4] ?? '' }
  const comment = inlineComments ? /\s*(?<!\\)[;#].*$/.exec(text) : null
  const rest = comment === null ? text : text.slice(0, comment.index)
  const value = rest.trim()
  const start = value === '' ? rest.length : rest.indexOf(value)
  const before = text.slice(0, start)
  return { before, value, after: text.slice(start + value.length) }
}
