import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AskOptions, askToolchain, inEmptyFolder, type ToolchainAnswer } from './ask-toolchain.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface NpmConfig {
  /** Every setting in force, by name; secrets are left out by npm itself. */
  readonly settings: ToolchainAnswer<ReadonlyMap<string, unknown>>
  /** The registry that npm has built in, whatever was set. */
  readonly builtIn: ToolchainAnswer<string>
}

/**
 * Asks npm for its settings, in an empty folder of its own so that no project's .npmrc has a say, and with a
 * limit on time and output. Never throws.
 */
export async function readNpmConfig(env: Environment, options: AskOptions): Promise<NpmConfig> {
  return await inEmptyFolder<NpmConfig>({
    name: 'posthaste-npm-config-',
    command: options.command,
    failed: (reason) => ({ settings: { ok: false, reason }, builtIn: { ok: false, reason } }),
    async work(folder) {
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
    },
  })
}

function run(
  args: readonly string[],
  cwd: string,
  env: Environment,
  options: AskOptions,
): Promise<ToolchainAnswer<string>> {
  return askToolchain({
    ...options,
    args,
    cwd,
    env: { ...env, INIT_CWD: cwd, NO_UPDATE_NOTIFIER: '1' },
    maxOutputBytes: 4 * 1024 * 1024,
    title: `${options.command} config`,
    // npm is a script there, which only a shell can start.
    shell: process.platform === 'win32',
    complaint: (stderr) =>
      stderr.split('\n').find((line) => line.trim() !== '' && !line.startsWith('npm warn')),
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
