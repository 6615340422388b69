import type { Foresight, Likely, Resource } from '../ecosystem.ts'
import { CompanionGuesses } from './companion-guesses.ts'
import { type Release, releasesOf } from './companion-releases.ts'
import { companionsOf } from './companions.ts'
import { RequestOrder } from './foresight-order.ts'
import { isPruned, type ModuleVersion, parseGoMod } from './go-mod.ts'
import { HighestVersions } from './highest-versions.ts'
import { listedVersions } from './list-check.ts'
import { escapePath, escapeVersion } from './module-path.ts'
import { publishedRequirements } from './published-graph.ts'

/** A build is thought to be over when nothing was asked for this long; what it selected no longer counts. */
const QUIET_MS = 30_000
/** Module versions that are remembered of one build. */
const MAX_MODULES = 5_000
/** Requirements that are remembered of one build. */
const MAX_REQUIREMENTS = 20_000
/**
 * A zip follows its `.mod` by as much: until then the go.mod files that arrive meanwhile may have required a
 * higher version, and the client would never ask for this one.
 */
const ZIP_DELAY_MS = 100

export interface GoForesightOptions {
  /** Undefined for a path that is no request for a file of a module. */
  readonly resourceAt: (path: string) => Resource | undefined
  /** What is known of a go.mod before it is at hand. */
  readonly published?: (module: ModuleVersion) => readonly ModuleVersion[]
  /** What a main module that requires this one often requires too. */
  readonly companions?: (path: string) => readonly string[]
  /** Releases of a companion that are known before its list is at hand. */
  readonly releases?: (path: string) => readonly Release[]
  readonly now?: () => number
}

type Extension = 'info' | 'mod' | 'zip'

/** A go.mod that is at hand. */
interface Known {
  readonly require: readonly ModuleVersion[]
  readonly pruned: boolean
  /** How far its requirements were followed already: module graphs have cycles. */
  followed: 'no' | 'once' | 'closure'
}

/**
 * What the go command asks for next, from what it asked for and from the go.mod files on the way.
 *
 * It loads the go.mod of every module that the main module requires. Where such a module is not pruned (its
 * go line is below 1.17, or missing) it loads the go.mod of everything below it too (go.dev/ref/mod,
 * "Module graph pruning"). Of each module it then wants `.info` and `.zip` of the highest version that any of
 * these files requires (minimal version selection).
 */
