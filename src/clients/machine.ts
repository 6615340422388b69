import { execFile } from 'node:child_process'
import { access, constants, realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { decodeFile } from './file-text.ts'
import { readBytes } from './replace-file.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Ran {
  readonly ok: boolean
  readonly stdout: string
  /** What it said on its error stream, or why it did not run. */
  readonly stderr: string
}

/** What the clients may see of the computer; a test gives one of its own. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly env: Environment
  readonly home: string
  readonly cwd: string
  /** The folder of machine-wide settings. */
  readonly etc: string
  /** The text without its byte order mark, or undefined when there is no file. Throws when it cannot be read. */
  readonly readText: (path: string) => Promise<string | undefined>
  /** The absolute path of a command on the PATH. */
  readonly which: (command: string) => Promise<string | undefined>
  /** Never throws. Ended after 20 s. */
  readonly run: (
    argv: readonly [string, ...string[]],
    options: { readonly cwd: string; readonly env: Environment },
  ) => Promise<Ran>
}

const RUN_LIMIT_MS = 20_000

export function thisMachine({ env, cwd }: { readonly env: Environment; readonly cwd: string }): Machine {
  const { platform } = process
  const home = (platform === 'win32' ? env.USERPROFILE : env.HOME) || homedir()
  return {
    platform,
    env,
    home,
    cwd,
    etc: '/etc',
    readText: async (path) => {
      const bytes = await readBytes(path)
      return bytes === undefined ? undefined : decodeFile(bytes).text
    },
    which: (command) => findCommand(command, env, platform),
    run,
  }
}

async function findCommand(
  command: string,
  env: Environment,
  platform: NodeJS.Platform,
): Promise<string | undefined> {
  const endings = platform === 'win32' ? ['.exe', '.cmd', '.bat', ''] : ['']
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue
    for (const ending of endings) {
      const path = join(folder, `${command}${ending}`)
      if ((await isFile(path)) && (await canRun(path))) return path
    }
  }
  return undefined
}

/** True for a folder too, which may be entered. */
async function canRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

const run: Machine['run'] = ([command, ...args], { cwd, env }) =>
  new Promise((resolve) => {
    const options = { cwd, env, timeout: RUN_LIMIT_MS, killSignal: 'SIGKILL', windowsHide: true } as const
    try {
      execFile(command, args, options, (error, stdout, stderr) =>
        resolve({ ok: error === null, stdout, stderr: error === null ? stderr : stderr || error.message }),
      )
    } catch (error) {
      resolve({ ok: false, stdout: '', stderr: error instanceof Error ? error.message : String(error) })
    }
  })

/** The nearest folder, from `cwd` up, that holds one of the files; undefined when none does. */
export async function folderWith(machine: Machine, names: readonly string[]): Promise<string | undefined> {
  for (const folder of upwards(machine.cwd)) {
    for (const name of names) {
      if (await exists(join(folder, name))) return folder
    }
  }
  return undefined
}

/** `folder` and all above it, nearest first. */
export function upwards(folder: string): string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...upwards(above)]
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/** XDG Base Directory Specification 0.8: a relative path is to be ignored. */
export function xdgConfig({ env, home }: Pick<Machine, 'env' | 'home'>): string {
  const set = env.XDG_CONFIG_HOME
  return set?.startsWith('/') ? set : join(home, '.config')
}

/** Where this platform's programs keep a user's settings, as Go's `os.UserConfigDir` says. */
export function userConfig(machine: Pick<Machine, 'platform' | 'env' | 'home'>): string {
  const { platform, env, home } = machine
  if (platform === 'win32') return env.APPDATA || join(home, 'AppData', 'Roaming')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support')
  return xdgConfig(machine)
}

export async function installed(machine: Machine, command: string): Promise<{ command: string | undefined }> {
  return { command: await machine.which(command) }
}

/** `X.Y.Z` of `command --version`; undefined when it does not run. */
export async function versionOf(machine: Machine, command: string): Promise<string | undefined> {
  const { env, home } = machine
  const ran = await machine.run([command, '--version'], { cwd: home, env: quiet(env) })
  return ran.ok ? /\d+\.\d+\.\d+/.exec(ran.stdout)?.[0] : undefined
}

/** An environment in which a client looks for no newer version of itself and downloads none. */
export function quiet(env: Environment): Environment {
  return {
    ...env,
    GOTOOLCHAIN: 'local',
    GOFLAGS: ' ',
    GOWORK: 'off',
    NO_UPDATE_NOTIFIER: '1',
    npm_config_update_notifier: 'false',
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
    COREPACK_ENABLE_NETWORK: '0',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PDM_CHECK_UPDATE: '0',
  }
}

/** For messages: the home folder as `~`. */
export function shortPath(path: string, { home }: Pick<Machine, 'home'>): string {
  return path === home || path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
}

export async function realFolder(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}
