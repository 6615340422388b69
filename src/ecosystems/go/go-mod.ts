/** What a go.mod file says, by the rules of `golang.org/x/mod/modfile` (ParseLax, and `replace` and `exclude`). */

import { type GoModLine, parseGoModLines } from './go-mod-lines.ts'
import { matchPathMajor, splitPathVersion } from './module-path.ts'
import { canonicalVersion } from './version.ts'

export interface ModuleVersion {
  readonly path: string
  readonly version: string
}

export interface GoMod {
  /** As written; not checked against the rules of module paths. */
  readonly module: string | undefined
  readonly deprecated: string | undefined
  /** `1.21`, `1.21.0`; undefined when there is no go line. */
  readonly goVersion: string | undefined
  readonly require: readonly (ModuleVersion & { readonly indirect: boolean })[]
  readonly exclude: readonly ModuleVersion[]
  readonly replace: readonly {
    readonly path: string
    /** Undefined: every version. */
    readonly version: string | undefined
    /** A module path with a version, or a folder without one. */
    readonly with: { readonly path: string; readonly version: string | undefined }
  }[]
  /** Closed intervals; `low` and `high` are equal for a single version. */
  readonly retract: readonly { readonly low: string; readonly high: string; readonly rationale: string }[]
}

export type ParsedGoMod =
  | { readonly ok: true; readonly file: GoMod }
  /** `line` counts from 1; 0 for the file as a whole. */
  | { readonly ok: false; readonly line: number; readonly reason: string }

/** The largest file that Go accepts, in bytes. */
export const maxGoModBytes = 16 << 20

/** From go 1.17 on a go.mod lists all that its packages need, and the graph below it is not loaded. */
export function isPruned(goVersion: string | undefined): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(goVersion ?? '') ?? []
  return Number(major ?? 0) > 1 || (Number(major ?? 0) === 1 && Number(minor ?? 0) >= 17)
}

type Draft = {
  -readonly [Key in keyof GoMod]: GoMod[Key] extends readonly (infer Item)[] ? Item[] : GoMod[Key]
}

/**
 * Total: never throws, whatever the bytes are. Directives that it does not know, and malformed
 * ones that count only in the main module, are ignored.
 */
export function parseGoMod(bytes: Uint8Array): ParsedGoMod {
  if (bytes.length > maxGoModBytes) return { ok: false, line: 0, reason: 'it is larger than 16 MiB' }
  const lines = parseGoModLines(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  if ('reason' in lines) return { ok: false, ...lines }
  const file: Draft = {
    module: undefined,
    deprecated: undefined,
    goVersion: undefined,
    require: [],
    exclude: [],
    replace: [],
    retract: [],
  }
  for (const line of lines) {
    const reason = addLine(file, line)
    if (reason !== undefined) return { ok: false, line: line.line, reason }
  }
  return { ok: true, file }
}

/** Puts one line into the file; gives what is wrong with it. */
function addLine(file: Draft, line: GoModLine): string | undefined {
  const [verb, ...args] = line.tokens
  switch (verb) {
    case 'module':
      return addModule(file, line, args)
    case 'go':
      return line.inBlock ? undefined : addGo(file, args)
    case 'require':
      return addRequirement(file, verb, line, args)
    // Both count in the main module only: Go reads no further where a dependency has them wrong.
    case 'exclude':
      addRequirement(file, verb, line, args)
      return undefined
    case 'replace':
      addReplacement(file, args)
      return undefined
    case 'retract': {
      // Later toolchains may allow other forms; Go too ignores those of dependencies.
      const interval = readInterval(args)
      if (interval !== undefined) file.retract.push({ ...interval, rationale: line.comments.join('\n') })
      return undefined
    }
    default:
      return undefined
  }
}

function addModule(file: Draft, line: GoModLine, args: readonly string[]): string | undefined {
  if (file.module !== undefined) return 'repeated module line'
  const path = args.length === 1 ? unquote(args[0] ?? '') : undefined
  if (path === undefined) return 'a module line is: module PATH'
  file.module = path
  file.deprecated = /(?:^|\n\n)Deprecated: *([\s\S]*?)(?:$|\n\n)/.exec(line.comments.join('\n'))?.[1]
  return undefined
}

function addGo(file: Draft, args: readonly string[]): string | undefined {
  if (file.goVersion !== undefined) return 'repeated go line'
  const [version = ''] = args
  const strict = /^[1-9]\d*\.(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))?(?:[a-z]+\d+)?$/.test(version)
  const lax = /^v?([1-9]\d*\.(?:0|[1-9]\d*))[^0-9].*$/.exec(version)?.[1]
  if (args.length !== 1 || (!strict && lax === undefined)) return 'a go line is: go VERSION, like go 1.21.0'
  file.goVersion = strict ? version : lax
  return undefined
}

