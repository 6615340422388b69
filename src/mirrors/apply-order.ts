/** From a ranking to a list of sources, and to the configuration file's text. Pure. */

import { isDeepStrictEqual } from 'node:util'
import { isMap, isNode, isScalar, parseDocument } from 'yaml'
import { parseGoproxyList } from '../ecosystems/go/goproxy-list.ts'
import type { RankedMirror } from './rank.ts'

/** More sources than this help nobody: each one after the first is asked only when those before it fail. */
const maxMirrors = 3

export type NewOrder =
  | { readonly ok: true; readonly list: string; readonly changed: boolean }
  | { readonly ok: false; readonly reason: string }

interface OrderOptions {
  /** The GOPROXY list in use; undefined when there is none. */
  readonly current: string | undefined
  readonly ranked: readonly RankedMirror[]
  /** Addresses that the order may take out again: the catalogue's and the origin's. */
  readonly managed: ReadonlySet<string>
}

/**
 * The best mirrors and the origin, equal among one another (`|`), in the place of those that the list holds now.
 * Sources that only the user knows keep their places and separators. A list of those alone is left as it is: its
 * names would reach sources that they never reached.
 */
export function newGoOrder({ current, ranked, managed }: OrderOptions): NewOrder {
  const block = chosen(ranked)
  if (block.length === 0) return { ok: false, reason: 'no mirror can be used' }
  if (current === undefined) return { ok: true, list: `${block.join('|')},direct`, changed: true }
  const parsed = parseGoproxyList(current)
  if (!parsed.ok) return { ok: false, reason: 'the list in use cannot be read' }
  const isManaged = (step: (typeof parsed.steps)[number]) =>
    step.kind === 'source' && managed.has(withoutSlash(step.url))
  const last = parsed.steps.findLast(isManaged)
  if (last === undefined) {
    const reason =
      'the list in use holds your own sources only, whose names would reach public mirrors: add one yourself'
    return { ok: false, reason }
  }
  const parts: string[] = []
  let placed = false
  for (const step of parsed.steps) {
    if (step.kind !== 'source') parts.push(step.kind)
    else if (!isManaged(step)) parts.push(step.url, step.next ?? ',')
    else if (!placed) {
      parts.push(block.join('|'), (last.kind === 'source' ? last.next : undefined) ?? ',')
      placed = true
    }
  }
  const list = parts.join('').replace(/[,|]$/, '')
  return { ok: true, list, changed: list !== current }
}

/** One of each domain, because two that fail together are no help to each other; the origin at the end. */
function chosen(ranked: readonly RankedMirror[]): string[] {
  const domains = new Set<string>()
  const addresses: string[] = []
  let origin: string | undefined
  for (const { measurement } of ranked) {
    const { candidate, address } = measurement
    if (address === undefined || candidate.role === 'yours') continue
    if (addresses.length < maxMirrors && !domains.has(candidate.domain)) {
      domains.add(candidate.domain)
      addresses.push(address)
    } else if (candidate.role === 'origin') origin = address
  }
  return origin === undefined ? addresses : [...addresses, origin]
}

export function withoutSlash(address: string): string {
  return address.replace(/\/+$/, '')
}

export type EditedText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string }

/**
 * The file's text with `group.name` set to a text; comments, order and the form of everything else stay. An empty
 * text gives a file with this key alone.
 */
export function withSetting(
  text: string,
  [group, name]: readonly [string, string],
  value: string,
): EditedText {
  const document = parseDocument(text, { prettyErrors: true, logLevel: 'error' })
  const [error] = document.errors
  if (error !== undefined)
    return { ok: false, reason: `the file is no YAML: ${error.message.split('\n')[0]}` }
  const before: unknown = document.toJS()
  if (before !== null && !isMap(document.contents)) return { ok: false, reason: 'the file is no map of keys' }
  const written = document.getIn([group, name], true)
  const range = isNode(written) && isScalar(written) && written.value !== null ? written.range : undefined
  const quoted = JSON.stringify(value)
  const meant = {
    ...asObject(before),
    [group]: { ...asObject(Reflect.get(asObject(before), group)), [name]: value },
  }
  // The text itself is edited where that is safe: printing the document would lay out the rest anew.
  const ways = [
    () => (range ? text.slice(0, range[0]) + quoted + text.slice(range[1]) : undefined),
    () => withLine(text, document, [group, name], quoted),
    () => printed(document, [group, name], value),
  ]
  for (const way of ways) {
    const edited = way()
    if (edited !== undefined && saysOnly(edited, meant)) return { ok: true, text: edited }
  }
  return { ok: false, reason: 'the file could not be edited without harm' }
}

type YamlDocument = ReturnType<typeof parseDocument>

/** A new line right below the group's own, or the group at the end of the file. */
function withLine(
  text: string,
  document: YamlDocument,
  [group, name]: readonly [string, string],
  quoted: string,
): string | undefined {
  const items = isMap(document.contents) ? document.contents.items : []
  const pair = items.find(({ key }) => isScalar(key) && key.value === group)
  if (pair === undefined) {
    const gap = text === '' || text.endsWith('\n') ? '' : '\n'
    return `${text}${gap}${group}:\n  ${name}: ${quoted}\n`
  }
  const keyAt = isScalar(pair.key) ? pair.key.range?.[0] : undefined
  if (keyAt === undefined) return undefined
  const child = isMap(pair.value) ? pair.value.items[0]?.key : undefined
  const childAt = isScalar(child) ? child.range?.[0] : undefined
  const indent = childAt === undefined ? '  ' : text.slice(text.lastIndexOf('\n', childAt - 1) + 1, childAt)
  const lineEnd = text.indexOf('\n', keyAt)
  const at = lineEnd === -1 ? text.length : lineEnd + 1
  return `${text.slice(0, at)}${lineEnd === -1 ? '\n' : ''}${indent}${name}: ${quoted}\n${text.slice(at)}`
}

function printed(document: YamlDocument, path: readonly [string, string], value: string): string {
  if (!isMap(document.get(path[0]))) document.set(path[0], document.createNode({}))
  document.setIn(path, value)
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}

function saysOnly(text: string, meant: object): boolean {
  const document = parseDocument(text, { logLevel: 'error' })
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), meant)
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}
