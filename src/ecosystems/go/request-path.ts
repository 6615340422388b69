/** What a path of the GOPROXY protocol asks for. */

import { checkModuleVersion, unescapePath, unescapeVersion } from './module-path.ts'
import { isCanonical } from './version.ts'

export type GoRequest =
  | { readonly kind: 'list' | 'latest'; readonly module: string; readonly path: string }
  /** `info`: of exactly this version, for ever. `query`: of what a branch, hash, tag or prefix means by now. */
  | {
      readonly kind: 'info' | 'query' | 'mod' | 'zip'
      readonly module: string
      readonly version: string
      readonly path: string
    }
  | { readonly kind: 'supported'; readonly database: string; readonly path: string }
  | { readonly kind: 'tree-head'; readonly database: string; readonly path: string }
  | {
      readonly kind: 'lookup'
      readonly database: string
      readonly module: string
      readonly version: string
      readonly path: string
    }
  | { readonly kind: 'tile' | 'data-tile'; readonly database: string; readonly path: string }
  /** 400: no client of this protocol sends it. 404: well formed, but there is no such thing here. */
  | { readonly kind: 'refused'; readonly status: 400 | 404; readonly reason: string }

/** Longer paths are refused before they are looked at, in characters as received. */
export const maxPathLength = 2048

/**
 * Pure and total. `path` starts with the slash after the ecosystem's prefix, percent-encoded as received; it is
 * decoded exactly once, so `%21azure` and `!azure` are the same and `+` stays itself. The `path` of the result is
 * canonical: decoded, escaped with `!`, without a leading slash; for a database it is relative to its base.
 */
export function parseGoRequest(path: string, isDatabase: (name: string) => boolean): GoRequest {
  if (path.length > maxPathLength) return bad(`the path is longer than ${maxPathLength} characters`)
  if (!path.startsWith('/')) return bad('the path has no leading slash')
  if (/%2f/i.test(path)) return bad('the path holds an encoded slash')
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return bad('the path holds a broken percent escape')
  const decoded = path
    .slice(1)
    .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  if (!/^[\x21-\x7e]*$/.test(decoded))
    return bad('the path holds a space, a control or a non-ASCII character')
  if (/[\\?#]/.test(decoded)) return bad('the path holds a character that no module path has')
  if (decoded.split('/').some((element) => element === '.' || element === '..')) {
    return bad('the path holds a . or .. element')
  }
  if (decoded === '') return missing('this is the address of a Go module proxy: set GOPROXY to it')
  return decoded.startsWith('sumdb/')
    ? parseDatabasePath(decoded.slice('sumdb/'.length), isDatabase)
    : parseModulePath(decoded)
}

/**
 * The module of a canonical version's file, when the path is spelled as its key is; undefined when in doubt. Of
 * `.info` only v0 and v1 of an unsuffixed module: beyond them the same spelling may be a query.
 */
export function moduleOfFixedFile(path: string): string | undefined {
  const at = path.lastIndexOf('/@v/')
  if (at < 1 || path.startsWith('/sumdb/') || /[%!]/.test(path)) return undefined
  const module = path.slice(1, at)
  if (path.endsWith('.mod') || path.endsWith('.zip')) return module
  const fixed = /\/@v\/v[01]\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?\.info$/.test(path)
  return fixed && !/[./]v\d+$/.test(module) ? module : undefined
}

function parseModulePath(path: string): GoRequest {
  const at = path.indexOf('/@')
  if (at < 0) return missing('the path has no /@v/ and no /@latest')
  const escaped = path.slice(0, at)
  const module = unescapePath(escaped)
  if (module === undefined) return missing(`${escaped} is no valid escaped module path`)
  const rest = path.slice(at + 1)
  if (rest === '@latest') return { kind: 'latest', module, path }
  if (rest === '@v/list') return { kind: 'list', module, path }
  const file = /^@v\/([^/]+)\.(info|mod|zip)$/.exec(rest)
  if (file === null) return missing(`${rest} is none of @latest, @v/list and @v/VERSION.info, .mod, .zip`)
  const [, escapedVersion = '', extension] = file
  const version = unescapeVersion(escapedVersion)
  if (version === undefined) return missing(`${escapedVersion} is no valid escaped version`)
  if (extension === 'info') {
    if (/^(?:latest|upgrade|patch)$/.test(version)) {
      return missing(`${version} is a word of the go command: ask @latest or @v/list instead`)
    }
    const exact = isCanonical(version) && checkModuleVersion(module, version) === undefined
    return { kind: exact ? 'info' : 'query', module, version, path }
  }
  if (!isCanonical(version)) {
    return missing(`${version} is no canonical version: ask @v/${escapedVersion}.info what it means`)
  }
  return { kind: extension === 'mod' ? 'mod' : 'zip', module, version, path }
}

function parseDatabasePath(rest: string, isDatabase: (name: string) => boolean): GoRequest {
  for (let slash = rest.indexOf('/'); slash >= 0; slash = rest.indexOf('/', slash + 1)) {
    const database = rest.slice(0, slash)
    if (isDatabase(database)) return parseDatabaseRequest(database, rest.slice(slash + 1))
  }
  return missing(`no checksum database of this name is served here: sumdb/${rest}`)
}

function parseDatabaseRequest(database: string, path: string): GoRequest {
  if (path === 'supported') return { kind: 'supported', database, path }
  if (path === 'latest') return { kind: 'tree-head', database, path }
  if (path.startsWith('lookup/')) return parseLookup(database, path)
  if (path.startsWith('tile/')) return parseTile(database, path)
  return missing(`a checksum database has no ${path}`)
}

function parseLookup(database: string, path: string): GoRequest {
  const [, escaped = '', escapedVersion = ''] = /^lookup\/([^@]+)@([^/]+)$/.exec(path) ?? []
  const module = unescapePath(escaped)
  const version = unescapeVersion(escapedVersion)
  if (module === undefined || version === undefined || !isCanonical(version)) {
    return bad('a lookup is lookup/MODULE@VERSION with a canonical version')
  }
  return { kind: 'lookup', database, module, version, path }
}

/** `tile/HEIGHT/LEVEL|data/x001/234[.p/WIDTH]`, in the one form that `tlog.ParseTilePath` accepts. */
function parseTile(database: string, path: string): GoRequest {
  const match =
    /^tile\/([1-9][0-9]?)\/(data|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]*))?$/.exec(
      path,
    )
  if (match === null) return bad('a tile is tile/HEIGHT/LEVEL/NUMBER or tile/HEIGHT/LEVEL/NUMBER.p/WIDTH')
  const [, height = '', level = '', index = '', width = '1'] = match
  const fits = Number(height) <= 30 && (level === 'data' || Number(level) <= 63) && index.length <= 30
  if (!fits || index.startsWith('x000/') || Number(width) >= 2 ** Number(height)) {
    return bad('there can be no tile with these coordinates')
  }
  return { kind: level === 'data' ? 'data-tile' : 'tile', database, path }
}

function bad(reason: string): GoRequest {
  return { kind: 'refused', status: 400, reason }
}

function missing(reason: string): GoRequest {
  return { kind: 'refused', status: 404, reason }
}
