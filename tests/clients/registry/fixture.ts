import type { NpmPackage } from '../../../lab/fake-registry-npm.ts'
import type { PypiProject } from '../../../lab/fake-registry-pypi.ts'
import type { SyntheticModule } from '../../../lab/synthetic-modules.ts'

interface FixtureBase {
  readonly title: string
  /** What a project asks of it: name to range; of a Go module a version, or nothing for the newest. */
  readonly requires: Readonly<Record<string, string>>
  /** The package whose bytes are tampered with: one that the project needs, but does not ask for itself. */
  readonly victim: { readonly name: string; readonly file: string; readonly bytes: Uint8Array }
}

/** What a registry holds, and a project that uses it. */
export type Fixture = FixtureBase &
  (
    | {
        readonly ecosystem: 'npm'
        readonly packages: readonly NpmPackage[]
        readonly keys?: readonly unknown[]
      }
    | { readonly ecosystem: 'pypi'; readonly packages: readonly PypiProject[] }
    | { readonly ecosystem: 'go'; readonly modules: readonly SyntheticModule[] }
  )
