/**
 * Writes `companions.json` and `companion-releases.json` in `src/ecosystems/go` anew, from whatever module proxy this
 * machine's go is set to: `scripts/run scripts/write-companions.ts`. Reads the newest go.mod of each of
 * `well-known-modules.txt` and `well-known-applications.txt`, and a few more of those that turn out to be companions
 * (small requests, about a thousand).
 * Names last much longer than versions, so the first file ages slowly; the second one should be written anew at each
 * release of Posthaste.
 *
 * A go.mod from go 1.17 on lists all that its packages need, so each of them stands for a build. Of the builds that
 * need a module, the share that needs a second one too is how likely the second one is. Hardly anybody requires
 * an application, so those only count as builds.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isPruned, type ModuleVersion, parseGoMod } from '../src/ecosystems/go/go-mod.ts'
import { listedVersions } from '../src/ecosystems/go/list-check.ts'
import { escapeVersion } from '../src/ecosystems/go/module-path.ts'
import { releasesFromHighest } from '../src/ecosystems/go/version.ts'
import { moduleProxy, workOff } from './module-proxy.ts'

/** In at least so many builds together, and in such a share of those that need the first. */
const minBuilds = 2
const minShare = 0.3
const mostOfEach = 3
/** Older releases find a little more in builds that are a year old (`docs/decisions/0005-fetch-ahead.md`). */
const releasesOfEach = 6

const read = await moduleProxy()
const namesIn = async (file: string) =>
  (await readFile(join(import.meta.dirname, file), 'utf8')).trim().split('\n')
const modules = await namesIn('well-known-modules.txt')
const applications = await namesIn('well-known-applications.txt')

/** Without so many of the modules the shares are not worth counting: then the file stays as it is. */
const minReadShare = 0.9

/** By module: its releases, newest first. */
const listed = new Map<string, readonly string[]>()
/** By module: itself and all that it requires. */
const builds = new Map<string, ReadonlySet<string>>()
const wanted = [...modules, ...applications]
await workOff([...wanted], async (path) => {
  try {
    builds.set(path, await newestBuild(path))
  } catch (error) {
    console.log(`${path} is left out: ${error instanceof Error ? error.message : error}`)
  }
})
if (builds.size < minReadShare * wanted.length)
  throw new Error(`only ${builds.size} of ${wanted.length} modules could be read; nothing was written`)

async function newestBuild(path: string): Promise<ReadonlySet<string>> {
  const versions = releasesFromHighest(listedVersions(Buffer.from((await read(path, 'list')) ?? '')))
  listed.set(path, versions)
  const [version] = versions
  if (version === undefined) throw new Error('it has no release')
  const { require } = await goModOf({ path, version })
  return new Set([path, ...require.map((one) => one.path)])
}

async function goModOf({ path, version }: ModuleVersion) {
  const text = await read(path, `${escapeVersion(version)}.mod`)
  const parsed = parseGoMod(Buffer.from(text ?? ''))
  if (text === undefined || !parsed.ok) throw new Error(`the go.mod of ${path}@${version} cannot be read`)
  return parsed.file
}

/** Those that require `path` themselves and come after it, where a client would ask for them later. */
function companionsOf(path: string): string[] {
  const needing = [...builds.values()].filter((build) => build.has(path))
  return modules
    .filter((other) => other > path && builds.get(other)?.has(path) === true)
    .map((other) => {
      const together = needing.filter((build) => build.has(other)).length
      return { other, together, share: together / needing.length, size: builds.get(other)?.size ?? 0 }
    })
    .filter(({ together, share }) => together >= minBuilds && share >= minShare)
    .sort((a, b) => b.share - a.share || a.size - b.size || (a.other < b.other ? -1 : 1))
    .slice(0, mostOfEach)
    .map(({ other }) => other)
}

const paths = [...new Set([...builds.values()].flatMap((build) => [...build]))].sort()
const companions = Object.fromEntries(
  paths.map((path) => [path, companionsOf(path).join(' ')] as const).filter(([, others]) => others !== ''),
)
const folder = join(import.meta.dirname, '..', 'src', 'ecosystems', 'go')

/** By path and version: what the go.mod of a release requires. */
const releases = new Map<string, Map<string, readonly ModuleVersion[]>>()
const chosen = [...new Set(Object.values(companions).flatMap((others) => others.split(' ')))].sort()
await workOff([...chosen], async (path) => {
  const known = new Map<string, readonly ModuleVersion[]>()
  for (const version of (listed.get(path) ?? []).slice(0, releasesOfEach)) {
    const { require, goVersion } = await goModOf({ path, version })
    if (require.length > 0 && isPruned(goVersion)) known.set(version, require)
  }
  if (known.size > 0) releases.set(path, known)
})

/** Each module version is written once, and has the number of its place. */
const required = [...releases.values()].flatMap((known) => [...known.values()].flat())
const versions = new Map<string, Set<string>>()
for (const { path, version } of required.sort(byPathAndVersion)) {
  const known = versions.get(path) ?? new Set()
  versions.set(path, known.add(version))
}
const numbers = new Map(
  [...versions]
    .flatMap(([path, known]) => [...known].map((version) => `${path}@${version}`))
    .map((id, number) => [id, number]),
)
const numbersOf = (require: readonly ModuleVersion[]) =>
  require
    .flatMap(({ path, version }) => numbers.get(`${path}@${version}`) ?? [])
    .sort((a, b) => a - b)
    .join(' ')

function byPathAndVersion(a: ModuleVersion, b: ModuleVersion): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1
  return a.version < b.version ? -1 : Number(a.version > b.version)
}

await write('companions.json', companions)
await write('companion-releases.json', {
  versions: Object.fromEntries([...versions].map(([path, known]) => [path, [...known].join(' ')])),
  releases: Object.fromEntries(
    [...releases]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, known]) => [
        path,
        Object.fromEntries([...known].map(([version, require]) => [version, numbersOf(require)])),
      ]),
  ),
})
console.log(`${Object.keys(companions).length} modules with companions, from ${builds.size} builds`)
console.log(`${required.length} requirements of ${releases.size} companions`)

async function write(name: string, content: object): Promise<void> {
  await writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`)
}
