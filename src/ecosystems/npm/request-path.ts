/** What a path of npm's registry protocol asks for. */

import { isPackageName, isTarballFile } from './package-name.ts'

/** `full` tells of every path and what to do (yarn 1, pnpm), `quick` and `bulk` of less; none stands for another. */
export type AuditForm = 'bulk' | 'quick' | 'full'

export type NpmRequest =
  | { readonly kind: 'root' | 'ping' | 'search' | 'keys' }
  | { readonly kind: 'packument' | 'abbreviated' | 'dist-tags'; readonly name: string }
  /** `wanted`: a version or a tag. */
  | { readonly kind: 'manifest'; readonly name: string; readonly wanted: string }
  | { readonly kind: 'tarball'; readonly name: string; readonly file: string }
  | { readonly kind: 'attestations'; readonly name: string; readonly version: string }
  | { readonly kind: 'audit'; readonly form: AuditForm }
  /** What is passed on as it is: it changes something, or is about the caller. Without a name: an account. */
  | {
      readonly kind: 'relay'
      readonly name: string | undefined
      readonly what: string
      readonly path: string
    }
  /** 400: no client sends it. 404: well formed, but there is no such thing here. */
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 405; readonly reason: string }

export interface NpmRequestContext {
  readonly method: string
  /** The registry stands at the root, where `/npm/…` means the same as `/…`: lock files of both kinds work. */
  readonly atRoot: boolean
}

/** Longer paths are refused before they are looked at, in characters as received. */
export const maxPathLength = 2048

/**
 * Pure and total. `path` starts with the slash after the ecosystem's prefix, percent-encoded as received, and is
 * decoded exactly once. An encoded slash stands between a scope and a name and nowhere else.
 */
export function parseNpmRequest(path: string, context: NpmRequestContext): NpmRequest {
  const split = segmentsOf(path)
  if ('kind' in split) return split
  const all = split.segments
  const dropsPrefix = context.atRoot && all[0] === 'npm' && all.length > 1 && !isOfPackageNpm(all.slice(1))
  const segments = dropsPrefix ? all.slice(1) : all
  const wirePath = path.slice(dropsPrefix ? path.indexOf('/', 1) + 1 : 1)
  const reads = context.method === 'GET' || context.method === 'HEAD'
  if (!reads && !/^(?:PUT|POST|DELETE|PATCH)$/.test(context.method)) {
    return { kind: 'refused', status: 405, reason: `npm's protocol has no ${context.method} requests` }
  }

  const [first, second] = segments
  if (first === undefined) return reads ? { kind: 'root' } : missing('there is nothing to write here')
  // There is a package called `-`.
  const isDash = first === '-' && (second === undefined || (second === '-' && segments.length === 3))
  if (first === '-' && !isDash) return special(segments.slice(1), wirePath, context.method)
  const length = first.startsWith('@') ? 2 : 1
  if (length === 2 && second === undefined) return missing(`${first} is a scope; a package is ${first}/NAME`)
  const name = segments.slice(0, length).join('/')
  if (!isPackageName(name)) return bad(notAName(name))
  const rest = segments.slice(length)
  if (!reads) {
    const isWritable = rest.length <= 1 || rest[0] === '-' || rest[0] === '-rev'
    if (!isWritable) return missing(`nothing can be written at ${wirePath}`)
    return { kind: 'relay', name, what: whatOf(context.method, rest), path: wirePath }
  }
  return ofPackage(name, rest)
}

/** A key after `npm`, which is a path that only we write. */
export function parseNpmKey(path: string): NpmRequest {
  const [, name = '', rest = ''] = /^\/(.+?)\/-\/(abbreviated|manifest\/[^/]+)$/.exec(path) ?? []
  if (!isPackageName(name)) return parseNpmRequest(path, { method: 'GET', atRoot: false })
  if (rest === 'abbreviated') return { kind: 'abbreviated', name }
  const wanted = rest.slice('manifest/'.length)
  return isWanted(wanted) ? { kind: 'manifest', name, wanted } : bad('it is no version and no tag')
}

/**
 * The name in the canonical path of a tarball, spelled as its key is; undefined when in doubt. Cheap: it is on
 * the way of every hit.
 */
export function packageOfTarball(path: string): string | undefined {
  if (!path.endsWith('.tgz') || path.includes('%')) return undefined
  const at = path.lastIndexOf('/-/')
  if (at < 1 || path.indexOf('/', at + 3) >= 0 || path.charCodeAt(1) === 0x2d) return undefined
  const name = path.slice(1, at)
  return isPackageName(name) && isTarballFile(path.slice(at + 3)) ? name : undefined
}

