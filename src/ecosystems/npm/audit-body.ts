/** The bodies of npm's audits: which packages a project has. Private names never leave. */

import { gunzipSync } from 'node:zlib'
import type { Rendered } from '../ecosystem.ts'
import { isPackageName } from './package-name.ts'
import { npmError, npmJson } from './refusals.ts'

/** Decompressed; a lock file of 50,000 packages has a tenth of it. */
export const maxAuditBytes = 32 * 1024 * 1024

const MAX_DEPTH = 200
/** Stands for a private package that has public ones below it. Nothing of it is told but that it is there. */
const PLACEHOLDER = '@private-package/not-named'
/** pnpm's name for the project itself, under which its dependencies are; paths of findings are told with it. */
const ROOT = '.'

export interface AuditRules {
  readonly isPrivate: (name: string) => boolean
  /** Told of the public packages that the project has locked. */
  readonly locked: (name: string, version: string) => void
}

type Rewritten = { readonly body: Uint8Array } | { readonly answer: Rendered }
type Json = { readonly [name: string]: unknown }

/** The body of a bulk audit, `{ NAME: [VERSION, …] }`, without what is private. */
export function rewriteBulkAudit(body: Uint8Array, rules: AuditRules): Rewritten {
  const said = read(body)
  if ('answer' in said) return said
  const kept = new Map<string, readonly string[]>()
  for (const [name, versions] of Object.entries(said.json)) {
    // Left out, it would be taken for a package without vulnerabilities.
    if (!Array.isArray(versions)) return malformed(`${name.slice(0, 80)} has no list of versions`)
    if (!isPackageName(name) || rules.isPrivate(name)) continue
    const texts = versions.filter((version) => typeof version === 'string')
    kept.set(name, texts)
    for (const version of texts) rules.locked(name, version)
  }
  // Nothing public was asked about: there is nothing to ask anybody.
  if (kept.size === 0) return { answer: npmJson(200, {}) }
  return { body: Buffer.from(JSON.stringify(Object.fromEntries(kept))) }
}

/** The body of a quick audit, a whole lock file as a tree, without what is private. */
export function rewriteQuickAudit(body: Uint8Array, rules: AuditRules): Rewritten {
  const said = read(body)
  if ('answer' in said) return said
  const { name, requires, dependencies, ...rest } = said.json
  try {
    const tree = {
      ...(typeof name === 'string' && isPackageName(name) && !rules.isPrivate(name) ? { name } : {}),
      ...rest,
      requires: withoutPrivate(requires, rules),
      dependencies: publicTree(dependencies, rules, 1),
    }
    return { body: Buffer.from(JSON.stringify(tree)) }
  } catch (error) {
    if (error instanceof RangeError) return malformed(error.message)
    throw error
  }
}

function publicTree(dependencies: unknown, rules: AuditRules, depth: number): Json {
  if (depth > MAX_DEPTH) throw new RangeError(`it is nested deeper than ${MAX_DEPTH}`)
  const kept: [string, unknown][] = []
  for (const [name, node] of entriesOf(dependencies)) {
    if (!isObject(node)) continue
    const below =
      node.dependencies === undefined ? undefined : publicTree(node.dependencies, rules, depth + 1)
    const isRoot = name === ROOT && depth === 1
    if (!isRoot && (!isPackageName(name) || rules.isPrivate(name))) {
      // What is public below it is audited all the same.
      if (below === undefined || Object.keys(below).length === 0) continue
      kept.push([`${PLACEHOLDER}-${kept.length}`, { version: '0.0.0', dependencies: below }])
      continue
    }
    const { version } = node
    if (typeof version === 'string' && !isRoot) rules.locked(name, version)
    kept.push([
      name,
      {
        ...node,
        ...(node.requires === undefined ? {} : { requires: withoutPrivate(node.requires, rules) }),
        ...(below === undefined ? {} : { dependencies: below }),
      },
    ])
  }
  return Object.fromEntries(kept)
}

/** `requires` is a map of names to ranges, or `true`. */
function withoutPrivate(requires: unknown, rules: AuditRules): unknown {
  if (!isObject(requires)) return typeof requires === 'boolean' ? requires : {}
  return Object.fromEntries(
    Object.entries(requires).filter(([name]) => isPackageName(name) && !rules.isPrivate(name)),
  )
}

function read(body: Uint8Array): { readonly json: Json } | { readonly answer: Rendered } {
  let bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  try {
    // Told by its first bytes: not every client says that it compresses.
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes, { maxOutputLength: maxAuditBytes })
    const json: unknown = JSON.parse(bytes.toString('utf8'))
    return isObject(json) ? { json } : malformed('it is no JSON object')
  } catch (error) {
    return malformed(error instanceof Error ? error.message : String(error))
  }
}

function malformed(reason: string): { readonly answer: Rendered } {
  return { answer: npmError(400, [`the body of this audit cannot be read: ${reason}`, undefined]) }
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : []
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
