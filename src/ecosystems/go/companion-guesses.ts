import type { Likely } from '../ecosystem.ts'
import type { Release } from './companion-releases.ts'
import type { ModuleVersion } from './go-mod.ts'
import { HighestVersions } from './highest-versions.ts'
import { releasesFromHighest } from './version.ts'

/** Companions that are thought of in one build. */
const MAX_COMPANIONS = 60
/** Modules that are remembered of one build. */
const MAX_MODULES = 5_000
/** So many requests must have come for what no go.mod names: who gets one module asks for what that one names. */
const MIN_UNNAMED = 2
/** Of what a companion requires and the client has met, this share must be of the very version. */
const MIN_EQUAL = 0.5
/** What was passed without being asked for counts against it by as much: tests require it, perhaps, and builds do not. */
const MISSING = 0.5
/** Looking at a companion opens the way to much; what it requires is less sure than what a known go.mod requires. */
const WEIGHT = { look: 0.65, guess: 0.5 } as const

export interface CompanionGuessesOptions {
  /** True when requests come by path and this one would have been asked for by now, or when nothing tells. */
  readonly isPast: (path: string) => boolean
  /** Well-known modules that a main module which requires `path` often requires too. */
  readonly companionsOf: (path: string) => readonly string[]
  /** Those releases of a module that are known without asking, newest first. */
  readonly releasesOf: (path: string) => readonly Release[]
  /** A guess at the list of a module's versions, or at the go.mod of one; what is certain in its own right stays likely. */
  readonly list: (path: string, weight: number, stillLikely: () => boolean) => readonly Likely[]
  readonly goMod: (module: ModuleVersion, weight: number, stillLikely: () => boolean) => readonly Likely[]
}

/** How what a companion requires agrees with what the client has asked for, and has passed without asking. */
interface Agreement {
  readonly met: number
  readonly equal: number
  readonly missing: number
  /** It requires a higher version of something than was asked for: the build has no such companion. */
  readonly isContradicted: boolean
}

/**
 * Guesses at what the main module requires and no go.mod has named yet. A client asks for `beorn7/perks` long before
 * it asks for `prometheus/client_golang`, which needs it, and both are in the main module, which a proxy never sees.
 *
 * The releases of a companion that are known are compared with what is asked for, request by request. The first that
 * fits is guessed, with the rest of what it requires. Where no release is known, or all are too old, it is
 * looked at in its newest: its list, then its go.mod. What is guessed so displaces nothing that is known.
 */
export class CompanionGuesses {
  readonly #options: CompanionGuessesOptions
  readonly #considered = new Set<string>()
  /** By each module that they require: companions whose known releases may still come to fit. */
  readonly #watchers = new Map<string, Set<string>>()
  /** By path, what was looked at: the version whose go.mod decides; undefined until the list is at hand. */
  readonly #looked = new Map<string, string | undefined>()
  /** Highest versions by path: asked for; required by what was asked for; guessed. */
  readonly #asked = new HighestVersions(MAX_MODULES)
  readonly #named = new HighestVersions(MAX_MODULES)
  readonly #guessed = new HighestVersions(MAX_MODULES)
  readonly #early: string[] = []
  #unnamed = 0

  constructor(options: CompanionGuessesOptions) {
    this.#options = options
  }

