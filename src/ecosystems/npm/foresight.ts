import type { Foresight, Likely, Resource } from '../ecosystem.ts'
import { type Edges, type EdgesOfVersion, pickVersion, readEdges, wantOf } from './edges.ts'
import { PickRecord } from './foresight-record.ts'
import type { NpmResources, PackumentForm } from './npm-resources.ts'
import type { NpmRoute } from './npm-route.ts'
import { tarballFile, versionInFile } from './package-name.ts'

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
  /** The form in which a package's tarballs are looked up. @default abbreviated */
  readonly formOf?: (name: string) => PackumentForm
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
 *
 * Installing from a lock file, they ask for nothing but tarballs, few at a time. The packuments of what those need
 * are certain then, since tarballs are proved by them; the tarballs themselves follow once the picks have agreed
 * with what was asked for.
 */
export function createNpmForesight({
  resources,
  route,
  formOf: formFor = () => 'abbreviated',
  now = Date.now,
}: NpmForesightOptions): NpmForesight {
  /** Ranges in which each name is needed. */
  const ranges = new Map<string, Set<string>>()
  const digests = new Map<string, Uint8Array>()
  let digestBytes = 0
  /** `name@version` whose dependencies were followed. */
  const followed = new Set<string>()
  /** Keys of the tarballs that were foreseen, or that a client asked for itself. */
  const tarballs = new Set<string>()
  let held: Likely[] = []
  const record = new PickRecord()
  /** Packages of which the versions are known from an audit, by their place in it: nothing is to be found out about them. */
  const audited = new Map<string, number>()
  /** What an audit showed waits for its install. */
  let awaitsInstall = false
  /** A client has asked for packuments, so it resolves and has no lock file to go by. */
  let resolves = false
  let confirmed = 0
  let wantsDates = false
  let lastAskedMs = Number.NEGATIVE_INFINITY

  const forget = () => {
    ranges.clear()
    digests.clear()
    digestBytes = 0
    followed.clear()
    tarballs.clear()
    held = []
    record.clear()
    audited.clear()
    awaitsInstall = false
    resolves = false
    confirmed = 0
    wantsDates = false
  }
  const goOn = () => {
    const nowMs = now()
    if (nowMs - lastAskedMs > QUIET_MS) forget()
    lastAskedMs = nowMs
  }
  const mayFetchTarballs = () => confirmed >= RESOLVING && (resolves || audited.size > 0 || record.isTrusted)
  const released = (): Likely[] => {
    if (!mayFetchTarballs()) return []
    const all = held
    held = []
    return all.filter(({ stillLikely }) => stillLikely?.() !== false)
  }

  const isNews = (tarball: Resource): boolean => {
    if (tarball.isPrivate === true || tarballs.has(tarball.key) || tarballs.size >= MAX_REMEMBERED)
      return false
    tarballs.add(tarball.key)
    return true
  }
  const tarballOf = (name: string, version: string) =>
    resources.tarball(name, tarballFile(name, version), route(name))
  const holdPick = (name: string, version: string): void => {
    const resource = tarballOf(name, version)
    if (!isNews(resource)) return
    const stillLikely = () => resolves || record.isLikely(name)
    held.push({ resource, weight: 0.6, delayMs: resolves ? TARBALL_DELAY_MS : 0, stillLikely })
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
      if (!picked.isPlatformBound) {
        // An exact version leaves nothing to pick.
        if (next[1] !== picked.version) record.picked(next[0].name, picked.version)
        holdPick(next[0].name, picked.version)
      }
      for (const want of wantsOf(picked, resolves)) {
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

  /** A tarball without a packument before: out of a lock file, whose other versions its dependencies tell. */
  const lockedIn = (resource: Resource): Likely[] => {
    const { name, key } = resource
    const form = formFor(name)
    const provedBy = packuments(name, form).map((likely) => ({ ...likely, isNeeded: true }))
    const version = versionInFile(name, key.slice(key.lastIndexOf('/') + 1))
    if (version === undefined || resource.isPrivate === true || audited.has(name)) return provedBy
    record.asked(name, version)
    const digest = digests.get(name)
    return digest === undefined ? provedBy : [...provedBy, ...follow(readEdges(digest), version, form)]
  }

  /** npm installs from the end of the list that it audits: what it begins with tells from which side to follow it. */
  const faceClient = (first: string) => {
    awaitsInstall = false
    const place = audited.get(first)
    if (place !== undefined && place * 2 >= audited.size) held.reverse()
  }

  return {
    asked(resource) {
      goOn()
      if (resource.kind === 'tarball') {
        confirmed = RESOLVING
        if (tarballs.size < MAX_REMEMBERED) tarballs.add(resource.key)
        if (awaitsInstall) faceClient(resource.name)
        return resolves ? released() : [...lockedIn(resource), ...released()]
      }
      if (formOf(resource) !== undefined) {
        resolves = true
        if (ranges.has(resource.name)) confirmed++
      }
      return released()
    },

    digest(resource) {
      const { name } = resource
      const isTold = formOf(resource) !== undefined && (resolves || !audited.has(name)) && !digests.has(name)
      return isTold ? resources.edgesView(resource) : undefined
    },

    arrived(resource, body, wanted) {
      const form = formOf(resource)
      if (form === undefined || digests.has(resource.name)) return []
      if (!resolves && audited.has(resource.name)) return released()
      const found = readEdges(body)
      if (found.name !== resource.name) return []
      if (digestBytes + body.byteLength <= MAX_DIGEST_BYTES) {
        digests.set(found.name, new Uint8Array(body))
        digestBytes += body.byteLength
      }
      // Nobody said which version is wanted of what a project names itself; mostly it is the latest.
      const wantedRanges = ranges.get(found.name) ?? (wanted ? [''] : [])
      const guesses = [...wantedRanges, ...record.versionsOf(found.name)].flatMap((range) =>
        follow(found, range, form),
      )
      return [...guesses, ...released()]
    },

    locked(name, version) {
      goOn()
      const resource = tarballOf(name, version)
      if (audited.size < MAX_REMEMBERED && !audited.has(name)) audited.set(name, audited.size)
      if (!isNews(resource)) return
      awaitsInstall = true
      // What it is proved by goes beside it, in a lane of its own.
      held.push(...packuments(name, formFor(name)), { resource, weight: 0.95, delayMs: 0 })
    },

    datesWanted() {
      goOn()
      wantsDates = true
    },
  }
}

/** A lock file names what is optional too, but of that only what this machine can use is ever fetched. */
function wantsOf({ needs, optional }: EdgesOfVersion, withOptional: boolean) {
  return Object.entries(needs)
    .filter(([name]) => withOptional || !optional.has(name))
    .flatMap(([name, range]) => wantOf(name, range) ?? [])
}

function formOf({ kind }: Resource): PackumentForm | undefined {
  return kind === 'packument' || kind === 'abbreviated' ? kind : undefined
}
