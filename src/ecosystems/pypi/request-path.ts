/** What a path of the simple repository API, or of the JSON API beside it, asks for. */

import { isDistributionName, isFileName } from './distribution-file.ts'
import { parseRoute, type Route } from './file-route.ts'
import { isProjectName, normalizeName } from './project-name.ts'

/** The file itself, or one of those that an index announces beside it. */
export type FilePart = 'file' | 'metadata' | 'signature' | 'provenance'

export interface FileRequest {
  readonly kind: 'file'
  readonly project: string
  readonly route: Route
  /** The distribution's name, without the ending of the part. */
  readonly file: string
  readonly part: FilePart
}

export type PypiRequest =
  | { readonly kind: 'home' }
  | { readonly kind: 'index' }
  | { readonly kind: 'page'; readonly project: string }
  | { readonly kind: 'project-json'; readonly project: string; readonly version: string | undefined }
  | FileRequest
  /** `location` is relative to the path that was asked for. */
  | { readonly kind: 'redirect'; readonly location: string }
  /** 400: no client of this protocol sends it. 404: well formed, but there is no such thing here. */
  | { readonly kind: 'refused'; readonly status: 400 | 404; readonly reason: string }

/** Longer paths are refused before they are looked at, in characters as received. */
export const maxPathLength = 2048

/** The endings of what lies beside a file. */
export const partSuffix: Readonly<Record<FilePart, string>> = {
  file: '',
  metadata: '.metadata',
  signature: '.asc',
  provenance: '.provenance',
}

/**
 * Pure and total. `path` starts with the slash after the ecosystem's prefix, percent-encoded as received; each
 * element is decoded exactly once. The JSON API stands at `/pypi/NAME/json`, and at `/NAME/json` too, because
 * below the prefix `/pypi` that is the public index's own path.
 */
export function parsePypiRequest(path: string): PypiRequest {
  if (path.length > maxPathLength) return bad(`the path is longer than ${maxPathLength} characters`)
  if (!path.startsWith('/')) return bad('the path has no leading slash')
  if (/%2f|%5c/i.test(path)) return bad('the path holds an encoded slash')
  const elements: string[] = []
  for (const raw of path.slice(1).split('/')) {
    const element = decode(raw)
    if (element === undefined) return bad('the path holds a broken percent escape')
    if (element === '.' || element === '..') return bad('the path holds a . or .. element')
    if (/[\p{Cc}\\]/u.test(element)) return bad('the path holds a control character or a backslash')
    elements.push(element)
  }
  const [first = '', ...rest] = elements
  switch (first) {
    case '':
      return rest.length === 0 ? { kind: 'home' } : bad('the path holds an empty element')
    case 'simple':
      return parseSimple(rest)
    case 'files':
      return parseFile(rest)
    default:
      return parseProjectJson(first === 'pypi' && rest.length >= 2 ? rest : elements)
  }
}

function parseSimple(rest: readonly string[]): PypiRequest {
  const [name, end] = rest
  if (name === undefined) return { kind: 'redirect', location: 'simple/' }
  if (name === '') return rest.length === 1 ? { kind: 'index' } : bad('the path holds an empty element')
  if (rest.length > 2 || (end !== undefined && end !== '')) {
    return missing('a project stands at simple/NAME/ and has nothing below it')
  }
  if (!isProjectName(name)) return badName(name)
  const project = normalizeName(name)
  if (end === undefined) return { kind: 'redirect', location: `${project}/` }
  return project === name ? { kind: 'page', project } : { kind: 'redirect', location: `../${project}/` }
}

function parseFile(rest: readonly string[]): PypiRequest {
  const [project = '', route = '', name = ''] = rest
  if (rest.length !== 3) return missing('a file stands at files/PROJECT/HASH/FILE')
  if (!isProjectName(project)) return badName(project)
  if (normalizeName(project) !== project) return missing(`the project's address is ${normalizeName(project)}`)
  if (parseRoute(route) === undefined) return missing('a file stands at files/PROJECT/HASH/FILE')
  const { file, part } = splitPart(name)
  if (!isFileName(file)) return bad(`${JSON.stringify(name)} cannot be the name of a file`)
  return { kind: 'file', project, route, file, part }
}

function splitPart(name: string): { readonly file: string; readonly part: FilePart } {
  for (const part of ['metadata', 'signature', 'provenance'] as const) {
    const file = name.slice(0, -partSuffix[part].length)
    if (name.endsWith(partSuffix[part]) && isDistributionName(file)) return { file, part }
  }
  return { file: name, part: 'file' }
}

function parseProjectJson(elements: readonly string[]): PypiRequest {
  if (elements.length > 2 && elements.at(-1) === '' && elements.at(-2) === 'json') {
    const bare = parseProjectJson(elements.slice(0, -1))
    if (bare.kind === 'project-json') return { kind: 'redirect', location: '../json' }
    return bare.kind === 'redirect' ? { kind: 'redirect', location: `../${bare.location}` } : bare
  }
  const [name = '', version, end] = elements
  const hasVersion = elements.length === 3 && end === 'json' && version !== undefined
  if (!hasVersion && !(elements.length === 2 && version === 'json')) {
    return missing('the paths here are simple/NAME/, files/PROJECT/HASH/FILE and NAME/json')
  }
  if (!isProjectName(name)) return badName(name)
  if (hasVersion && !/^[A-Za-z0-9][A-Za-z0-9.!+_-]{0,199}$/.test(version)) {
    return bad(`${JSON.stringify(version)} is no version`)
  }
  const project = normalizeName(name)
  if (project !== name) {
    return {
      kind: 'redirect',
      location: hasVersion ? `../../${project}/${version}/json` : `../${project}/json`,
    }
  }
  return { kind: 'project-json', project, version: hasVersion ? version : undefined }
}

function decode(element: string): string | undefined {
  if (!element.includes('%')) return element
  try {
    return decodeURIComponent(element)
  } catch {
    // A lone percent sign, or bytes that are no UTF-8.
    return undefined
  }
}

function badName(name: string): PypiRequest {
  return bad(
    `${JSON.stringify(name.slice(0, 80))} is no project name: letters, digits, and . _ - between them`,
  )
}

function bad(reason: string): PypiRequest {
  return { kind: 'refused', status: 400, reason }
}

function missing(reason: string): PypiRequest {
  return { kind: 'refused', status: 404, reason }
}
