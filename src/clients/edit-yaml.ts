import { type Document, isMap, isPair, isScalar, isSeq, type Pair, parseDocument, type YAMLMap } from 'yaml'
import { whole } from './editing.ts'
import { SettingsFileError } from './file-text.ts'
import { lineEnd, withAppended, withSpan } from './text-lines.ts'

/** The text at a path; undefined when it is not set or no text. Throws a SettingsFileError for what is no YAML. */
export function readYaml(text: string, path: readonly string[]): string | undefined {
  const value = read(text).getIn(path)
  return typeof value === 'string' ? value : undefined
}

export function readYamlList(text: string, path: readonly string[]): readonly string[] {
  const value = read(text).getIn(path, true)
  return isSeq(value) ? value.items.flatMap((item) => (isScalar(item) ? [String(item.value)] : [])) : []
}

/** Sets one text at a path of one or two names; everything else stays as it is written. */
export function setYaml(
  text: string,
  path: readonly [string] | readonly [string, string],
  value: string,
): string {
  return whole(withText(text, path, value), path.join('.'), (edited) => readYaml(edited, path) === value)
}

function withText(text: string, path: readonly [string] | readonly [string, string], value: string): string {
  const document = read(text)
  const node = document.getIn(path, true)
  const written = JSON.stringify(value)
  if (isScalar(node) && node.range) {
    if (node.value === value) return text
    const [start, end] = node.range
    return withSpan(text, start, end, start === end ? ` ${written}` : written)
  }
  if (node !== undefined && node !== null) {
    throw new SettingsFileError(`'${path.join('.')}' is no text`, 'set it by hand')
  }
  const [first, second] = path
  if (second === undefined) return append(text, document, [`${first}: ${written}`])
  const parent = document.get(first, true)
  if (parent === undefined) return append(text, document, [`${first}:`, `  ${second}: ${written}`])
  const at = isMap(parent) && !parent.flow ? startOf(parent.items[0]) : undefined
  if (at === undefined)
    throw new SettingsFileError(`'${first}' is written on one line`, `set ${path.join('.')} in it by hand`)
  const line = text.lastIndexOf('\n', at - 1) + 1
  const indent = text.slice(line, at)
  return withSpan(text, line, line, `${indent}${second}: ${written}${lineEnd(text)}`)
}

/** Adds what is missing to a list of texts. */
export function addToYamlList(text: string, name: string, items: readonly string[]): string {
  const present = readYamlList(text, [name])
  const missing = items.filter((item) => !present.includes(item))
  if (missing.length === 0) return text
  const all = [...present, ...missing]
  return whole(withItems(text, name, missing), name, (edited) => {
    const list = readYamlList(edited, [name])
    return list.length === all.length && all.every((item) => list.includes(item))
  })
}

function withItems(text: string, name: string, missing: readonly string[]): string {
  const document = read(text)
  const node = document.get(name, true)
  if (node === undefined || (isScalar(node) && node.value === null)) {
    if (node !== undefined) throw new SettingsFileError(`'${name}' has no value`, 'remove that line')
    return append(text, document, [`${name}:`, ...missing.map((item) => `  - ${JSON.stringify(item)}`)])
  }
  if (!isSeq(node) || !node.range) throw new SettingsFileError(`'${name}' is no list`, 'make it a list')
  if (node.flow) {
    const added = missing.map((item) => JSON.stringify(item)).join(', ')
    // Behind the last item, not before the bracket: a comma and comments may stand between the two.
    const last = rangeEnd(node.items.at(-1))
    const close = text.lastIndexOf(']', node.range[1] - 1)
    return last === undefined ? withSpan(text, close, close, added) : withSpan(text, last, last, `, ${added}`)
  }
  const dash = text.lastIndexOf('-', rangeStart(node.items[0]) ?? node.range[0])
  const line = text.lastIndexOf('\n', dash) + 1
  const indent = text.slice(line, dash)
  const added = missing.map((item) => `${indent}- ${JSON.stringify(item)}${lineEnd(text)}`).join('')
  return withSpan(text, line, line, added)
}

function read(text: string): Document.Parsed {
  const document = parseDocument(text, { uniqueKeys: false })
  const [error] = document.errors
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? 1
    throw new SettingsFileError(`line ${line} is no YAML: ${error.code}`, 'put that line right first')
  }
  if (document.contents !== null && !isMap(document.contents)) {
    throw new SettingsFileError('it is no map of names and values', 'put the file right first')
  }
  return document
}

function append(text: string, document: Document.Parsed, lines: readonly string[]): string {
  const map = document.contents
  if (isMap(map) && (map as YAMLMap).flow) {
    throw new SettingsFileError('the whole file is one `{ … }`', 'write it with one name on each line')
  }
  const ending = /(^|\n)\.\.\.\s*$/.exec(text)
  if (ending === null) return withAppended(text, lines)
  const at = ending.index + (ending[1]?.length ?? 0)
  return withAppended(text.slice(0, at), lines) + text.slice(at)
}

function startOf(pair: unknown): number | undefined {
  return isPair(pair) ? rangeStart((pair as Pair).key) : undefined
}

function rangeStart(node: unknown): number | undefined {
  return rangeOf(node)?.[0]
}

/** The end of a value itself, without blanks and a comment behind it. */
function rangeEnd(node: unknown): number | undefined {
  return rangeOf(node)?.[1]
}

function rangeOf(node: unknown): readonly number[] | undefined {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? node.range
    : undefined
}
