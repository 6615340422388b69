import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const projects = ['gin', 'service'] as const
export type Project = (typeof projects)[number]

export const projectFolder = (project: Project) => join(import.meta.dirname, 'projects', project)

/** Outside the repository; `POSTHASTE_LAB_CACHE` or the user's cache folder. */
export function labCacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  return process.env.POSTHASTE_LAB_CACHE ?? join(base, 'posthaste-lab')
}

const VERSIONS_AT_ONCE = 40

/**
 * The file tree of a GOPROXY with every version that the graphs of the lab's projects name, so that whatever
 * a proxy decides to fetch ahead is there. Fetched once, through whatever GOPROXY the toolchain has; versions
 * that it cannot give are left out. Gives the `cache/download` folder.
 */
export async function provideClosure(progress: (line: string) => void): Promise<string> {
  const folder = join(labCacheFolder(), 'closure')
  const moduleCache = join(folder, 'gomodcache')
  const download = join(moduleCache, 'cache', 'download')
  const complete = join(folder, 'complete')
  if (await exists(complete)) return download
  await mkdir(moduleCache, { recursive: true })
  const env = {
    ...process.env,
    GOMODCACHE: moduleCache,
    GOFLAGS: '-mod=mod -modcacherw',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
  }
  for (const project of projects) {
    progress(`fetching the modules of ${project}, once …`)
    const copy = await mkdtemp(join(tmpdir(), 'posthaste-closure-'))
    try {
      await cp(projectFolder(project), copy, { recursive: true })
      await run('go', ['mod', 'download'], { cwd: copy, env })
      await run('go', ['list', '-m', 'all'], { cwd: copy, env, maxBuffer: 64e6 })
    } finally {
      await rm(copy, { recursive: true, force: true })
    }
  }
  await fetchNamedVersions(download, env, progress)
  await removeUnpacked(moduleCache)
  await writeFile(complete, '')
  return download
}

/** The graph fetched go.mod files of versions that no build selects; their zips belong to the closure as well. */
async function fetchNamedVersions(
  download: string,
  env: NodeJS.ProcessEnv,
  progress: (line: string) => void,
) {
  const wanted = await versionsWithoutZip(download)
  progress(`fetching ${wanted.length} more versions that the graphs name, once …`)
  const empty = await mkdtemp(join(tmpdir(), 'posthaste-closure-'))
  // One version that cannot be had fails the whole command, though the others are fetched or can be fetched alone.
  const fetch = (versions: readonly string[]) =>
    run('go', ['mod', 'download', ...versions], { cwd: empty, env, maxBuffer: 64e6 }).then(
      () => true,
      () => false,
    )
  try {
    for (let at = 0; at < wanted.length; at += VERSIONS_AT_ONCE)
      await fetch(wanted.slice(at, at + VERSIONS_AT_ONCE))
    const refused: string[] = []
    for (const version of await versionsWithoutZip(download)) {
      if (!(await fetch([version]))) refused.push(version)
    }
    if (refused.length > 0) progress(`${refused.length} versions cannot be had here and are left out`)
  } finally {
    await rm(empty, { recursive: true, force: true })
  }
}

async function versionsWithoutZip(download: string): Promise<string[]> {
  const files = new Set(await readdir(download, { recursive: true }))
  const versions: string[] = []
  for (const file of files) {
    const match = /^(.+)\/@v\/(v.+)\.mod$/.exec(file)
    if (!match || files.has(file.replace(/\.mod$/, '.zip'))) continue
    const [path = '', version = ''] = match
      .slice(1)
      .map((name) => name.replace(/!([a-z])/g, (_, l) => l.toUpperCase()))
    versions.push(`${path}@${version}`)
  }
  return versions
}

/** Go unpacks what it downloads; only the `cache` folder is served. */
async function removeUnpacked(moduleCache: string): Promise<void> {
  for (const entry of await readdir(moduleCache)) {
    if (entry !== 'cache') await rm(join(moduleCache, entry), { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
