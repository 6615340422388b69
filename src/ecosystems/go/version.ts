/** Go's dialect of semantic versions (`golang.org/x/mod/semver` and `module`): a leading `v`, `+incompatible`. */

export interface Semver {
  /** Decimal digits without leading zeros, of any length. */
  readonly major: string
  readonly minor: string
  readonly patch: string
  /** With its leading `-`, or empty. */
  readonly prerelease: string
  /** With its leading `+`, or empty. */
  readonly build: string
}

const number = '(0|[1-9][0-9]*)'
const identifier = '(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)'
const prerelease = `(-${identifier}(?:\\.${identifier})*)`
const build = '(\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)'
const pattern = new RegExp(`^v${number}(?:\\.${number}(?:\\.${number}${prerelease}?${build}?)?)?$`)

/** `v1.2.3-pre+build`, and the short forms `v1` and `v1.2`; undefined for anything else. */
export function parseSemver(version: string): Semver | undefined {
  const match = pattern.exec(version)
  if (match === null) return undefined
  const [, major = '0', minor = '0', patch = '0', pre = '', meta = ''] = match
  return { major, minor, patch, prerelease: pre, build: meta }
}

/** Full form without build data, except that `+incompatible` stays; undefined when it is no version. */
export function canonicalVersion(version: string): string | undefined {
  const semver = parseSemver(version)
  if (semver === undefined) return undefined
  const kept = semver.build === '+incompatible' ? semver.build : ''
  return `v${semver.major}.${semver.minor}.${semver.patch}${semver.prerelease}${kept}`
}

/** Whether this text names exactly one version for ever, rather than asking for one. */
export function isCanonical(version: string): boolean {
  return canonicalVersion(version) === version
}

/** `v1` of `v1.2.3`; undefined when it is no version. */
export function majorOf(version: string): string | undefined {
  const semver = parseSemver(version)
  return semver === undefined ? undefined : `v${semver.major}`
}

/** Precedence: negative, zero, positive. Build data does not count; what is no version is below every version. */
export function compareVersions(left: string, right: string): number {
  const a = parseSemver(left)
  const b = parseSemver(right)
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  return (
    compareNumbers(a.major, b.major) ||
    compareNumbers(a.minor, b.minor) ||
    compareNumbers(a.patch, b.patch) ||
    comparePrereleases(a.prerelease, b.prerelease)
  )
}

/** Those of `versions` that are neither pre-releases nor `+incompatible`, the highest first. */
export function releasesFromHighest(versions: Iterable<string>): readonly string[] {
  return [...versions]
    .filter((version) => {
      const semver = parseSemver(version)
      return semver !== undefined && semver.prerelease === '' && semver.build === ''
    })
    .sort((a, b) => compareVersions(b, a))
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** Decimal strings without leading zeros, which may be larger than any number type. */
function compareNumbers(a: string, b: string): number {
  return a.length - b.length || compareText(a, b)
}

function comparePrereleases(a: string, b: string): number {
  if (a === b) return 0
  if (a === '') return 1
  if (b === '') return -1
  const left = a.slice(1).split('.')
  const right = b.slice(1).split('.')
  for (const [index, x] of left.entries()) {
    const y = right[index]
    if (y === undefined) return 1
    if (x === y) continue
    const numeric = /^[0-9]+$/.test(x)
    if (numeric !== /^[0-9]+$/.test(y)) return numeric ? -1 : 1
    return numeric ? compareNumbers(x, y) : compareText(x, y)
  }
  return left.length - right.length
}

export interface PseudoVersion {
  /** `yyyymmddhhmmss`, UTC. */
  readonly timestamp: string
  /** Milliseconds since the epoch; undefined when the timestamp is no date. */
  readonly timeMs: number | undefined
  /** The first characters of the commit's hash, usually 12. */
  readonly revision: string
  /** The tagged version that it comes after, if any; `impossible` for forms that no tag can have led to. */
  readonly base: { readonly kind: 'none' | 'impossible' } | { readonly kind: 'tag'; readonly version: string }
}

/** The five forms that `module/pseudo.go` describes; undefined for any other version. */
export function parsePseudoVersion(version: string): PseudoVersion | undefined {
  const semver = parseSemver(version)
  if (semver === undefined) return undefined
  const match = /^-(?:(.*\.)?(0)\.)?([0-9]{14})-([0-9A-Za-z]+)$/.exec(semver.prerelease)
  if (match === null) return undefined
  const [, before, zero, timestamp = '', revision = ''] = match
  // Without the `0.` segment only vX.0.0 is a pseudo-version; the rest are ordinary pre-releases.
  if (zero === undefined && (semver.minor !== '0' || semver.patch !== '0')) return undefined
  return { timestamp, timeMs: parseTimestamp(timestamp), revision, base: pseudoBase(semver, zero, before) }
}

export function isPseudoVersion(version: string): boolean {
  return parsePseudoVersion(version) !== undefined
}

function pseudoBase(
  semver: Semver,
  zero: string | undefined,
  before: string | undefined,
): PseudoVersion['base'] {
  const { major, minor, patch, build: meta } = semver
  if (zero === undefined) return { kind: meta === '' ? 'none' : 'impossible' }
  if (before !== undefined) {
    return { kind: 'tag', version: `v${major}.${minor}.${patch}-${before.slice(0, -1)}${meta}` }
  }
  if (patch === '0') return { kind: 'impossible' }
  return { kind: 'tag', version: `v${major}.${minor}.${BigInt(patch) - 1n}${meta}` }
}

function parseTimestamp(text: string): number | undefined {
  const iso = text.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6.000Z')
  const timeMs = Date.parse(iso)
  // Date.parse lets some days run over into the next month.
  return Number.isNaN(timeMs) || new Date(timeMs).toISOString() !== iso ? undefined : timeMs
}
