import type { Foresight, Likely, Resource } from '../ecosystem.ts'
import { type Edges, type EdgesOfVersion, pickVersion, readEdges, wantOf } from './edges.ts'
import type { NpmResources, PackumentForm } from './npm-resources.ts'
import type { NpmRoute } from './npm-route.ts'
import { tarballFile } from './package-name.ts'

/** An install is thought to be over when nothing was asked for this long. */
const QUIET_MS = 30_000
/** Names, picked versions and tarballs that are remembered of one install. */
const MAX_REMEMBERED = 50_000
/** Digests that are kept at hand, should another range of a package turn up. */
const MAX_DIGEST_BYTES = 16 * 1024 * 1024
/** So many dependencies that a client asked for after their dependents, and it is resolving, not just looking. */
const RESOLVING = 2
/** Who is resolving may still ask for something that makes this version not the one. */
const TARBALL_DELAY_MS = 200

export interface NpmForesightOptions {
  readonly resources: NpmResources
  readonly route: (name: string) => NpmRoute
  readonly now?: () => number
}

export interface NpmForesight extends Foresight {
  /** An audit shows what a project has locked: its tarballs are about to be fetched. */
  locked(name: string, version: string): void
  /** The dates are shown to this client, so that the full packument is asked for beside the abbreviated one. */
  datesWanted(): void
}

/**
 * What npm's clients ask for next. Resolving, they ask for the packument of every dependency of the version that
 * they picked, level by level; so these are foreseen, with ours in place of the client's many round trips. Once it
 * shows that a client installs, the tarballs of the picked versions are foreseen as well.
 */
export function createNpmForesight({ resources, route, now = Date.now }: NpmForesightOptions): NpmForesight {
  /** Ranges in which each name is needed. */
  const ranges = new Map<string, Set<string>>()
  const digests = new Map<string, Uint8Array>()
  let digestBytes = 0
  /** `name@version` whose dependencies were followed. */
  const followed = new Set<string>()
  /** Keys of the tarballs that were foreseen, or that a client asked for itself. */
  const tarballs = new Set<string>()
  let heldTarballs: Likely[] = []
  let confirmed = 0
  let wantsDates = false
  let lastAskedMs = Number.NEGATIVE_INFINITY

  const forget = () => {
    ranges.clear()
    digests.clear()
    digestBytes = 0
    followed.clear()
    tarballs.clear()
    heldTarballs = []
    confirmed = 0
    wantsDates = false
  }
  const goOn = () => {
    const nowMs = now()
    if (nowMs - lastAskedMs > QUIET_MS) forget()
    lastAskedMs = nowMs
  }
  const isInstalling = () => confirmed >= RESOLVING
  const released = (): Likely[] => {
    if (!isInstalling()) return []
    const held = heldTarballs
    heldTarballs = []
    return held
  }

  const holdTarball = (name: string, version: string, weight: number, delayMs: number): void => {
    const resource = resources.tarball(name, tarballFile(name, version), route(name))
    if (resource.isPrivate === true || tarballs.has(resource.key) || tarballs.size >= MAX_REMEMBERED) return
    tarballs.add(resource.key)
    heldTarballs.push({ resource, weight, delayMs })
  }

  const packuments = (name: string, form: PackumentForm): Likely[] => {
    const way = route(name)
    if (way.isPrivate) return []
    const likely: Likely[] = [{ resource: resources[form](name, way), weight: 0.9, delayMs: 0 }]
    if (form === 'abbreviated' && wantsDates) {
      likely.push({ resource: resources.packument(name, way), weight: 0.5, delayMs: 0 })
    }
    return likely
  }

  /** Follows what is picked, and what is picked below it, as far as it is at hand. */
  const follow = (from: Edges, range: string, form: PackumentForm): Likely[] => {
    const guesses: Likely[] = []
    const open: [Edges, string][] = [[from, range]]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const picked = pickVersion(...next)
      if (picked === undefined) continue
      const id = `${next[0].name}@${picked.version}`
      if (followed.has(id) || followed.size >= MAX_REMEMBERED) continue
      followed.add(id)
      if (!picked.isPlatformBound) holdTarball(next[0].name, picked.version, 0.6, TARBALL_DELAY_MS)
      for (const want of wantsOf(picked)) {
        const known = ranges.get(want.name)
        if (known?.has(want.range) || ranges.size >= MAX_REMEMBERED) continue
        if (known === undefined && !digests.has(want.name)) guesses.push(...packuments(want.name, form))
        ranges.set(want.name, (known ?? new Set()).add(want.range))
        const below = digests.get(want.name)
        if (below !== undefined) open.push([readEdges(below), want.range])
      }
    }
    return guesses
  }

  return {
    asked(resource) {
      goOn()
      if (resource.kind === 'tarball') {
        confirmed = RESOLVING
        if (tarballs.size < MAX_REMEMBERED) tarballs.add(resource.key)
      } else if (formOf(resource) !== undefined && ranges.has(resource.name)) {
        confirmed++
      }
      return released()
    },

    digest(resource) {
      return formOf(resource) === undefined ? undefined : resources.edgesView(resource)
    },

    arrived(resource, body, wanted) {
      const form = formOf(resource)
      if (form === undefined || digests.has(resource.name)) return []
      const found = readEdges(body)
      if (found.name !== resource.name) return []
      if (digestBytes + body.byteLength <= MAX_DIGEST_BYTES) {
        digests.set(found.name, new Uint8Array(body))
        digestBytes += body.byteLength
      }
      // Nobody said which version is wanted of what a project names itself; mostly it is the latest.
      const wantedRanges = ranges.get(found.name) ?? (wanted ? [''] : [])
      const guesses = [...wantedRanges].flatMap((range) => follow(found, range, form))
      return [...guesses, ...released()]
    },

    locked(name, version) {
      goOn()
      holdTarball(name, version, 0.95, 0)
    },

    datesWanted() {
      goOn()
      wantsDates = true
    },
  }
}

function wantsOf({ needs }: EdgesOfVersion) {
  return Object.entries(needs).flatMap(([name, range]) => wantOf(name, range) ?? [])
}

function formOf({ kind }: Resource): PackumentForm | undefined {
  return kind === 'packument' || kind === 'abbreviated' ? kind : undefined
}
