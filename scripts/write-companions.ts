/**
 * Writes `src/ecosystems/go/companions.json` anew, from whatever module proxy this machine's go is set to:
 * `scripts/run scripts/write-companions.ts`. Reads the newest go.mod of each of `well-known-modules.txt` (two small
 * requests each); names last much longer than versions, so the file ages slowly.
 *
 * A go.mod from go 1.17 on lists all that its packages need, so each of them stands for a build. Of the builds that
 * need a module, the share that needs a second one too is how likely the second one is.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseGoMod } from '../src/ecosystems/go/go-mod.ts'
import { listedVersions } from '../src/ecosystems/go/list-check.ts'
import { escapeVersion } from '../src/ecosystems/go/module-path.ts'
import { highestRelease } from '../src/ecosystems/go/version.ts'
import { moduleProxy, workOff } from './module-proxy.ts'

/** In at least so many builds together, and in such a share of those that need the first. */
const minBuilds = 2
const minShare = 0.15
const mostOfEach = 2

const read = await moduleProxy()
const modules = (await readFile(join(import.meta.dirname, 'well-known-modules.txt'), 'utf8'))
  .trim()
  .split('\n')

/** Without so many of the modules the shares are not worth counting: then the file stays as it is. */
const minReadShare = 0.9

/** By well-known module: itself and all that it requires. */
const builds = new Map<string, ReadonlySet<string>>()
await workOff([...modules], async (path) => {
  try {
    builds.set(path, await newestBuild(path))
  } catch (error) {
    console.log(`${path} is left out: ${error instanceof Error ? error.message : error}`)
  }
})
if (builds.size < minReadShare * modules.length)
  throw new Error(`only ${builds.size} of ${modules.length} modules could be read; nothing was written`)

async function newestBuild(path: string): Promise<ReadonlySet<string>> {
  const version = highestRelease(listedVersions(Buffer.from((await read(path, 'list')) ?? '')))
  const escaped = version === undefined ? undefined : escapeVersion(version)
  if (escaped === undefined) throw new Error('it has no release')
  const parsed = parseGoMod(Buffer.from((await read(path, `${escaped}.mod`)) ?? ''))
  if (!parsed.ok) throw new Error(`the go.mod of ${version} cannot be read`)
  return new Set([path, ...parsed.file.require.map((one) => one.path)])
}

/** Those that require `path` themselves and come after it, where a client would ask for them later. */
function companionsOf(path: string): string[] {
  const needing = [...builds.values()].filter((build) => build.has(path))
  return [...builds.keys()]
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
const file = join(import.meta.dirname, '..', 'src', 'ecosystems', 'go', 'companions.json')
await writeFile(file, `${JSON.stringify(companions, null, 2)}\n`)
console.log(`${Object.keys(companions).length} modules with companions, from ${builds.size} builds`)