  /** A go.mod was asked for; `ofMain`: because the main module requires it, as far as the order of requests tells. */
  asked(module: ModuleVersion, ofMain: boolean): readonly Likely[] {
    this.#asked.add(module)
    if (!ofMain) return []
    if (!this.#named.has(module.path)) this.#unnamed++
    const watching = [...(this.#watchers.get(module.path) ?? [])]
    return [...this.named(module), ...watching.flatMap((companion) => this.#weigh(companion))]
  }

  /** The go.mod of something that the main module requires names this, so the main module requires it too. */
  named(module: ModuleVersion): readonly Likely[] {
    this.#named.add(module)
    return this.#isRequired(module.path)
  }

  /** A list of versions is at hand. */
  listed(path: string, versions: Iterable<string>): readonly Likely[] {
    if (!this.#looked.has(path) || this.#looked.get(path) !== undefined) return []
    const [version] = releasesFromHighest(versions)
    if (version === undefined || !this.#isOpen(path) || !this.#named.isBelow({ path, version })) return []
    this.#looked.set(path, version)
    return this.#options.goMod({ path, version }, WEIGHT.look, () => this.#isOpen(path))
  }

  /** A go.mod is at hand that nobody has asked for. */
  read({ path, version }: ModuleVersion, require: readonly ModuleVersion[]): readonly Likely[] {
    if (this.#looked.get(path) !== version || !this.#isOpen(path)) return []
    return fits(this.#agreement(require)) ? this.#guessAll(require) : []
  }

  clear(): void {
    this.#considered.clear()
    this.#watchers.clear()
    this.#looked.clear()
    for (const versions of [this.#asked, this.#named, this.#guessed]) versions.clear()
    this.#early.length = 0
    this.#unnamed = 0
  }

  #isRequired(path: string): readonly Likely[] {
    if (this.#unnamed >= MIN_UNNAMED)
      return [...this.#early.splice(0), path].flatMap((one) => this.#consider(one))
    if (this.#early.length < MAX_MODULES) this.#early.push(path)
    return []
  }

  #consider(path: string): readonly Likely[] {
    return this.#options.companionsOf(path).flatMap((companion) => {
      if (this.#considered.has(companion) || !this.#isOpen(companion)) return []
      if (this.#considered.size >= MAX_COMPANIONS) return []
      this.#considered.add(companion)
      const releases = this.#options.releasesOf(companion)
      if (releases.length === 0) return this.#look(companion)
      for (const { path: required } of releases.flatMap(({ require }) => require)) {
        const watching = this.#watchers.get(required) ?? new Set()
        this.#watchers.set(required, watching.add(companion))
      }
      return this.#weigh(companion)
    })
  }

  /** Compares the known releases of a companion with what was asked for by now. */
  #weigh(companion: string): readonly Likely[] {
    if (!this.#isOpen(companion)) {
      this.#unwatch(companion)
      return []
    }
    const releases = this.#options.releasesOf(companion)
    const agreements = releases.map(({ require }) => this.#agreement(require))
    const fitting = releases[agreements.findIndex((one) => one.met > 0 && fits(one))]
    if (fitting !== undefined) {
      this.#unwatch(companion)
      const itself = this.#guess({ path: companion, version: fitting.version })
      return [...itself, ...this.#guessAll(fitting.require)]
    }
    const [newest] = agreements
    if (newest === undefined || newest.met === 0 || !isTooOld(newest)) return []
    this.#unwatch(companion)
    return this.#look(companion)
  }

  #unwatch(companion: string): void {
    for (const { require } of this.#options.releasesOf(companion))
      for (const { path } of require) this.#watchers.get(path)?.delete(companion)
  }

  #look(companion: string): readonly Likely[] {
    this.#looked.set(companion, undefined)
    return this.#options.list(companion, WEIGHT.look, () => this.#isOpen(companion))
  }

  #guessAll(require: readonly ModuleVersion[]): readonly Likely[] {
    const ahead = require.filter((one) => !this.#options.isPast(one.path))
    return ahead.flatMap((one) => this.#guess(one))
  }

  #guess(module: ModuleVersion): readonly Likely[] {
    const stillLikely = () => this.#isOpen(module.path) && this.#named.isBelow(module)
    if (!stillLikely() || !this.#guessed.add(module)) return []
    return this.#options.goMod(module, WEIGHT.guess, stillLikely)
  }

  /** The client has neither asked for it nor passed it. */
  #isOpen(path: string): boolean {
    return !this.#options.isPast(path) && !this.#asked.has(path)
  }

  #agreement(require: readonly ModuleVersion[]): Agreement {
    let met = 0
    let equal = 0
    let missing = 0
    for (const one of require) {
      const asked = this.#asked.get(one.path)
      if (asked === undefined && !this.#options.isPast(one.path)) continue
      met++
      if (asked === undefined) missing++
      else if (asked === one.version) equal++
      else if (this.#asked.isBelow(one)) return { met, equal, missing, isContradicted: true }
    }
    return { met, equal, missing, isContradicted: false }
  }
}

function fits({ met, equal, missing, isContradicted }: Agreement): boolean {
  return !isContradicted && equal - MISSING * missing >= MIN_EQUAL * met
}

/** Only its versions are against it: what was asked for is newer than what it requires. */
function isTooOld({ met, equal, missing, isContradicted }: Agreement): boolean {
  const newer = met - equal - missing
  return !isContradicted && equal + newer - MISSING * missing >= MIN_EQUAL * met
}
