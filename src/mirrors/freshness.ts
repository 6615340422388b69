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
 * The origin's word on each package where it answered well, else what at least two mirrors of different domains agree
 * on: one alone could have made its versions up. Of documents that name one version each, the latest, the newest that
 * two agree on: the others are what that one has replaced.
 */
export function referenceOf(measurements: readonly Measurement[]): Reference {
  const sound = measurements.filter(({ fault }) => fault === undefined)
  const origin = sound.find(({ candidate }) => candidate.role === 'origin')
  const names = new Set(sound.flatMap(({ canaries }) => [...canaries.keys()]))
  return new Map(
    [...names].map((name) => {
      const told = origin?.canaries.get(name)
      if (told !== undefined) return [name, told] as const
      const words = sound.flatMap(({ candidate: { domain }, canaries }): Word[] => {
        const versions = canaries.get(name)
        return versions === undefined ? [] : [{ domain, versions }]
      })
      const agreed = agreedOn(words)
      return [
        name,
        new Set(words.every(({ versions }) => isOne(versions)) ? agreed.slice(-1) : agreed),
      ] as const
    }),
  )
}

interface Word {
  readonly domain: string
  readonly versions: ReadonlySet<string>
}

/** The versions that two domains name at least, oldest first. */
function agreedOn(words: readonly Word[]): string[] {
  const witnesses = new Map<string, Set<string>>()
  for (const { domain, versions } of words) {
    for (const version of versions)
      witnesses.set(version, (witnesses.get(version) ?? new Set<string>()).add(domain))
  }
  return [...witnesses]
    .flatMap(([version, domains]) => (domains.size > 1 ? [version] : []))
    .toSorted(byVersion)
}

const isOne = ({ size }: ReadonlySet<string>) => size === 1

/** The origin lags behind nobody, whatever it did not answer. */
export function freshnessOf(
  { candidate, canaries }: Pick<Measurement, 'candidate' | 'canaries'>,
  reference: Reference,
): Freshness {
  const compared = [...reference].filter(([, versions]) => versions.size > 0)
  const lags = compared.flatMap(([canary, versions]): Lag[] => {
    const own = canaries.get(canary)
    if (candidate.role === 'origin') return []
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