function addRequirement(
  file: Draft,
  verb: 'require' | 'exclude',
  line: GoModLine,
  args: readonly string[],
): string | undefined {
  const path = unquote(args[0] ?? '')
  const version = readVersion(args[1])
  if (args.length !== 2 || path === undefined || version === undefined) return `usage: ${verb} PATH v1.2.3`
  const problem = checkMajor(path, version)
  if (problem !== undefined) return problem
  if (verb === 'exclude') {
    file.exclude.push({ path, version })
    return undefined
  }
  const words = line.suffix?.split(/\s+/) ?? []
  const indirect = words.length === 1 ? words[0] === 'indirect' : words[0] === 'indirect;'
  file.require.push({ path, version, indirect })
  return undefined
}

/** Leaves out what is malformed. */
function addReplacement(file: Draft, args: readonly string[]): void {
  const arrow = args[1] === '=>' ? 1 : 2
  const target = args.slice(arrow + 1)
  if (args[arrow] !== '=>' || target.length < 1 || target.length > 2) return
  const path = unquote(args[0] ?? '')
  const newPath = unquote(target[0] ?? '')
  if (path === undefined || newPath === undefined || splitPathVersion(path) === undefined) return
  const version = arrow === 2 ? readVersion(args[1]) : undefined
  if (arrow === 2 && (version === undefined || checkMajor(path, version) !== undefined)) return
  const newVersion = target.length === 2 ? readVersion(target[1]) : undefined
  // A folder has no version, a module must have one.
  if (isFolder(newPath) !== (newVersion === undefined) || (target.length === 2 && newVersion === undefined)) {
    return
  }
  file.replace.push({ path, version, with: { path: newPath, version: newVersion } })
}

function readInterval(args: readonly string[]): { low: string; high: string } | undefined {
  const single = readVersion(args[0])
  if (single !== undefined) return { low: single, high: single }
  const [open, first, comma, second, close] = args
  const low = readVersion(first)
  const high = readVersion(second)
  if (open !== '[' || comma !== ',' || close !== ']' || low === undefined || high === undefined)
    return undefined
  return { low, high }
}

function readVersion(token: string | undefined): string | undefined {
  const text = token === undefined ? undefined : unquote(token)
  return text === undefined ? undefined : canonicalVersion(text)
}

function checkMajor(path: string, version: string): string | undefined {
  const split = splitPathVersion(path)
  if (split === undefined) return `${path} is no valid module path`
  return matchPathMajor(version, split.pathMajor) ? undefined : `${version} does not fit ${path}`
}

function isFolder(path: string): boolean {
  return /^(?:\.{1,2}(?:$|[/\\])|[/\\]|[A-Za-z]:)/.test(path)
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
}

/** A token's text: double quotes by Go's rules for strings; other quotes are reserved. */
function unquote(token: string): string | undefined {
  if (!token.startsWith('"')) return /["'`]/.test(token) ? undefined : token
  if (token.length < 2 || !token.endsWith('"')) return undefined
  const inner = token.slice(1, -1)
  const escapes =
    /\\(?:([abfnrtv\\"])|x([0-9A-Fa-f]{2})|([0-3][0-7]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/g
  if (/[\\"]/.test(inner.replace(escapes, ''))) return undefined
  let valid = true
  const text = inner.replace(
    escapes,
    (_, simple?: string, x?: string, octal?: string, u?: string, U?: string) => {
      if (simple !== undefined) return simpleEscapes[simple] ?? ''
      const code = octal === undefined ? Number.parseInt(x ?? u ?? U ?? '', 16) : Number.parseInt(octal, 8)
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) valid = false
      return valid ? String.fromCodePoint(code) : ''
    },
  )
  return valid ? text : undefined
}
