/** Compares what equal sources say of the same packages over time, and tells who is behind. Pure but for its memory. */

import type { Lag } from '../upstream/upstream.ts'
import { byVersion } from './freshness.ts'

/** One source's word on one package. */
export interface Sighting {
  readonly list: string
  readonly source: string
  readonly name: string
  /** All versions that it names; none when it has no such package. */
  readonly versions: Iterable<string>
  /** Milliseconds since the epoch. */
  readonly atMs: number
}

/** One source does not have a file that an equal one has. */
export interface Lack {
  readonly list: string
  readonly source: string
  readonly path: string
  readonly atMs: number
}

interface Package {
  readonly name: string
  /** When each of the newest versions was first seen anywhere. */
  readonly knownSinceMs: Map<string, number>
  readonly words: Map<string, { readonly versions: ReadonlySet<string>; readonly atMs: number }>
}

/** A source may leave out what is old; only so many of the newest versions are looked for. */
const newestCompared = 20
/** More than is compared, so that versions of its own do not hide those that all have. */
const newestKept = 60
const keptPackages = 64
const keptLacks = 256
/** A word older than this says nothing about today. */
const wordMs = 86_400_000
/** Most sources fetch what they lack when they are asked for it. */
const lackMs = 3_600_000

export class LagLedger {
  readonly #isOrigin: (list: string, source: string) => boolean
  /** Last seen last. */
  readonly #packages = new Map<string, Package>()
  readonly #lacks = new Map<string, { readonly lack: Lack; readonly sinceMs: number }>()

  constructor(isOrigin: (list: string, source: string) => boolean) {
    this.#isOrigin = isOrigin
  }

  saw({ list, source, name, versions, atMs }: Sighting): void {
    const key = `${list} ${name}`
    const known = this.#packages.get(key) ?? { name, knownSinceMs: new Map(), words: new Map() }
    this.#packages.delete(key)
    this.#packages.set(key, known)
    trim(this.#packages, keptPackages)
    const newest = [...new Set(versions)].toSorted(byVersion).slice(-newestKept)
    known.words.set(source, { versions: new Set(newest), atMs })
    for (const version of newest) {
      if (!known.knownSinceMs.has(version)) known.knownSinceMs.set(version, atMs)
    }
    const old = [...known.knownSinceMs.keys()].toSorted(byVersion).slice(0, -newestKept)
    for (const version of old) known.knownSinceMs.delete(version)
  }

  lacked(lack: Lack): void {
    const key = `${lack.list} ${lack.source} ${lack.path}`
    const sinceMs = this.#lacks.get(key)?.sinceMs ?? lack.atMs
    this.#lacks.delete(key)
    this.#lacks.set(key, { lack, sinceMs })
    trim(this.#lacks, keptLacks)
  }

  /** Undefined for the origin, and for a source that was not compared with another lately. */
  lagOf(list: string, source: string, nowMs: number): Lag | undefined {
    if (this.#isOrigin(list, source)) return undefined
    const byList = [...this.#packages]
      .filter(([key]) => key.startsWith(`${list} `))
      .flatMap(([, known]) => this.#lagAt(known, list, source, nowMs) ?? [])
    const all = [...byList, ...this.#lagByLacks(list, source, nowMs)]
    return all.toSorted(
      (left, right) =>
        Number(right.behind > 0) - Number(left.behind > 0) ||
        right.atLeastMs - left.atLeastMs ||
        right.behind - left.behind ||
        right.measuredAtMs - left.measuredAtMs,
    )[0]
  }

  #lagAt(
    { name, knownSinceMs, words }: Package,
    list: string,
    source: string,
    nowMs: number,
  ): Lag | undefined {
    const own = words.get(source)
    if (own === undefined || own.atMs < nowMs - wordMs) return undefined
    const others = [...words].filter(([id, { atMs }]) => id !== source && atMs >= nowMs - wordMs)
    if (others.length === 0) return undefined
    const origin = others.find(([id]) => this.#isOrigin(list, id))
    const reference =
      origin === undefined ? others.flatMap(([, word]) => [...word.versions]) : [...origin[1].versions]
    const missing = [...new Set(reference)]
      .toSorted(byVersion)
      .slice(-newestCompared)
      .filter((version) => !own.versions.has(version) && (knownSinceMs.get(version) ?? Infinity) <= own.atMs)
    const oldest = Math.min(own.atMs, ...missing.map((version) => knownSinceMs.get(version) ?? own.atMs))
    return {
      behind: missing.length,
      atLeastMs: own.atMs - oldest,
      at: name,
      lacks: missing.at(-1),
      measuredAtMs: own.atMs,
    }
  }

  #lagByLacks(list: string, source: string, nowMs: number): Lag[] {
    const mine = [...this.#lacks.values()].filter(
      ({ lack }) => lack.list === list && lack.source === source && lack.atMs > nowMs - lackMs,
    )
    const last = mine.at(-1)?.lack
    if (last === undefined) return []
    // The files of one version differ in their extension.
    const versions = new Set(mine.map(({ lack }) => lack.path.replace(/\.[a-z]+$/, '')))
    return [
      {
        behind: versions.size,
        atLeastMs: Math.max(...mine.map(({ lack, sinceMs }) => lack.atMs - sinceMs)),
        at: last.path,
        lacks: undefined,
        measuredAtMs: last.atMs,
      },
    ]
  }
}

/** Drops what was put in first. */
function trim(map: Map<string, unknown>, size: number): void {
  for (const key of map.keys()) {
    if (map.size <= size) return
    map.delete(key)
  }
}
