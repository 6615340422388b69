import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { runLimited } from '../../../scripts/testing/run-limited.ts'
import { isolatedEnv, type Product, type StartOptions, startProduct } from '../../support/product.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import type { Fixture } from './fixture.ts'
import { readLock, writeLock } from './lock-text.ts'
import { nodeProgram, pathWith } from './machine.ts'
import type { Obtained } from './obtain-client.ts'
import type { RegistryClient } from './registry-client.ts'
import { startUpstream, type Upstream } from './upstream.ts'

export interface ClientRun {
  readonly code: number | undefined
  readonly output: string
  /** Where the project lies. */
  readonly project: string
  /** The lock files' text; empty when there is none. */
  readonly lock: string
  readonly installed: readonly string[]
}

export interface RunOptions {
  readonly registry: string
  /** The project of an earlier run, with what lies in it; a new one in a new home when left out. */
  readonly project?: string
  /** Installs what these lock files say, instead of resolving anew. */
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
  /** In a new home with empty caches, unless told otherwise. Throws when the client does not end in time. */
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
      const checksums = upstream.sumdb === undefined ? {} : { POSTHASTE_GO_SUMDB: upstream.sumdb }
      const env = { ...closed, [setting]: upstream.address, ...checksums, ...changes.env }
      const product = await startProduct({ dataDir, ...changes, env })
      ending.unshift(product)
      return product
    },
    run: async (options) => {
      const home = options.project ? dirname(options.project) : await mkdtemp(join(folder.path, 'run-'))
      const project = join(home, 'project')
      await mkdir(project, { recursive: true })
      const { registry, requires = fixture.requires } = options
      const files = client.files({ registry, requires })
      for (const [name, text] of Object.entries(files)) await writeFile(join(project, name), text)
      if (options.lock !== undefined) await writeLock(project, client.lockFiles, options.lock)
      const [command, ...first] = obtained.command
      const usual = options.lock === undefined ? client.install : (client.installLocked ?? client.install)
      const env = {
        ...isolatedEnv(home),
        PATH: pathWith([nodeProgram(), ...(command.startsWith('/') ? [command] : [])]),
        HTTP_PROXY: nowhere,
        HTTPS_PROXY: nowhere,
        NO_PROXY: '127.0.0.1',
        no_proxy: '127.0.0.1',
        ...(upstream.sumdb !== undefined && { GOSUMDB: upstream.sumdb }),
        ...client.env({ home, project, registry }),
        ...(options.fewRetries === true && client.fewRetries),
        ...options.env,
      }
      const args = [...first, ...(options.args ?? usual)]
      const result = await runLimited({ command, args, cwd: project, env, limitMs })
      if (result.timedOut) throw new Error(`${client.id} did not end in ${limitMs} ms:\n${result.output}`)
      const lock = await readLock(project, client.lockFiles)
      const installed = await client.installed(project)
      return { code: result.code, output: result.output, project, lock, installed }
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
  return `${product.url}/${client.ecosystem}${client.ecosystem === 'pypi' ? '/simple' : ''}`
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
