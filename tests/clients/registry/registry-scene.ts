import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type FakeRegistry, startFakeRegistry } from '../../../lab/fake-registry.ts'
import { type NpmPackage, npmSite } from '../../../lab/fake-registry-npm.ts'
import { type PypiProject, pypiFileSite, pypiIndexSite } from '../../../lab/fake-registry-pypi.ts'
import { runLimited } from '../../../scripts/testing/run-limited.ts'
import { isolatedEnv, type Product, type StartOptions, startProduct } from '../../support/product.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { nodeProgram, pathWith } from './machine.ts'
import type { Obtained } from './obtain-client.ts'
import type { RegistryClient } from './registry-client.ts'

interface FixtureBase {
  readonly title: string
  /** What a project asks of it. */
  readonly requires: Readonly<Record<string, string>>
  /** The package whose bytes are tampered with: one that the project needs, but does not ask for itself. */
  readonly victim: { readonly name: string; readonly file: string; readonly bytes: Uint8Array }
}

/** What a registry holds, and a project that uses it. */
export type Fixture = FixtureBase &
  (
    | {
        readonly ecosystem: 'npm'
        readonly packages: readonly NpmPackage[]
        readonly keys?: readonly unknown[]
      }
    | { readonly ecosystem: 'pypi'; readonly packages: readonly PypiProject[] }
  )

/** The hosts of one registry: npm's is one, PyPI's index and files are two. */
export interface Upstream extends AsyncDisposable {
  readonly hosts: readonly FakeRegistry[]
  /** As Posthaste's setting and a client without Posthaste are told it. */
  readonly address: string
  immutableRequests(): string[]
  requests(): number
  resetLog(): void
  stop(): Promise<void>
}

export interface ClientRun {
  readonly code: number | undefined
  readonly output: string
  /** The lock file's text; empty when there is none. */
  readonly lock: string
  readonly installed: readonly string[]
}

export interface RunOptions {
  readonly registry: string
  /** Installs what this lock file says, instead of resolving anew. */
  readonly lock?: string
  /** The upstream fails: the client is told not to ask for minutes. */
  readonly fewRetries?: boolean
  readonly requires?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Instead of the client's own install. */
  readonly args?: readonly string[]
}

export interface RegistryScene extends AsyncDisposable {
  readonly client: RegistryClient
  readonly fixture: Fixture
  readonly upstream: Upstream
  readonly dataDir: string
  /** Starts Posthaste on the scene's data folder and upstream. */
  serve(options?: Partial<StartOptions>): Promise<Product>
  /** A new project in a new home with empty caches. Throws when the client does not end in time. */
  run(options: RunOptions): Promise<ClientRun>
  /** A second registry, which ends with the scene. */
  more(fixture: Fixture, authorization?: string): Promise<Upstream>
}

/** Nothing listens there: what a client tries to reach beyond loopback fails at once. */
const nowhere = 'http://127.0.0.1:9'
const limitMs = 120_000

export async function registryScene(
  client: RegistryClient,
  obtained: Obtained,
  fixture: Fixture,
): Promise<RegistryScene> {
  if ('missing' in obtained) throw new Error(obtained.missing)
  const folder = await temporaryFolder('client')
  const upstream = await startUpstream(fixture)
  const ending: AsyncDisposable[] = [upstream]
  const dataDir = join(folder.path, 'posthaste', 'data')
  await mkdir(join(folder.path, 'posthaste'))
  const setting = `POSTHASTE_${client.ecosystem.toUpperCase()}_UPSTREAM`
  return {
    client,
    fixture,
    upstream,
    dataDir,
    serve: async (changes = {}) => {
      // Whatever the machine is set to must not be asked.
      const closed = {
        POSTHASTE_GO_UPSTREAM: 'off',
        POSTHASTE_NPM_UPSTREAM: nowhere,
        POSTHASTE_PYPI_UPSTREAM: nowhere,
      }
      const env = { ...closed, [setting]: upstream.address, ...changes.env }
      const product = await startProduct({ dataDir, ...changes, env })
      ending.unshift(product)
      return product
    },
    run: async (options) => {
      const home = await mkdtemp(join(folder.path, 'run-'))
      const project = join(home, 'project')
      await mkdir(project)
      const { registry, requires = fixture.requires } = options
      const files = client.files({ registry, requires })
      for (const [name, text] of Object.entries(files)) await writeFile(join(project, name), text)
      if (options.lock !== undefined && client.lockFile !== undefined) {
        await writeFile(join(project, client.lockFile), options.lock)
      }
      const [command, ...first] = obtained.command
      const usual = options.lock === undefined ? client.install : (client.installLocked ?? client.install)
      const env = {
        ...isolatedEnv(home),
        PATH: pathWith([nodeProgram(), ...(command.startsWith('/') ? [command] : [])]),
        HTTP_PROXY: nowhere,
        HTTPS_PROXY: nowhere,
        NO_PROXY: '127.0.0.1',
        no_proxy: '127.0.0.1',
        ...client.env({ home, project, registry }),
        ...(options.fewRetries === true && client.fewRetries),
        ...options.env,
      }
      const args = [...first, ...(options.args ?? usual)]
      const result = await runLimited({ command, args, cwd: project, env, limitMs })
      if (result.timedOut) throw new Error(`${client.id} did not end in ${limitMs} ms:\n${result.output}`)
      const lock = client.lockFile === undefined ? '' : await textOf(join(project, client.lockFile))
      return { code: result.code, output: result.output, lock, installed: await client.installed(project) }
    },
    more: async (other, authorization) => {
      const started = await startUpstream(other, authorization)
      ending.push(started)
      return started
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of ending) await one[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** What a client of this ecosystem is told as Posthaste's address, below its path. */
export function registryOf(client: RegistryClient, product: Product): string {
  return client.ecosystem === 'npm' ? `${product.url}/npm` : `${product.url}/pypi/simple`
}

async function startUpstream(fixture: Fixture, authorization?: string): Promise<Upstream> {
  const hosts: FakeRegistry[] = []
  if (fixture.ecosystem === 'npm') {
    const { packages, keys = [] } = fixture
    const token = authorization === undefined ? {} : { authorization }
    hosts.push(await startFakeRegistry({ site: npmSite({ packages, keys, ...token }) }))
  } else {
    const files = await startFakeRegistry({ site: pypiFileSite(fixture.packages) })
    const site = pypiIndexSite({ projects: fixture.packages, files: files.url })
    hosts.push(await startFakeRegistry({ site }), files)
  }
  const stop = async () => {
    for (const host of hosts) await host.stop()
  }
  return {
    hosts,
    address: `${hosts[0]?.url}${fixture.ecosystem === 'npm' ? '' : '/simple'}`,
    immutableRequests: () => hosts.flatMap((host) => host.immutableRequests()),
    requests: () => hosts.reduce((sum, host) => sum + host.log().length, 0),
    resetLog: () => {
      for (const host of hosts) host.resetLog()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * Whether a file of the data folder holds these bytes, wherever it lies and whatever stands around them. What was
 * put into quarantine as evidence is never served, and does not count.
 */
export async function dataHolds(dataDir: string, bytes: Uint8Array): Promise<boolean> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || path.startsWith(join(dataDir, 'quarantine'))) continue
    if ((await readFile(path)).includes(bytes)) return true
  }
  return false
}

/** A port of 127.0.0.1 that nobody has just now. */
export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
}
