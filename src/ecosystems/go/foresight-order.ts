import type { ModuleVersion } from './go-mod.ts'

/** So often may something passed over be asked for after all before the order guides no longer. */
const MAX_SURPRISES = 3
/** What is remembered of what was passed over. */
const MAX_PASSED = 20_000

/**
 * The order in which a client asks for go.mod files: first those that the main module requires, by path
 * (`modload.readModGraph` sorts them), then what stands below unpruned ones. So a requirement whose path lies
 * before the latest request, and that was not asked for, is none of the main module's.
 *
 * Builds at the same time, or a main module that is not pruned, ask in another order. Then some of what was
 * passed over is asked for after all, and the order guides no longer until `clear`.
 */
export class RequestOrder {
  #latest = ''
  #surprises = 0
  readonly #passed = new Map<string, ModuleVersion>()

  get guides(): boolean {
    return this.#surprises < MAX_SURPRISES
  }

  /** False before the first request of a round. */
  get hasBegun(): boolean {
    return this.#latest !== ''
  }

  /** A go.mod was asked for. Gives what was passed over wrongly, once, when the order turns out to be no guide. */
  asked(module: ModuleVersion): readonly ModuleVersion[] {
    if (!this.guides) return []
    if (this.#passed.delete(idOf(module))) this.#surprises++
    else if (module.path > this.#latest) this.#latest = module.path
    if (this.guides) return []
    const passed = [...this.#passed.values()]
    this.#passed.clear()
    return passed
  }

  /** True when the main module does not require it, or it would have been asked for by now. */
  isPast(path: string): boolean {
    return this.guides && path < this.#latest
  }

  /** This was likely but for the order. */
  passOver(module: ModuleVersion): void {
    if (this.guides && this.#passed.size < MAX_PASSED) this.#passed.set(idOf(module), module)
  }

  /** The client has all go.mod files: the next one that is asked for begins a new round. */
  endRound(): void {
    this.#latest = ''
    this.#passed.clear()
  }

  clear(): void {
    this.endRound()
    this.#surprises = 0
  }
}

const idOf = ({ path, version }: ModuleVersion) => `${path}@${version}`
