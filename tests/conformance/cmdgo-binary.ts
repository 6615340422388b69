import { createHash } from 'node:crypto'
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runLimited } from '../../scripts/testing/run-limited.ts'

/** A Go toolchain whose sources hold cmd/go's script tests. */
export interface GoTree {
  readonly version: string
  readonly goroot: string
  /** `$GOROOT/src/cmd/go`: the test binary must run here. */
  readonly folder: string
  readonly buildCache: string
  readonly proxyTest: string
}

export type FoundGoTree =
  | { readonly found: true; readonly tree: GoTree }
  | { readonly found: false; readonly reason: string }

/** The variable that tells the patched tests which GOPROXY to use. */
export const proxyVariable = 'POSTHASTE_CONFORMANCE_GOPROXY'

export async function findGoTree(): Promise<FoundGoTree> {
  const names = ['GOVERSION', 'GOROOT', 'GOCACHE']
  const asked = await runLimited({
    command: 'go',
    args: ['env', ...names],
    cwd: tmpdir(),
    env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '' },
    limitMs: 20_000,
  }).catch(() => undefined)
  if (asked === undefined) return { found: false, reason: 'no go on this machine' }
  const [version, goroot, buildCache] = asked.output.trim().split('\n')
  if (asked.code !== 0 || version === undefined || goroot === undefined || buildCache === undefined) {
    return { found: false, reason: `go env failed: ${asked.output.trim().split('\n')[0]}` }
  }
  const folder = join(goroot, 'src', 'cmd', 'go')
  try {
    await access(join(folder, 'testdata', 'script', 'mod_download.txt'))
    await access(join(folder, 'testdata', 'mod'))
    const proxyTest = await readFile(join(folder, 'proxy_test.go'), 'utf8')
    return { found: true, tree: { version, goroot, folder, buildCache, proxyTest } }
  } catch {
    const reason = `${version} in ${goroot} has no cmd/go test sources (Debian: the package golang-*-src)`
    return { found: false, reason }
  }
}

const anchor = 'proxyURL = "http://" + *proxyAddr + "/mod"\n'

/** The test source with one change: the GOPROXY of the scripts comes from `proxyVariable` where that is set. */
export function patchProxyTest(source: string): string {
  if (source.split(anchor).length !== 2) {
    throw new Error('proxy_test.go of this Go version does not set proxyURL where it is expected')
  }
  const patch = `\t\tif through := os.Getenv("${proxyVariable}"); through != "" {\n\t\t\tproxyURL = through\n\t\t}\n`
  return source.replace(anchor, `${anchor}${patch}`)
}

/** The public key of the reference's checksum database. */
export function testDatabaseKey(source: string): string {
  const key = /testSumDBVerifierKey\s*=\s*"([^"]+)"/.exec(source)?.[1]
  if (key === undefined) throw new Error('proxy_test.go of this Go version names no testSumDBVerifierKey')
  return key
}

/**
 * The path of the patched test binary, built once for each Go version into the user's cache folder. Nothing is
 * written below GOROOT: the patched file is laid over the original for the build alone. Takes about half a minute.
 */
export async function buildCmdgo(tree: GoTree): Promise<string> {
  const patched = patchProxyTest(tree.proxyTest)
  const id = createHash('sha256').update(`${tree.version}\n${tree.goroot}\n${patched}`).digest('hex')
  const folder = join(cacheFolder(), 'conformance', `${tree.version}-${id.slice(0, 12)}`)
  const binary = join(folder, 'cmdgo.test')
  if (await exists(binary)) return binary
  await mkdir(folder, { recursive: true })
  const source = join(folder, 'proxy_test.go')
  const overlay = join(folder, 'overlay.json')
  const unfinished = `${binary}.${process.pid}`
  await writeFile(source, patched)
  await writeFile(overlay, JSON.stringify({ Replace: { [join(tree.folder, 'proxy_test.go')]: source } }))
  const built = await runLimited({
    command: join(tree.goroot, 'bin', 'go'),
    args: ['test', `-overlay=${overlay}`, '-c', '-o', unfinished, '.'],
    cwd: tree.folder,
    env: { ...process.env, GOFLAGS: '', GOTOOLCHAIN: 'local', GOPROXY: 'off', GOWORK: 'off' },
    limitMs: 300_000,
  })
  if (built.code !== 0) {
    await rm(unfinished, { force: true })
    throw new Error(`cannot build the script tests of ${tree.version}:\n${built.output.trim()}`)
  }
  await rename(unfinished, binary)
  return binary
}

function cacheFolder(): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'posthaste')
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'posthaste')
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
