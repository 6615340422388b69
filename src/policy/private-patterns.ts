/** Module-path globs as `go help module-private` describes them (GOPRIVATE, GONOPROXY, GONOSUMDB). */

type ClassRange = readonly [low: string, high: string]

type Operation =
  | { readonly kind: 'literal'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly ClassRange[] }

/** A run of single-character operations, with or without a `*` in front. */
interface Chunk {
  readonly star: boolean
  readonly operations: readonly Operation[]
}

/**
 * Compiles patterns once; the matcher says whether any path prefix of a name matches one of them, exactly as
 * `module.MatchPrefixPatterns` of golang.org/x/mod does: a pattern with N slashes meets the first N+1 elements
 * of the name, one trailing slash is ignored, and so are empty and malformed patterns. An item may itself be a
 * comma-separated list. Never throws.
 */
export function compilePatterns(patterns: readonly string[]): (name: string) => boolean {
  const literals: string[] = []
  const globs: { readonly slashes: number; readonly chunks: readonly Chunk[] }[] = []
  for (const item of patterns.flatMap((list) => list.split(','))) {
    const glob = item.endsWith('/') ? item.slice(0, -1) : item
    if (glob === '') continue
    if (!/[*?[\\]/.test(glob)) {
      literals.push(glob)
      continue
    }
    const chunks = compileGlob(glob)
    if (chunks !== undefined) globs.push({ slashes: glob.split('/').length - 1, chunks })
  }
  if (literals.length === 0 && globs.length === 0) return () => false

  return (name) => {
    for (const literal of literals) {
      if (name.startsWith(literal) && (name.length === literal.length || name[literal.length] === '/')) {
        return true
      }
    }
    for (const { slashes, chunks } of globs) {
      const prefix = leadingElements(name, slashes)
      if (prefix !== undefined && matchChunks(chunks, [...prefix])) return true
    }
    return false
  }
}

/** The patterns of a list that no name can ever match, for a warning; Go itself ignores them in silence. */
export function malformedPatterns(patterns: readonly string[]): string[] {
  return patterns
    .flatMap((list) => list.split(','))
    .filter((item) => item !== '' && compileGlob(item.endsWith('/') ? item.slice(0, -1) : item) === undefined)
}

function leadingElements(name: string, slashes: number): string | undefined {
  let left = slashes
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
    if (left === 0) return name.slice(0, at)
    left -= 1
  }
  return left === 0 ? name : undefined
}

/** The grammar of Go's `path.Match`; undefined for a malformed pattern. */
function compileGlob(glob: string): readonly Chunk[] | undefined {
  const chunks: Chunk[] = []
  let rest = [...glob]
  while (rest.length > 0) {
    const start = rest.findIndex((char) => char !== '*')
    const star = start !== 0
    rest = start < 0 ? [] : rest.slice(start)
    const end = chunkEnd(rest)
    const operations = compileChunk(rest.slice(0, end))
    if (operations === undefined) return undefined
    chunks.push({ star, operations })
    rest = rest.slice(end)
  }
  return chunks
}

/** Where the next `*` outside a class is. A `]` ends a class here even where the class grammar forbids it. */
function chunkEnd(chars: readonly string[]): number {
  let inClass = false
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at]
    if (char === '\\') at += 1
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '*' && !inClass) return at
  }
  return chars.length
}

function compileChunk(chars: readonly string[]): readonly Operation[] | undefined {
  const operations: Operation[] = []
  let at = 0
  while (at < chars.length) {
    const char = chars[at] ?? ''
    at += 1
    if (char === '?') {
      operations.push({ kind: 'any' })
    } else if (char === '\\') {
      const escaped = chars[at]
      if (escaped === undefined) return undefined
      operations.push({ kind: 'literal', char: escaped })
      at += 1
    } else if (char === '[') {
      const parsed = compileClass(chars, at)
      if (parsed === undefined) return undefined
      operations.push(parsed.operation)
      at = parsed.end
    } else {
      operations.push({ kind: 'literal', char })
    }
  }
  return operations
}

function compileClass(
  chars: readonly string[],
  start: number,
): { readonly operation: Operation; readonly end: number } | undefined {
  let at = start
  const negated = chars[at] === '^'
  if (negated) at += 1
  const ranges: ClassRange[] = []
  for (;;) {
    if (chars[at] === ']' && ranges.length > 0) {
      return { operation: { kind: 'class', negated, ranges }, end: at + 1 }
    }
    const low = classChar(chars, at)
    if (low === undefined) return undefined
    at = low.end
    let high = low
    if (chars[at] === '-') {
      const upper = classChar(chars, at + 1)
      if (upper === undefined) return undefined
      high = upper
      at = upper.end
    }
    ranges.push([low.char, high.char])
  }
}

function classChar(chars: readonly string[], start: number): { char: string; end: number } | undefined {
  const first = chars[start]
  if (first === undefined || first === '-' || first === ']') return undefined
  const at = first === '\\' ? start + 1 : start
  const char = chars[at]
  // Something must follow: at the least the bracket that closes the class.
  if (char === undefined || at + 1 >= chars.length) return undefined
  return { char, end: at + 1 }
}

/** Leftmost match for each chunk, as Go does it: no backtracking, so hostile names cost little. */
function matchChunks(chunks: readonly Chunk[], name: readonly string[]): boolean {
  let at = 0
  for (const [index, { star, operations }] of chunks.entries()) {
    const last = index === chunks.length - 1
    if (star && operations.length === 0) return !name.includes('/', at)
    let end = matchOperations(operations, name, at)
    const accepted = (position: number | undefined) =>
      position !== undefined && (!last || position === name.length)
    if (!accepted(end) && star) {
      for (let skip = at; skip < name.length && name[skip] !== '/'; skip += 1) {
        end = matchOperations(operations, name, skip + 1)
        if (accepted(end)) break
      }
    }
    if (end === undefined || !accepted(end)) return false
    at = end
  }
  return at === name.length
}

function matchOperations(
  operations: readonly Operation[],
  name: readonly string[],
  start: number,
): number | undefined {
  if (start + operations.length > name.length) return undefined
  let at = start
  for (const operation of operations) {
    const char = name[at] ?? ''
    if (operation.kind === 'literal') {
      if (char !== operation.char) return undefined
    } else if (operation.kind === 'any') {
      if (char === '/') return undefined
    } else if (inRanges(operation.ranges, char) === operation.negated) {
      return undefined
    }
    at += 1
  }
  return at
}

function inRanges(ranges: readonly ClassRange[], char: string): boolean {
  const code = char.codePointAt(0) ?? 0
  return ranges.some(([low, high]) => (low.codePointAt(0) ?? 0) <= code && code <= (high.codePointAt(0) ?? 0))
}
