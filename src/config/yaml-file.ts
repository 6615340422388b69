import { isAlias, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import { nearest } from './nearest.ts'
import { type Problem, unknownName } from './problem.ts'
import { type Group, isSetting } from './setting.ts'

/** A value as it stands in a file. */
export interface Written {
  readonly raw: unknown
  /** `posthaste.yaml:3:5` */
  readonly where: string
  /** Where a part of the value stands. */
  locate(path: readonly (string | number)[]): string
}

export interface ParsedFile {
  /** By dotted key. */
  readonly values: ReadonlyMap<string, Written>
  readonly problems: readonly Problem[]
}

/** More is no configuration but a mistake. */
const maxCharacters = 1024 * 1024

/** Reads the settings of `schema` from YAML 1.2. Every problem is reported; what is sound is still returned. */
export function parseYamlFile(
  name: string,
  text: string,
  schema: Group,
  keys: readonly string[],
): ParsedFile {
  const values = new Map<string, Written>()
  const problems: Problem[] = []
  const lines = new LineCounter()
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}`
  }
  const wrong = (where: string, message: string, hint?: string, key?: string) =>
    problems.push({ where, key, message, hint })

  if (text.length > maxCharacters) {
    wrong(`${name}:1:1`, 'the file is larger than 1 MiB')
    return { values, problems }
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
  for (const error of [...document.errors, ...document.warnings]) {
    wrong(place(error.pos[0]), severalDocuments(error) ?? error.message)
  }
  if (document.errors.length > 0) return { values, problems }
  const startOf = (node: unknown) => place(isNode(node) ? (node.range?.[0] ?? 0) : 0)

  function readMap(map: YAMLMap, group: Group, prefix: string): void {
    for (const pair of map.items) {
      const where = startOf(pair.key)
      if (!isScalar(pair.key) || typeof pair.key.value !== 'string') {
        wrong(where, 'a key must be a plain word')
        continue
      }
      const name = pair.key.value
      const key = prefix + name
      const node = Object.hasOwn(group, name) ? group[name] : undefined
      if (node === undefined) problems.push(unknownKey(where, key, keys, siblingsIn(group, prefix)))
      else if (isSetting(node)) readValue(key, pair.value)
      else readGroup(key, node, pair.value)
    }
  }

  function readGroup(key: string, group: Group, value: unknown): void {
    const node = resolve(value)
    if (isAlias(value) && node === undefined) wrongAlias(value, key)
    if (isNothing(node)) return
    if (isMap(node)) {
      readMap(node, group, `${key}.`)
      return
    }
    const example = keys.find((candidate) => candidate.startsWith(`${key}.`))
    wrong(startOf(value), `${key} is a group of keys, not a value`, `for instance ${example}`, key)
  }

  function readValue(key: string, value: unknown): void {
    const node = resolve(value)
    if (isAlias(value) && node === undefined) wrongAlias(value, key)
    if (isNothing(node) || !isNode(node)) return
    try {
      const where = startOf(value)
      values.set(key, {
        raw: node.toJS(document, { maxAliasCount: 100 }),
        where,
        locate: (path) => startOf(path.length === 0 ? value : (find(node, path) ?? value)),
      })
    } catch {
      // The library throws only for aliases: too many of them, or one within itself.
      wrongAlias(value, key)
    }
  }

  /** The parser's own words would quote the name, which is a secret when a password begins with `*`. */
  function wrongAlias(value: unknown, key: string): void {
    const message = `${key}: an alias that leads nowhere, or to far too much`
    wrong(startOf(value), message, 'quote a text that begins with *', key)
  }

  function resolve(value: unknown): unknown {
    return isAlias(value) ? value.resolve(document) : value
  }

  const contents = document.contents
  if (isMap(contents)) readMap(contents, schema, '')
  else if (!isNothing(contents))
    wrong(startOf(contents), 'the file must be a map of keys', 'listen: 127.0.0.1:7678')
  return { values, problems }
}

/** The parser's own words speak to programmers. */
function severalDocuments({ code }: { readonly code: string }): string | undefined {
  return code === 'MULTIPLE_DOCS' ? "a second document begins with '---' here; one is read" : undefined
}

/** A key without a value counts as not written, so that all of a group's lines can be commented out. */
function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null)
}

function find(node: Node, path: readonly (string | number)[]): unknown {
  return 'getIn' in node && typeof node.getIn === 'function' ? node.getIn(path, true) : undefined
}

function unknownKey(
  where: string,
  written: string,
  keys: readonly string[],
  siblings: readonly string[],
): Problem {
  if (!keys.includes(written)) {
    return unknownName(where, 'key', written, nearest(written, [...siblings, ...keys]))
  }
  const nested = written.split('.').join(': { ')
  return {
    where,
    key: written,
    message: `'${written}' must be written as nested keys`,
    hint: `${nested}: … ${'}'.repeat(written.split('.').length - 1)}`,
  }
}

/** What may stand in the same map: its keys, and the groups among them; never a group around it. */
function siblingsIn(group: Group, prefix: string): readonly string[] {
  return Object.keys(group).map((name) => prefix + name)
}