function segmentsOf(path: string): { readonly segments: readonly string[] } | NpmRequest {
  if (path.length > maxPathLength) return bad(`the path is longer than ${maxPathLength} characters`)
  if (!path.startsWith('/')) return bad('the path has no leading slash')
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return bad('the path holds a broken percent escape')
  const plain = path.replace(/(\/(?:@|%40)[A-Za-z0-9._~-]+)%2f/gi, '$1/')
  if (/%2f/i.test(plain)) return bad('the path holds an encoded slash that parts no scope from a name')
  const decoded = plain
    .slice(1)
    .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\/$/, '')
  if (!/^[\x21-\x7e]*$/.test(decoded))
    return bad('the path holds a space, a control or a non-ASCII character')
  if (/[\\?#%"<>`{|}]/.test(decoded)) return bad('the path holds a character that no name of a package has')
  const segments = decoded === '' ? [] : decoded.split('/')
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return bad('the path holds an empty, a . or a .. element')
  }
  return { segments }
}

/** At the root `/npm/…` may also be about the package called npm: its versions, tags and tarballs. */
function isOfPackageNpm(rest: readonly string[]): boolean {
  const [first = '', second = ''] = rest
  if (first === '-') return /^npm-\d/.test(second)
  if (first === '-rev' || first === 'download') return true
  return rest.length === 1 && /^(?:\d+\.\d+\.\d+.*|(?:latest|next|lts)(?:-.*)?)$/.test(first)
}

function ofPackage(name: string, rest: readonly string[]): NpmRequest {
  const [first, second, third] = rest
  if (first === undefined) return { kind: 'packument', name }
  if (first === '-' || first === 'download') {
    // Verdaccio, GitHub and cnpm once repeated the scope: /@scope/name/-/@scope/name-1.0.0.tgz
    const repeats = rest.length === 3 && second !== undefined && name.startsWith(`${second}/`)
    const file = repeats ? third : rest.length === 2 ? second : undefined
    if (file !== undefined && isTarballFile(file)) return { kind: 'tarball', name, file }
    if (first === '-' || rest.length > 1) return missing(`${rest.join('/')} is no tarball of ${name}`)
  }
  if (rest.length === 1 && isWanted(first)) return { kind: 'manifest', name, wanted: first }
  return missing(`${rest.join('/')} is no version, no tag and no tarball of ${name}`)
}

/** What stands below `/-/`. */
function special(rest: readonly string[], path: string, method: string): NpmRequest {
  const reads = method === 'GET' || method === 'HEAD'
  const place = rest.join('/')
  if (reads) {
    if (place === 'ping') return { kind: 'ping' }
    if (place === 'v1/search') return { kind: 'search' }
    if (place === 'npm/v1/keys') return { kind: 'keys' }
    if (place.startsWith('npm/v1/attestations/'))
      return attestations(place.slice('npm/v1/attestations/'.length))
  }
  if (method === 'POST') {
    if (place === 'npm/v1/security/advisories/bulk') return { kind: 'audit', form: 'bulk' }
    if (place === 'npm/v1/security/audits/quick') return { kind: 'audit', form: 'quick' }
    if (place === 'npm/v1/security/audits') return { kind: 'audit', form: 'full' }
  }
  // A trusted publisher's short-lived token, and a package that waits for its release, are of one package.
  const [, what = '', wire] = /^(npm\/v1\/oidc\/token\/exchange|stage)\/package\/(.+)$/.exec(place) ?? []
  if (wire !== undefined) {
    return isPackageName(wire) ? { kind: 'relay', name: wire, what, path } : bad(notAName(wire))
  }
  if (rest[0] === 'package') {
    const length = rest[1]?.startsWith('@') ? 2 : 1
    const name = rest.slice(1, 1 + length).join('/')
    if (!isPackageName(name)) return bad(notAName(name))
    const what = rest.slice(1 + length).join('/')
    if (reads && what === 'dist-tags') return { kind: 'dist-tags', name }
    return { kind: 'relay', name, what: what === '' ? 'a package' : (what.split('/', 1)[0] ?? ''), path }
  }
  const account =
    /^(whoami|user|v1\/login|v1\/done|npm\/v1\/(?:tokens|user|hooks)|org|team|stage)(?:\/|$)/.exec(place)
  if (account !== null) return { kind: 'relay', name: undefined, what: account[1] ?? place, path }
  return missing(`this registry has no /-/${place}`)
}

function attestations(rest: string): NpmRequest {
  const at = rest.lastIndexOf('@')
  const [name, version] = [rest.slice(0, Math.max(0, at)), rest.slice(at + 1)]
  if (!isPackageName(name) || !isWanted(version)) return bad('attestations are those of NAME@VERSION')
  return { kind: 'attestations', name, version }
}

function whatOf(method: string, rest: readonly string[]): string {
  if (rest.length === 0) return method === 'PUT' ? 'publish' : method.toLowerCase()
  return method === 'DELETE' ? 'unpublish' : 'publish'
}

/** A version or the name of a tag. */
function isWanted(text: string): boolean {
  return text.length <= 256 && /^[A-Za-z0-9_~^*][A-Za-z0-9._~+^*-]*$/.test(text)
}

function notAName(name: string): string {
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name
  const hint = /^@.*[A-Z]/.test(name) ? ': scoped names have no capitals' : ''
  return `${shown} is no name of a package${hint}`
}

function bad(reason: string): NpmRequest {
  return { kind: 'refused', status: 400, reason }
}

function missing(reason: string): NpmRequest {
  return { kind: 'refused', status: 404, reason }
}