export function createGoForesight({
  resourceAt,
  published = publishedRequirements,
  companions = companionsOf,
  releases = releasesOf,
  now = Date.now,
}: GoForesightOptions): Foresight {
  /** The highest version of each module that was required or asked for in this build. */
  const selected = new HighestVersions(MAX_MODULES)
  /** `path@version` whose requirements the client will load whatever is selected: below an unpruned module. */
  const closure = new Set<string>()
  /** By `path@version`, whoever wanted it: it may turn out later to stand below an unpruned module. */
  const known = new Map<string, Known>()
  const order = new RequestOrder()
  let remembered = 0
  let lastAskedMs = Number.NEGATIVE_INFINITY

  /** Builds that follow each other without a pause are not one: then what was remembered starts over. */
  const isFull = () => selected.isFull || known.size >= MAX_MODULES || remembered >= MAX_REQUIREMENTS

  /** False when a higher version is known. */
  const select = (module: ModuleVersion): boolean =>
    selected.add(module) || selected.get(module.path) === module.version
  const isLikely = (module: string, version: string) =>
    selected.get(module) === version && !order.isPast(module)

  /** A go.mod that the client will load, as far as is known. */
  const isNeeded = (module: string, version: string) =>
    closure.has(`${module}@${version}`) || isLikely(module, version)

  const guessFile = (
    module: string,
    file: string | undefined,
    how: Omit<Likely, 'resource' | 'delayMs'> & { readonly delayMs?: number },
  ): Likely[] => {
    const path = escapePath(module)
    if (path === undefined || file === undefined) return []
    const resource = resourceAt(`/${path}/@v/${file}`)
    return resource === undefined ? [] : [{ resource, delayMs: 0, ...how }]
  }
  const fileOfVersion = (version: string, extension: Extension) => {
    const escaped = escapeVersion(version)
    return escaped === undefined ? undefined : `${escaped}.${extension}`
  }

  const guess = (
    module: string,
    version: string,
    extension: Extension,
    how: Pick<Likely, 'weight' | 'place'> & { readonly delayMs?: number },
  ): Likely[] => {
    const stillLikely = () =>
      extension === 'mod' ? isNeeded(module, version) : selected.get(module) === version
    return guessFile(module, fileOfVersion(version, extension), { ...how, stillLikely })
  }

  const companionGuesses = new CompanionGuesses({
    isPast: (path) => !order.hasBegun || !order.guides || order.isPast(path),
    companionsOf: companions,
    releasesOf: releases,
    // A list comes from the origin, which may be far where the files come from a mirror.
    list: (path, weight, stillLikely) => guessFile(path, 'list', { weight, stillLikely, isAside: true }),
    // While it waits in the queue, nothing else is queued for the same file: it stands for what is certain too.
    goMod: ({ path, version }, weight, stillLikely) =>
      guessFile(path, fileOfVersion(version, 'mod'), {
        weight,
        place: path,
        stillLikely: () => stillLikely() || isNeeded(path, version),
      }),
  })

  /** What a pruned module that the client wants makes likely: each of it only if the main module has it too. */
  const followOnce = (require: readonly ModuleVersion[]): Likely[] => {
    const guesses: Likely[] = []
    for (const required of require) {
      const { path, version } = required
      guesses.push(...companionGuesses.named(required))
      if (!select(required)) continue
      if (order.isPast(path)) order.passOver(required)
      else guesses.push(...guess(path, version, 'mod', { weight: 0.6, place: path }))
    }
    return guesses
  }

  /** Everything below an unpruned module that was asked for, as far as it is at hand or known without. */
  const followClosure = (require: readonly ModuleVersion[]): Likely[] => {
    const guesses: Likely[] = []
    const reached = [...require]
    for (const required of reached) {
      const { path, version } = required
      const id = `${path}@${version}`
      select(required)
      if (closure.has(id) || isFull()) continue
      closure.add(id)
      guesses.push(...guess(path, version, 'mod', { weight: 0.95 }))
      const below = known.get(id)
      if (below === undefined) reached.push(...published(required))
      if (below === undefined || below.followed === 'closure') continue
      below.followed = 'closure'
      reached.push(...below.require)
    }
    return guesses
  }

  const follow = ({ path, version }: ModuleVersion, file: Known, wanted: boolean): Likely[] => {
    if (file.followed === 'closure') return []
    // Below what nobody has asked for there may be hundreds of go.mod files that nobody asks for either.
    if (closure.has(`${path}@${version}`) || (wanted && !file.pruned)) {
      file.followed = 'closure'
      return followClosure(file.require)
    }
    if (!wanted || !file.pruned || file.followed === 'once') return []
    file.followed = 'once'
    return followOnce(file.require)
  }

  const remember = (id: string, { require, pruned }: Pick<Known, 'require' | 'pruned'>): Known => {
    const file: Known = { require, pruned, followed: 'no' }
    remembered += require.length
    known.set(id, file)
    return file
  }

  const fileOf = (id: string, body: Uint8Array): Known | undefined => {
    const seen = known.get(id)
    if (seen !== undefined || isFull()) return seen
    const parsed = parseGoMod(body)
    if (!parsed.ok) return undefined
    const { require, goVersion } = parsed.file
    return remember(id, { require, pruned: isPruned(goVersion) })
  }

  /** What a go.mod says that was asked for and is on its way, where that is known. */
  const foretold = (module: ModuleVersion): Likely[] => {
    const id = `${module.path}@${module.version}`
    const release = releases(module.path).find(({ version }) => version === module.version)
    if (release === undefined || known.has(id) || isFull()) return []
    return follow(module, remember(id, { require: release.require, pruned: true }), true)
  }

  return {
    asked(resource) {
      const nowMs = now()
      if (nowMs - lastAskedMs > QUIET_MS || isFull()) {
        selected.clear()
        closure.clear()
        known.clear()
        order.clear()
        companionGuesses.clear()
        remembered = 0
      }
      lastAskedMs = nowMs
      const version = versionOf(resource)
      if (version === undefined) return []
      const module = resource.name
      switch (resource.kind) {
        case 'mod': {
          const asked = { path: module, version }
          const highest = select(asked)
          const ofMain = !closure.has(`${module}@${version}`)
          const passed = ofMain ? order.asked(asked) : []
          return [
            ...foretold(asked),
            ...companionGuesses.asked(asked, ofMain),
            ...passed.flatMap((one) => guess(one.path, one.version, 'mod', { weight: 0.6 })),
            ...(highest ? guess(module, version, 'info', { weight: 0.7, delayMs: ZIP_DELAY_MS }) : []),
            ...(highest ? guess(module, version, 'zip', { weight: 0.8, delayMs: ZIP_DELAY_MS }) : []),
          ]
        }
        case 'info':
          order.endRound()
          companionGuesses.clear()
          select({ path: module, version })
          return [
            ...guess(module, version, 'zip', { weight: 1 }),
            ...guess(module, version, 'mod', { weight: 0.9 }),
          ]
        default:
          return []
      }
    },

    arrived(resource, body, wanted) {
      if (resource.kind === 'list') return companionGuesses.listed(resource.name, listedVersions(body))
      const version = resource.kind === 'mod' ? versionOf(resource) : undefined
      if (version === undefined) return []
      const module = { path: resource.name, version }
      const file = fileOf(`${module.path}@${version}`, body)
      if (file === undefined) return []
      const certain = follow(module, file, wanted)
      return wanted ? certain : [...certain, ...companionGuesses.read(module, file.require)]
    },
  }
}

/** The version in a resource's key, for the files of one version. */
function versionOf({ key, kind }: Resource): string | undefined {
  if (kind !== 'mod' && kind !== 'info' && kind !== 'zip') return undefined
  const file = key.slice(key.lastIndexOf('/') + 1)
  return file.slice(0, -(kind.length + 1)).replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
