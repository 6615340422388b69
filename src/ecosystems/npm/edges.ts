/** What a packument says of dependencies, small enough to be read on the serving thread. */

import type { SemVer } from 'semver'
import parseVersion from 'semver/functions/parse.js'
import satisfies from 'semver/functions/satisfies.js'
import type { Transform } from '../ecosystem.ts'
import type { JsonValues } from '../json-values.ts'
import { isPackageName } from './package-name.ts'
import { valuesOf } from './packument.ts'

/** So many versions are told: the newest, and the highest of each minor line, which ranges pick. */
const MAX_VERSIONS = 400
const NEWEST = 100
const MAX_TAGS = 50
/** Dependencies of one version; more is no package but a list of packages. */
const MAX_DEPENDENCIES = 500

export interface EdgesOfVersion {
  readonly version: string
  /** Name → range, of what is installed with it. */
  readonly needs: Readonly<Record<string, string>>
  /** Those among them that are installed only where they can be, as on another platform they cannot. */
  readonly optional: ReadonlySet<string>
  /** It is made for some platforms only, so its tarball may never be asked for. */
  readonly isPlatformBound: boolean
}

export interface Edges {
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
  /** Highest first. */
  readonly versions: readonly EdgesOfVersion[]
}

interface Found {
  needs: Map<string, string>
  optional: Set<string>
  isPlatformBound: boolean
}

/** As one JSON object of the form `Edges`, in which equal sets of dependencies stand once. */
export const edgesView: Transform = function* ({ body }) {
  let name = ''
  const tags = new Map<string, string>()
  const parsed = new Map<string, SemVer>()
  const walk = valuesOf(body)
  walk({
    member: (key, values) => {
      if (key === 'name') name = values.string()?.text ?? ''
      if (key === 'dist-tags' && values.kind() === 'object') {
        values.object((tag) => {
          const version = values.string()?.text
          if (version !== undefined && tags.size < MAX_TAGS) tags.set(tag, version)
        })
      }
    },
    opensVersions: () => parsed.clear(),
    version: (version) => {
      const semver = parseVersion(version, { loose: true })
      if (semver !== null) parsed.set(version, semver)
    },
  })
  const told = worthTelling(parsed, new Set(tags.values()))
  const found = new Map<string, Found>()
  const isTold = new Set(told)
  walk({
    opensVersions: () => found.clear(),
    version: (version, values) => {
      if (isTold.has(version)) found.set(version, edgesOf(values))
    },
  })
  const sets = new Map<string, number>()
  const versions = told.map((version) => {
    const { needs, optional, isPlatformBound } = found.get(version) ?? nothingFound()
    const set = JSON.stringify([...needs].map((need) => (optional.has(need[0]) ? [...need, 1] : need)))
    let index = sets.get(set)
    if (index === undefined) {
      index = sets.size
      sets.set(set, index)
    }
    return [version, index, isPlatformBound ? 1 : 0]
  })
  const [head, tagged] = [JSON.stringify(name), JSON.stringify([...tags])]
  yield Buffer.from(`{"name":${head},"tags":${tagged},"versions":${JSON.stringify(versions)},"sets":[`)
  yield Buffer.from(`${[...sets.keys()].join(',')}]}`)
}

/** Reads what `edgesView` made. */
export function readEdges(digest: Uint8Array): Edges {
  const said: {
    name: string
    tags: [string, string][]
    versions: [string, number, number][]
    sets: [name: string, range: string, optional?: 1][][]
  } = JSON.parse(Buffer.from(digest).toString('utf8'))
  const sets = said.sets.map((set) => ({
    needs: Object.fromEntries(set),
    optional: new Set(set.flatMap(([name, , optional]) => (optional === 1 ? [name] : []))),
  }))
  return {
    name: said.name,
    tags: Object.fromEntries(said.tags),
    versions: said.versions.map(([version, set, bound]) => ({
      version,
      ...(sets[set] ?? { needs: {}, optional: new Set<string>() }),
      isPlatformBound: bound === 1,
    })),
  }
}

/**
 * The version that npm, pnpm and bun pick for a range or a tag (npm-pick-manifest): what is tagged `latest` when it
 * fits, else the highest that does. Undefined for what is no range, or when nothing that is told fits.
 */
export function pickVersion({ tags, versions }: Edges, wanted: string): EdgesOfVersion | undefined {
  const range = wanted.trim()
  const versionOf = (version: string | undefined) => versions.find((one) => one.version === version)
  if (Object.hasOwn(tags, range)) return versionOf(tags[range])
  const latest = versionOf(Object.hasOwn(tags, 'latest') ? tags.latest : undefined)
  if (latest !== undefined && (range === '' || range === '*' || fits(latest.version, range))) return latest
  return versions.find(({ version }) => fits(version, range))
}

/** What `name: range` in a manifest asks for; undefined for what no registry is asked (git, a file, a workspace). */
export function wantOf(
  name: string,
  range: string,
): { readonly name: string; readonly range: string } | undefined {
  const [, alias, aliased = ''] = /^npm:(@?[^@]+)(?:@(.*))?$/.exec(range) ?? []
  const want = alias === undefined ? { name, range } : { name: alias, range: aliased }
  return /[/:]/.test(want.range) || !isPackageName(want.name) ? undefined : want
}

function fits(version: string, range: string): boolean {
  return satisfies(version, range, { loose: true })
}

function edgesOf(values: JsonValues): Found {
  const found = nothingFound()
  const peers = new Map<string, string>()
  const perhaps = new Map<string, string>()
  const optionalPeers = new Set<string>()
  values.object((key) => {
    if (key === 'os' || key === 'cpu' || key === 'libc') found.isPlatformBound = true
    if (values.kind() !== 'object') return
    if (key === 'dependencies') ranges(values, found.needs)
    if (key === 'optionalDependencies') ranges(values, perhaps)
    if (key === 'peerDependencies') ranges(values, peers)
    if (key === 'peerDependenciesMeta') {
      values.object((name) => {
        if (values.kind() !== 'object') return
        values.object((member) => {
          if (member === 'optional' && values.raw() === 'true') optionalPeers.add(name)
        })
      })
    }
  })
  for (const [name, range] of perhaps) {
    // Registries repeat them among the dependencies.
    found.needs.set(name, range)
    found.optional.add(name)
  }
  for (const [name, range] of peers) {
    if (!optionalPeers.has(name) && !found.needs.has(name)) found.needs.set(name, range)
  }
  return found
}

function nothingFound(): Found {
  return { needs: new Map(), optional: new Set(), isPlatformBound: false }
}

function ranges(values: JsonValues, into: Map<string, string>): void {
  values.object((name) => {
    const range = values.string()?.text
    if (range !== undefined && range.length <= 256 && into.size < MAX_DEPENDENCIES) into.set(name, range)
  })
}

function worthTelling(parsed: ReadonlyMap<string, SemVer>, tagged: ReadonlySet<string>): readonly string[] {
  const sorted = [...parsed].sort(([, a], [, b]) => b.compare(a))
  const lines = new Set<string>()
  return sorted
    .filter(([version, { major, minor, prerelease }], index) => {
      const line = prerelease.length > 0 ? undefined : `${major}.${minor}`
      const isFirst = line !== undefined && !lines.has(line)
      if (line !== undefined) lines.add(line)
      return index < NEWEST || isFirst || tagged.has(version)
    })
    .slice(0, MAX_VERSIONS)
    .map(([version]) => version)
}
