import type { ModuleVersion } from './go-mod.ts'
import { compareVersions } from './version.ts'

/** The highest version of each module that was added; takes no more modules once it holds `maxModules`. */
export class HighestVersions {
  readonly #maxModules: number
  readonly #versions = new Map<string, string>()

  constructor(maxModules: number) {
    this.#maxModules = maxModules
  }

  get isFull(): boolean {
    return this.#versions.size >= this.#maxModules
  }

  get(path: string): string | undefined {
    return this.#versions.get(path)
  }

  has(path: string): boolean {
    return this.#versions.has(path)
  }

  /** True when there is no version of it, or a lower one. */
  isBelow({ path, version }: ModuleVersion): boolean {
    const highest = this.#versions.get(path)
    return highest === undefined || compareVersions(highest, version) < 0
  }

  /** False when that or a higher version is there already. */
  add(module: ModuleVersion): boolean {
    if (!this.isBelow(module) || (this.isFull && !this.has(module.path))) return false
    this.#versions.set(module.path, module.version)
    return true
  }

  clear(): void {
    this.#versions.clear()
  }
}
