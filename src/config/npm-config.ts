import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { behind } from './behind.ts'

type Environment = Readonly<Record<string, string | undefined>>

export type NpmAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string }

export interface NpmConfig {
  /** Every setting in force, by name; secrets are left out by npm itself. */
  readonly settings: NpmAnswer<ReadonlyMap<string, unknown>>
  /** The registry that npm has built in, whatever was set. */
  readonly builtIn: NpmAnswer<string>
}

interface AskOptions {
  readonly command: string
  readonly timeoutMs: number
  /** Nobody waits for it right now: others go first. */
  readonly inBackground?: boolean | undefined
  readonly signal: AbortSignal | undefined
}

/**
 * Asks npm for its settings, in an empty folder of its own so that no project's .npmrc has a say, and with a
 * limit on time and output. Never throws.
 */
export async function readNpmConfig(env: Environment, options: AskOptions): Promise<NpmConfig> {
  let folder: string | undefined
  try {
    folder = await mkdtemp(join(tmpdir(), 'posthaste-npm-config-'))
    // npm looks for a project in the folders above as well; here is one.
    await writeFile(join(folder, 'package.json'), '{}')
    const [settings, builtIn] = await Promise.all([
      run(['config', 'list', '--json'], folder, env, options),
      // Files that are not there stand for no settings, and no variable may add any.
      run(
        [
          'config',
          'get',
          'registry',
          `--userconfig=${join(folder, 'none')}`,
          `--globalconfig=${join(folder, 'no')}`,
        ],
        folder,
        withoutSettings(env),
        options,
      ),
    ])
    return { settings: settings.ok ? parse(settings.value, options.command) : settings, builtIn }
  } catch (error) {
    const failed = {
      ok: false,
      reason: `no folder to run '${options.command}' in: ${messageOf(error)}`,
    } as const
    return { settings: failed, builtIn: failed }
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  }
}

function run(
  args: readonly string[],
  cwd: string,
  env: Environment,
  { command, timeoutMs, signal, inBackground }: AskOptions,
): Promise<NpmAnswer<string>> {
  return new Promise((resolve) => {
    const done = (
      error: (Error & { code?: unknown; killed?: boolean }) | null,
      stdout: string,
      stderr: string,
    ) => {
      if (!error) resolve({ ok: true, value: stdout.trim() })
      else resolve({ ok: false, reason: explain(error, stderr, command, timeoutMs) })
    }
    try {
      const child = execFile(
        command,
        args,
        {
          cwd,
          env: { ...env, PWD: cwd, INIT_CWD: cwd, NO_UPDATE_NOTIFIER: '1' },
          encoding: 'utf8',
          timeout: timeoutMs,
          killSignal: 'SIGKILL',
          maxBuffer: 4 * 1024 * 1024,
          windowsHide: true,
          // npm is a script there, which only a shell can start.
          shell: process.platform === 'win32',
          ...(signal && { signal }),
        },
        done,
      )
      if (inBackground === true) behind(child)
    } catch (error) {
      resolve({ ok: false, reason: `'${command}' did not start: ${messageOf(error)}` })
    }
  })
}

function parse(stdout: string, command: string): NpmConfig['settings'] {
  let answer: unknown
  try {
    answer = JSON.parse(stdout)
  } catch {
    return { ok: false, reason: `'${command} config list --json' answered with something that is not JSON` }
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    return { ok: false, reason: `'${command} config list --json' answered with no object` }
  }
  return { ok: true, value: new Map(Object.entries(answer)) }
}

function withoutSettings(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_config_/i.test(name)))
}

function explain(
  error: Error & { code?: unknown; killed?: boolean },
  stderr: string,
  command: string,
  timeoutMs: number,
): string {
  if (error.code === 'ENOENT') return `there is no '${command}' command on the PATH`
  if (error.name === 'AbortError') return 'the search was given up'
  if (error.killed) return `'${command} config' gave no answer within ${timeoutMs} ms, or too long a one`
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('npm warn'))
  return `'${command} config' failed: ${lines[0]?.trim().slice(0, 200) || error.message.split('\n')[0]}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
