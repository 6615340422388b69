/** So many picks must have been right before any is acted on. */
const ENOUGH = 8
/** One wrong pick in as many is too many: what is fetched in vain stays below five in a hundred. */
const RIGHT_FOR_EACH_WRONG = 20
/** Names that are remembered of one install. */
const MAX_NAMES = 50_000

/**
 * How well the versions that a resolution would pick today agree with those that clients ask for. A lock file made
 * yesterday agrees in nearly all, one of last year in few; whoever installs from one never says which it is.
 */
export class PickRecord {
  readonly #picked = new Map<string, Set<string>>()
  readonly #asked = new Map<string, Set<string>>()
  #right = 0
  #wrong = 0

  /** A resolution would pick this version. */
  picked(name: string, version: string): void {
    const asked = this.#asked.get(name)
    if (note(this.#picked, name, version) && asked !== undefined) this.#judge(asked.has(version))
  }

  /** A client asked for this version's tarball. */
  asked(name: string, version: string): void {
    const picked = this.#picked.get(name)
    if (note(this.#asked, name, version) && picked !== undefined) this.#judge(picked.has(version))
  }

  /** The versions of a name that clients asked for. */
  versionsOf(name: string): Iterable<string> {
    return this.#asked.get(name) ?? []
  }

  get isTrusted(): boolean {
    return this.#right >= ENOUGH && this.#right >= this.#wrong * RIGHT_FOR_EACH_WRONG
  }

  /** True while picks are trusted and no client has shown what it wants of this name. */
  isLikely(name: string): boolean {
    return this.isTrusted && !this.#asked.has(name)
  }

  clear(): void {
    this.#picked.clear()
    this.#asked.clear()
    this.#right = 0
    this.#wrong = 0
  }

  #judge(isRight: boolean): void {
    if (isRight) this.#right++
    else this.#wrong++
  }
}

/** True when it is news. */
function note(known: Map<string, Set<string>>, name: string, version: string): boolean {
  const versions = known.get(name) ?? new Set()
  if (versions.has(version) || (versions.size === 0 && known.size >= MAX_NAMES)) return false
  known.set(name, versions.add(version))
  return true
}
