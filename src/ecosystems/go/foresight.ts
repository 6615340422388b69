import type { Foresight, Likely, Resource } from '../ecosystem.ts'
import { type ModuleVersion, parseGoMod } from './go-mod.ts'
import { escapePath, escapeVersion } from './module-path.ts'
import { compareVersions } from './version.ts'

/** A build is thought to be over when nothing was asked for this long; what it selected no longer counts. */
const QUIET_MS = 30_000
/** Module versions that are remembered of one build. */
const MAX_MODULES = 50_000
/** Requirements that are remembered of modules whose graph was pruned so far. */
const MAX_REQUIREMENTS = 200_000
/**
 * A zip follows its `.mod` by as much: until then the go.mod files that arrive meanwhile may have required a
 * higher version, and the client would never ask for this one.
 */
const ZIP_DELAY_MS = 100

export interface GoForesightOptions {
  /** Undefined for a path that is no request for an immutable file of a module. */
  readonly resourceAt: (path: string) => Resource | undefined
  readonly now?: () => number
}

type Extension = 'info' | 'mod' | 'zip'

/**
 * What the go command asks for next, from what it asked for and from the go.mod files on the way.
 *
 * It loads the go.mod of every module that the main module requires. Where such a module is not pruned (its
 * go line is below 1.17, or missing) it loads the go.mod of everything below it too (go.dev/ref/mod,
 * "Module graph pruning"). Of each module it then wants `.info` and `.zip` of the highest version that any of
 * these files requires (minimal version selection).
 */
export function createGoForesight({ resourceAt, now = Date.now }: GoForesightOptions): Foresight {
  /** The highest version of each module that was required or asked for in this build. */
  const selected = new Map<string, string>()
  /** `path@version` whose requirements the client will load whatever is selected: below an unpruned module. */
  const closure = new Set<string>()
  /**
   * `path@version` whose requirements were followed already: module graphs have cycles. Of a module that was
   * pruned, what it requires: it may turn out to stand below an unpruned one as well.
   */
  const followed = new Map<string, readonly ModuleVersion[]>()
  let remembered = 0
  let lastAskedMs = Number.NEGATIVE_INFINITY

  const select = (module: string, version: string): boolean => {
    const known = selected.get(module)
    if (known !== undefined && compareVersions(known, version) >= 0) return known === version
    if (selected.size < MAX_MODULES) selected.set(module, version)
    return true
  }
  const guess = (
    module: string,
    version: string,
    extension: Extension,
    how: { readonly weight: number; readonly delayMs?: number },
  ): Likely[] => {
    const [path, escaped] = [escapePath(module), escapeVersion(version)]
    if (path === undefined || escaped === undefined) return []
    const resource = resourceAt(`/${path}/@v/${escaped}.${extension}`)
    if (resource === undefined) return []
    const sure = extension === 'mod' && closure.has(`${module}@${version}`)
    return [
      {
        resource,
        weight: how.weight,
        delayMs: how.delayMs ?? 0,
        ...(sure ? {} : { stillLikely: () => selected.get(module) === version }),
      },
    ]
  }

  const follow = (require: readonly ModuleVersion[], unpruned: boolean): Likely[] => {
    const guesses: Likely[] = []
    const reached = [...require]
    for (const required of reached) {
      const { path, version } = required
      const id = `${path}@${version}`
      if (unpruned && !closure.has(id) && closure.size < MAX_MODULES) {
        closure.add(id)
        reached.push(...(followed.get(id) ?? []))
      }
      if (!select(path, version) && !unpruned) continue
      guesses.push(...guess(path, version, 'mod', { weight: unpruned ? 0.95 : 0.6 }))
    }
    return guesses
  }

  return {
    asked(resource) {
      const nowMs = now()
      if (nowMs - lastAskedMs > QUIET_MS) {
        selected.clear()
        closure.clear()
        followed.clear()
        remembered = 0
      }
      lastAskedMs = nowMs
      const version = versionOf(resource)
      if (version === undefined) return []
      const module = resource.name
      switch (resource.kind) {
        case 'mod':
          if (!select(module, version)) return []
          return [
            ...guess(module, version, 'info', { weight: 0.7, delayMs: ZIP_DELAY_MS }),
            ...guess(module, version, 'zip', { weight: 0.8, delayMs: ZIP_DELAY_MS }),
          ]
        case 'info':
          select(module, version)
          return [
            ...guess(module, version, 'zip', { weight: 1 }),
            ...guess(module, version, 'mod', { weight: 0.9 }),
          ]
        default:
          return []
      }
    },

    arrived(resource, body, wanted) {
      const version = resource.kind === 'mod' ? versionOf(resource) : undefined
      if (version === undefined) return []
      const id = `${resource.name}@${version}`
      const below = closure.has(id)
      if ((!wanted && !below) || followed.has(id) || followed.size >= MAX_MODULES) return []
      const parsed = parseGoMod(body)
      if (!parsed.ok) return []
      const { require, goVersion } = parsed.file
      const unpruned = below || !isPruned(goVersion)
      const worthKeeping = !unpruned && remembered + require.length <= MAX_REQUIREMENTS
      if (worthKeeping) remembered += require.length
      followed.set(id, worthKeeping ? require : [])
      return follow(require, unpruned)
    },
  }
}

/** The version in a resource's key, for the files of one version. */
function versionOf({ key, kind }: Resource): string | undefined {
  if (kind !== 'mod' && kind !== 'info' && kind !== 'zip') return undefined
  const file = key.slice(key.lastIndexOf('/') + 1)
  return file.slice(0, -(kind.length + 1)).replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** From go 1.17 on a go.mod lists all that its packages need, and the graph below it is not loaded. */
function isPruned(goVersion: string | undefined): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(goVersion ?? '') ?? []
  return Number(major ?? 0) > 1 || (Number(major ?? 0) === 1 && Number(minor ?? 0) >= 17)
}
