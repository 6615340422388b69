/** Versions and what asks for them: PEP 440, as far as a guess needs it. */

/** Parts that compare in order; made so that plain comparison of numbers gives PEP 440's order. */
export interface Version {
  readonly epoch: number
  readonly release: readonly number[]
  /** Before the release: dev, alpha, beta, candidate; after it: post. In the order in which they count. */
  readonly suffix: readonly [pre: number, preNumber: number, post: number, dev: number]
  readonly isPre: boolean
  readonly local: string | undefined
}

const form =
  /^v?(?:(\d{1,9})!)?(\d{1,15}(?:\.\d{1,15}){0,20})(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d{0,15}))?(?:-(\d{1,15})|[-_.]?(post|rev|r)[-_.]?(\d{0,15}))?(?:[-_.]?(dev)[-_.]?(\d{0,15}))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/i

const ranks: Readonly<Record<string, number>> = {
  a: 0,
  alpha: 0,
  b: 1,
  beta: 1,
  c: 2,
  rc: 2,
  pre: 2,
  preview: 2,
}

/** Without a pre-release part a version stands behind all of its pre-releases. */
const FINAL = 3

/** Undefined for what is no version of PEP 440 (which indexes hold from old times). */
export function parseVersion(text: string): Version | undefined {
  const match = text.length > 200 ? null : form.exec(text.trim())
  if (match === null) return undefined
  const [, epoch, release = '', pre, preNumber, implicit, post, postNumber, dev, devNumber, local] = match
  const hasPost = implicit !== undefined || post !== undefined
  const onlyDev = dev !== undefined && pre === undefined && !hasPost
  return {
    epoch: Number(epoch ?? 0),
    release: release.split('.').map(Number),
    suffix: [
      pre === undefined ? (onlyDev ? -1 : FINAL) : (ranks[pre.toLowerCase()] ?? 0),
      Number(preNumber || 0),
      hasPost ? Number(implicit ?? (postNumber || 0)) : -1,
      dev === undefined ? Number.POSITIVE_INFINITY : Number(devNumber || 0),
    ],
    isPre: pre !== undefined || dev !== undefined,
    local,
  }
}

/** By PEP 440, local parts aside. */
export function compareVersions(a: Version, b: Version): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch
  const byRelease = compareRelease(a.release, b.release)
  if (byRelease !== 0) return byRelease
  for (const [index, part] of a.suffix.entries()) {
    const other = b.suffix[index] ?? 0
    if (part !== other) return part < other ? -1 : 1
  }
  return 0
}

function compareRelease(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Whether a version meets every clause of a specifier (`>=1.2,<2`). A clause that cannot be read is met. */
export function meets(version: Version, specifier: string): boolean {
  return specifier.split(',').every((clause) => meetsClause(version, clause.trim()))
}

function meetsClause(version: Version, clause: string): boolean {
  const [, operator = '', wanted = ''] = /^(===|~=|==|!=|<=|>=|<|>)\s*(\S+)$/.exec(clause) ?? []
  if (operator === '') return true
  const isPrefix = /^[=!]=$/.test(operator) && wanted.endsWith('.*')
  const other = parseVersion(isPrefix ? wanted.slice(0, -2) : wanted)
  if (other === undefined) return true
  const order = compareVersions(version, other)
  switch (operator) {
    case '==':
    case '===':
      return isPrefix ? hasPrefix(version, other) : order === 0
    case '!=':
      return isPrefix ? !hasPrefix(version, other) : order !== 0
    case '>=':
      return order >= 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0 && !(isSameRelease(version, other) && other.suffix[2] < 0 && version.suffix[2] >= 0)
    case '<':
      return order < 0 && !(isSameRelease(version, other) && !other.isPre && version.isPre)
    default:
      return order >= 0 && hasPrefix(version, { ...other, release: other.release.slice(0, -1) })
  }
}

function isSameRelease(a: Version, b: Version): boolean {
  return a.epoch === b.epoch && compareRelease(a.release, b.release) === 0
}

function hasPrefix(version: Version, prefix: Version): boolean {
  return (
    version.epoch === prefix.epoch &&
    prefix.release.every((part, index) => part === (version.release[index] ?? 0))
  )
}

/** Whether a specifier names a pre-release, and so lets pre-releases in. */
export function wantsPre(specifier: string): boolean {
  return specifier.split(',').some((clause) => {
    const [, wanted = ''] = /^\s*(?:===|~=|==|<=|>=|<|>)\s*(\S+)\s*$/.exec(clause) ?? []
    return parseVersion(wanted)?.isPre === true
  })
}
