import type { Likely } from '../ecosystem.ts'
import type { ModuleVersion } from './go-mod.ts'
import { HighestVersions } from './highest-versions.ts'
import { highestRelease } from './version.ts'

/** Companions that are looked at in one build. */
const MAX_COMPANIONS = 60
/** Modules that are remembered of one build. */
const MAX_MODULES = 5_000
/** So many requests must have come for what no go.mod names: who gets one module asks for what that one names. */
const MIN_UNNAMED = 2
/** Of what a companion requires and was asked for already, this share must be of the very version. */
const MIN_EQUAL = 0.4
/** Looking at a companion opens the way to much; what it requires is less sure than what a known go.mod requires. */
const WEIGHT = { look: 0.65, guess: 0.5 } as const

export interface CompanionGuessesOptions {
  /** True when requests come by path and this one would have been asked for by now, or when nothing tells. */
  readonly isPast: (path: string) => boolean
  /** Well-known modules that a main module which requires `path` often requires too. */
  readonly companionsOf: (path: string) => readonly string[]
  /** A guess at the list of a module's versions, or at the go.mod of one; what is certain in its own right stays likely. */
  readonly list: (path: string, weight: number, stillLikely: () => boolean) => readonly Likely[]
  readonly goMod: (module: ModuleVersion, weight: number, stillLikely: () => boolean) => readonly Likely[]
}

/**
 * Guesses at what the main module requires and no go.mod has named yet. A client asks for `beorn7/perks` long before
 * it asks for `prometheus/client_golang`, which needs it, and both are in the main module, which a proxy never sees.
 *
 * A companion is looked at in its newest release: its list, then its go.mod. It fits if all that it requires of
 * what the client has passed was asked for, in no lower version. Then the rest of what it requires is likely. What
 * is guessed so displaces nothing that is known.
 */
export class CompanionGuesses {
  readonly #options: CompanionGuessesOptions
  /** By path: the version whose go.mod decides; undefined until the list is at hand. */
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
    return this.named(module)
  }

  /** The go.mod of something that the main module requires names this, so the main module requires it too. */
  named(module: ModuleVersion): readonly Likely[] {
    this.#named.add(module)
    return this.#isRequired(module.path)
  }

  /** A list of versions is at hand. */
  listed(path: string, versions: Iterable<string>): readonly Likely[] {
    if (!this.#looked.has(path) || this.#looked.get(path) !== undefined) return []
    const version = highestRelease(versions)
    if (version === undefined || !this.#isOpen(path) || !this.#named.isBelow({ path, version })) return []
    this.#looked.set(path, version)
    return this.#options.goMod({ path, version }, WEIGHT.look, () => this.#isOpen(path))
  }

  /** A go.mod is at hand that nobody has asked for. */
  read({ path, version }: ModuleVersion, require: readonly ModuleVersion[]): readonly Likely[] {
    if (this.#looked.get(path) !== version || !this.#isOpen(path) || !this.#fits(require)) return []
    const ahead = require.filter((one) => !this.#options.isPast(one.path))
    return ahead.flatMap((one) => [...this.#guess(one), ...this.#isRequired(one.path)])
  }

  clear(): void {
    this.#looked.clear()
    for (const versions of [this.#asked, this.#named, this.#guessed]) versions.clear()
    this.#early.length = 0
    this.#unnamed = 0
  }

  #isRequired(path: string): readonly Likely[] {
    if (this.#unnamed >= MIN_UNNAMED)
      return [...this.#early.splice(0), path].flatMap((one) => this.#look(one))
    if (this.#early.length < MAX_MODULES) this.#early.push(path)
    return []
  }

  #look(path: string): readonly Likely[] {
    return this.#options.companionsOf(path).flatMap((companion) => {
      if (this.#looked.has(companion) || this.#looked.size >= MAX_COMPANIONS || !this.#isOpen(companion))
        return []
      this.#looked.set(companion, undefined)
      return this.#options.list(companion, WEIGHT.look, () => this.#isOpen(companion))
    })
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

  #fits(require: readonly ModuleVersion[]): boolean {
    const passed = require.filter((one) => this.#options.isPast(one.path))
    if (passed.some((one) => this.#asked.isBelow(one))) return false
    const equal = passed.filter(({ path, version }) => this.#asked.get(path) === version)
    return equal.length >= MIN_EQUAL * passed.length
  }
}
