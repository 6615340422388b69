import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
  let folder: string | undefined
  try {
    folder = await mkdtemp(join(tmpdir(), 'posthaste-go-env-'))
    return await run(folder, env, { command, timeoutMs, signal })
  } catch (error) {
    return { ok: false, reason: `no folder to run '${command}' in: ${messageOf(error)}` }
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  }
}

function run(
  cwd: string,
  env: Environment,
  { command, timeoutMs, signal }: { command: string; timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<GoEnvResult> {
  // A blank is needed in GOFLAGS: `go` takes an empty variable for an unset one and would read its own file's.
  const harmless = { GOFLAGS: ' ', GOTOOLCHAIN: 'local', GOWORK: 'off', GO111MODULE: 'on', PWD: cwd }
  return new Promise((resolve) => {
    const done = (
      error: (Error & { code?: unknown; killed?: boolean }) | null,
      stdout: string,
      stderr: string,
    ) => {
      if (!error) resolve(parse(stdout, command))
      else resolve({ ok: false, reason: explain(error, stderr, command, timeoutMs) })
    }
    try {
      execFile(
        command,
        ['env', '-json', ...goVariables],
        {
          cwd,
          env: { ...env, ...harmless },
          encoding: 'utf8',
          timeout: timeoutMs,
          killSignal: 'SIGKILL',
          maxBuffer: 1024 * 1024,
          windowsHide: true,
          ...(signal && { signal }),
        },
        done,
      )
    } catch (error) {
      resolve({ ok: false, reason: `'${command}' did not start: ${messageOf(error)}` })
    }
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

function explain(
  error: Error & { code?: unknown; killed?: boolean },
  stderr: string,
  command: string,
  timeoutMs: number,
): string {
  if (error.code === 'ENOENT') return `there is no '${command}' command on the PATH`
  if (error.name === 'AbortError') return 'the search was given up'
  if (error.killed) return `'${command} env' gave no answer within ${timeoutMs} ms, or too long a one`
  const said = stderr.trim().split('\n')[0]?.slice(0, 200)
  return `'${command} env' failed: ${said || error.message.split('\n')[0]}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
