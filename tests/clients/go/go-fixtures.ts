import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { escapeName, h1, type SyntheticModule } from '../../../lab/synthetic-modules.ts'
import { writeZip } from '../../../lab/zip-writer.ts'
import { runLimited } from '../../../scripts/testing/run-limited.ts'
import type { Fixture } from '../registry/fixture.ts'
import { clientsCache } from '../registry/obtain-client.ts'
import { goClient } from './go-clients.ts'

/** With what they and their tests need about thirty modules of 12 MB. */
const realRoots = {
  'github.com/spf13/cobra': 'v1.10.2',
  'github.com/spf13/viper': 'v1.21.0',
  'go.uber.org/zap': 'v1.28.0',
}
const fetchLimitMs = 240_000

/** Modules whose code needs one another: a `/v2`, an upper-case name, an older version that nobody selects. */
export const smallGo: Fixture = goFixture('generated, small', [
  codeModule('leaf.example/Upper/Case', 'v1.0.0'),
  codeModule('leaf.example/two/v2', 'v2.1.0'),
  codeModule('leaf.example/base', 'v1.0.0'),
  codeModule('leaf.example/base', 'v1.1.0', [['leaf.example/Upper/Case', 'v1.0.0']]),
  codeModule('lib.example/x', 'v1.0.0', [
    ['leaf.example/base', 'v1.0.0'],
    ['leaf.example/two/v2', 'v2.1.0'],
  ]),
  codeModule('lib.example/y', 'v0.3.0', [['leaf.example/base', 'v1.1.0']]),
])

/**
 * Real modules, fetched once by the machine's own toolchain; they lie outside the repository, where the clients lie
 * too.
 */
export async function realGo(): Promise<Fixture | { readonly missing: string }> {
  const folder = join(clientsCache, 'go-modules')
  const download = join(folder, 'modules', 'cache', 'download')
  if (!(await readdir(download).then(() => true, isNotThere))) {
    const problem = await fetchModules(folder)
    if (problem !== undefined) return { missing: `real modules cannot be had: ${problem}` }
  }
  const modules = await modulesOf(download)
  const victim = modules.find(({ path }) => path === 'github.com/subosito/gotenv')
  if (victim === undefined) return { missing: `${folder} is not whole: remove it` }
  return {
    title: 'real, mid',
    ecosystem: 'go',
    modules,
    requires: Object.fromEntries(Object.keys(realRoots).map((path) => [path, ''])),
    victim: victimOf(victim),
  }
}

/** A module with one package, which imports the packages of those that it requires. */
export function codeModule(
  path: string,
  version: string,
  requires: readonly (readonly [path: string, version: string])[] = [],
): SyntheticModule {
  const lines = requires.map((one) => `require ${one.join(' ')}\n`).join('')
  const imports = requires.map(([name]) => `import _ "${name}"\n`).join('')
  const mod = Buffer.from(`module ${path}\n\ngo 1.20\n\n${lines}`)
  const prefix = `${path}@${version}/`
  const entries = [
    { name: `${prefix}go.mod`, bytes: mod },
    { name: `${prefix}lib.go`, bytes: Buffer.from(`package lib\n\n${imports}`) },
  ]
  return {
    path,
    version,
    info: Buffer.from(JSON.stringify({ Version: version, Time: '2025-01-02T03:04:05Z' })),
    mod,
    zip: writeZip(entries),
    zipSum: h1(entries),
    modSum: h1([{ name: 'go.mod', bytes: mod }]),
  }
}

function goFixture(title: string, modules: readonly SyntheticModule[]): Fixture {
  const victim = modules.find(({ path }) => path === 'leaf.example/two/v2')
  if (victim === undefined) throw new Error(`${title} lacks the module that is tampered with`)
  const requires = { 'lib.example/x': '', 'lib.example/y': '' }
  return { title, ecosystem: 'go', modules, requires, victim: victimOf(victim) }
}

function victimOf({ path, version, zip }: SyntheticModule) {
  return { name: path, file: `${escapeName(path)}/@v/${version}.zip`, bytes: zip }
}

async function fetchModules(folder: string): Promise<string | undefined> {
  const making = `${folder}.making-${process.pid}`
  const project = await mkdtemp(join(tmpdir(), 'posthaste-go-'))
  try {
    await mkdir(making, { recursive: true })
    const files = goClient.files({ requires: realRoots, registry: '' })
    for (const [name, text] of Object.entries(files)) await writeFile(join(project, name), text)
    const env = {
      ...process.env,
      GOMODCACHE: join(making, 'modules'),
      GOFLAGS: '-mod=mod -modcacherw',
      GOTOOLCHAIN: 'local',
      GOWORK: 'off',
    }
    const result = await runLimited({
      command: 'go',
      args: ['mod', 'tidy'],
      cwd: project,
      env,
      limitMs: fetchLimitMs,
    })
    if (result.code !== 0) return result.output.trim().split('\n').at(-1) ?? 'go mod tidy says nothing'
    await rename(making, folder)
    return undefined
  } finally {
    await rm(project, { recursive: true, force: true })
    await rm(making, { recursive: true, force: true })
  }
}

/** Ascending by version, as a GOPROXY's tree holds them; a version of which only the go.mod is known has no zip. */
async function modulesOf(download: string): Promise<SyntheticModule[]> {
  const files = new Set((await readdir(download, { recursive: true })).sort())
  const found: SyntheticModule[] = []
  for (const file of files) {
    const [, escaped = '', version = ''] = /^(.+)\/@v\/(v.+)\.mod$/.exec(file) ?? []
    if (escaped === '' || escaped.startsWith('sumdb/')) continue
    const path = escaped.replaceAll(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
    const read = (kind: string) => readFile(join(download, `${escaped}/@v/${version}.${kind}`))
    const has = (kind: string) => files.has(`${escaped}/@v/${version}.${kind}`)
    const mod = await read('mod')
    found.push({
      path,
      version: version.replaceAll(/!([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      mod,
      info: has('info') ? await read('info') : Buffer.from(JSON.stringify({ Version: version })),
      zip: has('zip') ? await read('zip') : Buffer.alloc(0),
      zipSum: has('ziphash') ? (await read('ziphash')).toString().trim() : '',
      modSum: h1([{ name: 'go.mod', bytes: mod }]),
    })
  }
  return found.sort((a, b) => Bun.semver.order(a.version, b.version))
}

function isNotThere(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOENT') return false
  throw error
}
