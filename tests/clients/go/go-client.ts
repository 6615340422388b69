import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runLimited } from '../../../scripts/testing/run-limited.ts'
import { isolatedEnv } from '../../support/product.ts'

/** Why tests with the real client cannot run here; undefined when they can. */
export const goMissing = await runLimited({ command: 'go', args: ['version'], limitMs: 20_000 }).then(
  (result) => (result.code === 0 ? undefined : `'go version' fails: ${result.output.trim()}`),
  () => 'no go on this machine',
)

export interface GoClientOptions {
  /** An existing folder for everything that the client writes. */
  readonly folder: string
  readonly proxy: string
  /** A GOSUMDB value; `off` when left out. */
  readonly sumdb?: string
  /** `module version` lines of the project's go.mod. */
  readonly requires?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface GoResult {
  readonly code: number | undefined
  /** stdout and stderr, as its user sees them. */
  readonly output: string
}

export interface GoClient {
  /** Where `go.mod` lies. */
  readonly project: string
  readonly env: Readonly<Record<string, string>>
  run(...args: string[]): Promise<GoResult>
}

const limitMs = 60_000
/** Nothing listens there: what `direct` tries fails at once instead of leaving the machine. */
const nowhere = 'http://127.0.0.1:9'

/** The real `go` with a new project, an empty module cache, and nothing of the environment around the tests. */
export async function goClient(options: GoClientOptions): Promise<GoClient> {
  const home = await mkdtemp(join(options.folder, 'client-'))
  const project = join(home, 'project')
  await mkdir(project)
  const requires = (options.requires ?? []).map((line) => `require ${line}\n`).join('')
  await writeFile(join(project, 'go.mod'), `module project.example/app\n\ngo 1.20\n\n${requires}`)
  const env = {
    ...isolatedEnv(home),
    GOPATH: join(home, 'gopath'),
    GOMODCACHE: join(home, 'modules'),
    GOCACHE: join(home, 'builds'),
    GOFLAGS: '-mod=mod -modcacherw',
    GOPROXY: options.proxy,
    GOSUMDB: options.sumdb ?? 'off',
    GOVCS: '*:git',
    GIT_TERMINAL_PROMPT: '0',
    HTTPS_PROXY: nowhere,
    HTTP_PROXY: nowhere,
    ...options.env,
  }
  return {
    project,
    env,
    run: async (...args) => {
      const { code, output, timedOut } = await runLimited({ command: 'go', args, cwd: project, env, limitMs })
      if (timedOut) throw new Error(`go ${args.join(' ')} did not end within ${limitMs} ms:\n${output}`)
      return { code, output }
    },
  }
}
