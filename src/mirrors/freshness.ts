/** How far a mirror lags behind what others know. Pure. */

import type { Measurement } from './measurement.ts'

export interface Lag {
  readonly canary: string
  /** The newest of the versions that it does not have; undefined when it did not answer. */
  readonly lacks: string | undefined
}

export interface Freshness {
  /** Canaries that could be compared. */
  readonly compared: number
  readonly lags: readonly Lag[]
  /** Behind on more than half of them: no delay of a cache, but a mirror that stands still. */
  readonly stale: boolean
}

/** What a mirror is compared with, by canary. */
export type Reference = ReadonlyMap<string, ReadonlySet<string>>

/** A mirror may leave out what is old; only so many of the newest versions are looked for. */
const newestCounted = 20

/**
 * The origin's word where it answered well, else what at least two mirrors agree on: one alone could have made its
 * versions up. Of documents that name one version each, the latest, the newest that two agree on: the others are
 * what that one has replaced.
 */
export function referenceOf(measurements: readonly Measurement[]): Reference {
  const sound = measurements.filter(({ fault }) => fault === undefined)
  const origin = sound.find(({ candidate, canaries }) => candidate.role === 'origin' && canaries.size > 0)
  if (origin !== undefined) return origin.canaries
  const names = new Set(sound.flatMap(({ canaries }) => [...canaries.keys()]))
  return new Map(
    [...names].map((name) => {
      const words = sound.flatMap(({ canaries }) => canaries.get(name) ?? [])
      const agreed = agreedOn(words)
      return [name, new Set(words.every(isOne) ? agreed.slice(-1) : agreed)] as const
    }),
  )
}

/** The versions that two name at least, oldest first. */
function agreedOn(words: readonly ReadonlySet<string>[]): string[] {
  const counts = new Map<string, number>()
  for (const version of words.flatMap((word) => [...word]))
    counts.set(version, (counts.get(version) ?? 0) + 1)
  return [...counts].flatMap(([version, count]) => (count > 1 ? [version] : [])).toSorted(byVersion)
}

const isOne = ({ size }: ReadonlySet<string>) => size === 1

export function freshnessOf({ canaries }: Pick<Measurement, 'canaries'>, reference: Reference): Freshness {
  const compared = [...reference].filter(([, versions]) => versions.size > 0)
  const lags = compared.flatMap(([canary, versions]): Lag[] => {
    const own = canaries.get(canary)
    if (own === undefined) return [{ canary, lacks: undefined }]
    const newest = [...versions].toSorted(byVersion).slice(-newestCounted)
    const lacks = newest.findLast((version) => !own.has(version))
    if (lacks === undefined || (isOne(versions) && isOne(own) && isNewer(own, lacks))) return []
    return [{ canary, lacks }]
  })
  return { compared: compared.length, lags, stale: compared.length > 0 && lags.length * 2 > compared.length }
}

/** A latest version that a reference has not seen yet. */
function isNewer(own: ReadonlySet<string>, than: string): boolean {
  return [...own].every((version) => byVersion(version, than) > 0)
}

const { compare } = new Intl.Collator('en', { numeric: true })

/** `v1.10.0` after `v1.9.0`, and a pre-release before its release. */
export function byVersion(a: string, b: string): number {
  const [coreA, coreB] = [a.replace(/-.*$/, ''), b.replace(/-.*$/, '')]
  const byCore = compare(coreA, coreB)
  if (byCore !== 0) return byCore
  if (a === coreA || b === coreB) return Number(a === coreA) - Number(b === coreB)
  return compare(a, b)
}
