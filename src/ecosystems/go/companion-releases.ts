import file from './companion-releases.json'
import type { ModuleVersion } from './go-mod.ts'

/** A release of a module, with what its go.mod requires. */
export interface Release {
  readonly version: string
  readonly require: readonly ModuleVersion[]
}

/** By the number that they have in the file. */
const modules: readonly ModuleVersion[] = Object.entries<string>(file.versions).flatMap(([path, versions]) =>
  versions.split(' ').map((version) => ({ path, version })),
)
const written = new Map(Object.entries<Readonly<Record<string, string>>>(file.releases))
const read = new Map<string, readonly Release[]>()

/**
 * The newest pruned releases of a well-known module, newest first; none of any other. What is published never changes,
 * so this can lack the newest, but not be wrong. `scripts/write-companions.ts` writes the file.
 */
export function releasesOf(path: string): readonly Release[] {
  const known = read.get(path)
  if (known !== undefined) return known
  const releases = Object.entries(written.get(path) ?? {}).map(([version, numbers]) => ({
    version,
    require: numbers.split(' ').flatMap((number) => modules[Number(number)] ?? []),
  }))
  if (releases.length > 0) read.set(path, releases)
  return releases
}
