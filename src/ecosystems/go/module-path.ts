/** Module paths and their escaped form, by the rules of `golang.org/x/mod/module`. */

import { majorOf, parseSemver } from './version.ts'

const windowsNames = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])$/i

/** Undefined when the path is a valid module path, else what is wrong with it. */
export function checkModulePath(path: string): string | undefined {
  if (path === '') return 'it is empty'
  for (const element of path.split('/')) {
    const problem = checkPathElement(element)
    if (problem !== undefined) return problem
  }
  const [host = ''] = path.split('/', 1)
  if (!host.includes('.')) return 'its first element has no dot'
  if (!/^[a-z0-9.][a-z0-9.-]*$/.test(host)) return 'its first element is no lower-case host name'
  if (splitPathVersion(path) === undefined) return 'it does not end in a valid major version'
  return undefined
}

function checkPathElement(element: string): string | undefined {
  if (element === '') return 'it has an empty element'
  if (element.startsWith('.') || element.endsWith('.')) return 'an element starts or ends with a dot'
  if (!/^[A-Za-z0-9._~-]+$/.test(element)) return 'it holds a character that module paths do not have'
  const [stem = ''] = element.split('.', 1)
  if (windowsNames.test(stem)) return `${stem} is a device name on Windows`
  if (/~[0-9]+$/.test(stem)) return 'an element ends in a tilde and digits'
  return undefined
}

export interface SplitPath {
  readonly prefix: string
  /** `/v2`, `.v2` or `.v2-unstable` (gopkg.in), or empty. */
  readonly pathMajor: string
}

/** Splits a major version off; undefined when the path ends in one that is not allowed (`/v1`, `/v2.0`, `/v02`). */
export function splitPathVersion(path: string): SplitPath | undefined {
  const gopkg = path.startsWith('gopkg.in/')
  const match = (gopkg ? /\.v([0-9]+)(-unstable)?$/ : /\/v([0-9.]+)$/).exec(path)
  if (match === null) return gopkg ? undefined : { prefix: path, pathMajor: '' }
  const [pathMajor, digits = ''] = match
  const allowed = gopkg ? /^(?:0|[1-9][0-9]*)$/ : /^(?:[2-9]|[1-9][0-9]+)$/
  return allowed.test(digits) ? { prefix: path.slice(0, match.index), pathMajor } : undefined
}

/** Whether a version may belong to a path with this major version. */
export function matchPathMajor(version: string, pathMajor: string): boolean {
  const major = pathMajor.replace(/-unstable$/, '')
  // Early toolchains made v0 pseudo-versions for gopkg.in paths that end in .v1; go.mod files still name them.
  if (major === '.v1' && version.startsWith('v0.0.0-')) return true
  const found = majorOf(version)
  if (major !== '') return found === major.slice(1)
  return found === 'v0' || found === 'v1' || parseSemver(version)?.build === '+incompatible'
}

/** Undefined when path and version are valid and belong together, else what is wrong. */
export function checkModuleVersion(path: string, version: string): string | undefined {
  const problem = checkModulePath(path)
  if (problem !== undefined) return problem
  if (parseSemver(version) === undefined) return `${version} is no semantic version`
  const split = splitPathVersion(path)
  if (split === undefined || !matchPathMajor(version, split.pathMajor)) {
    return `${version} does not fit the major version of ${path}`
  }
  return undefined
}

/** Upper-case letters become `!` and the lower-case letter; undefined when the path is no module path. */
export function escapePath(path: string): string | undefined {
  return checkModulePath(path) === undefined ? escapeUpper(path) : undefined
}

export function unescapePath(escaped: string): string | undefined {
  const path = unescapeUpper(escaped)
  return path !== undefined && checkModulePath(path) === undefined ? path : undefined
}

/** Versions may be branches and hashes: they must be valid file names, of ASCII only and without `!`. */
export function escapeVersion(version: string): string | undefined {
  return isFileName(version) && !version.includes('!') ? escapeUpper(version) : undefined
}

export function unescapeVersion(escaped: string): string | undefined {
  const version = unescapeUpper(escaped)
  return version !== undefined && isFileName(version) ? version : undefined
}

function isFileName(name: string): boolean {
  if (!/^[A-Za-z0-9!#$%&()+,.=@[\]^_{}~ -]+$/.test(name) || name.endsWith('.')) return false
  return !windowsNames.test(name.split('.', 1)[0] ?? '')
}

/** Upper-case letters alone, of whatever text: also of a pattern over paths. */
export function escapeUpper(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)
}

function unescapeUpper(escaped: string): string | undefined {
  if (!/^(?:![a-z]|[^!A-Z\u0080-\uffff])*$/.test(escaped)) return undefined
  return escaped.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
