import { askToolchain, inEmptyFolder } from './ask-toolchain.ts'

type Environment = Readonly<Record<string, string | undefined>>

export const goVariables = [
  'GOPROXY',
  'GOSUMDB',
  'GOPRIVATE',
  'GONOPROXY',
  'GONOSUMDB',
  'GOROOT',
  'GOENV',
] as const

export type GoEnv = Readonly<Record<(typeof goVariables)[number], string>>

export type GoEnvResult =
  | { readonly ok: true; readonly env: GoEnv }
  | { readonly ok: false; readonly reason: string }

/**
 * Asks the toolchain for its settings, in an empty folder of its own so that no go.mod, go.work or toolchain
 * line has a say, and with a limit on time and output. Never throws.
 */
export async function readGoEnv(
  env: Environment,
  { command, timeoutMs, signal }: { command: string; timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<GoEnvResult> {
  return await inEmptyFolder<GoEnvResult>({
    name: 'posthaste-go-env-',
    command,
    failed: (reason) => ({ ok: false, reason }),
    async work(cwd) {
      // A blank is needed in GOFLAGS: `go` takes an empty variable for an unset one and would read its own file's.
      const harmless = { GOFLAGS: ' ', GOTOOLCHAIN: 'local', GOWORK: 'off', GO111MODULE: 'on' }
      const said = await askToolchain({
        command,
        args: ['env', '-json', ...goVariables],
        cwd,
        env: { ...env, ...harmless },
        timeoutMs,
        maxOutputBytes: 1024 * 1024,
        title: `${command} env`,
        signal,
      })
      return said.ok ? parse(said.value, command) : said
    },
  })
}

function parse(stdout: string, command: string): GoEnvResult {
  let answer: unknown
  try {
    answer = JSON.parse(stdout)
  } catch {
    return { ok: false, reason: `'${command} env -json' answered with something that is not JSON` }
  }
  if (typeof answer !== 'object' || answer === null) {
    return { ok: false, reason: `'${command} env -json' answered with no object` }
  }
  const read = (name: string) => {
    const value = Reflect.get(answer, name)
    return typeof value === 'string' ? value : ''
  }
  const env: GoEnv = {
    GOPROXY: read('GOPROXY'),
    GOSUMDB: read('GOSUMDB'),
    GOPRIVATE: read('GOPRIVATE'),
    GONOPROXY: read('GONOPROXY'),
    GONOSUMDB: read('GONOSUMDB'),
    GOROOT: read('GOROOT'),
    GOENV: read('GOENV'),
  }
  return { ok: true, env }
}
