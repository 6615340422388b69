import { join } from 'node:path'
import {
  type Client,
  impossible,
  isOurs,
  isRemoteHttp,
  type Layer,
  type Plan,
  type Presence,
  type Setter,
} from './client.ts'
import { iniEntry, pipConf, setIni } from './edit-ini.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, fileLayer, formerly, plainHttp, replacing } from './file-layer.ts'
import { exists, isFolder, type Machine, userConfig, xdgConfig } from './machine.ts'
import { lineEnd } from './text-lines.ts'

const KEY = 'index-url'
const TRUST = 'trusted-host'
/** Commands whose own section stands above `[global]`. */
const COMMANDS = ['install', 'download', 'wheel', 'index'] as const

/** pip: PIP_* > PIP_CONFIG_FILE > virtual environment > user > machine (pip documentation, configuration). */
export const pipClient: Client = {
  id: 'pip',
  title: 'pip',
  ecosystem: 'pypi',
  path: '/pypi/simple',
  setting: KEY,
  scopes: ['user', 'project'],
  locks: [],

  async detect(machine): Promise<Presence> {
    return { command: (await machine.which('pip')) ?? (await machine.which('pip3')) }
  },

  async read(machine): Promise<readonly Layer[]> {
    const named = machine.env.PIP_CONFIG_FILE
    const environment = await environmentLayer(machine, ['PIP_INDEX_URL'])
    if (named === nullDevice(machine)) return [environment, builtIn('pip')]
    const venv = await virtualEnvironment(machine)
    const files: readonly (readonly [Setter, string])[] = [
      ...(named ? [['site', named] as const] : []),
      ...(venv === undefined ? [] : [['project', join(venv, confName(machine))] as const]),
      ...(await userFiles(machine)).map((file) => ['user', file] as const),
      ...systemFiles(machine).map((file) => ['system', file] as const),
    ]
    const layersOf = (section: string) =>
      Promise.all(
        files.map(async ([setter, file]): Promise<Layer> => {
          const layer = await fileLayer(machine, setter, file, (text) => indexUrl(text, section))
          return setter === 'site' ? { ...layer, where: `PIP_CONFIG_FILE=${named}` } : layer
        }),
      )
    const install = (await layersOf('install')).filter(({ value }) => value !== undefined)
    return [
      environment,
      // pip merges all files before it looks at sections: [install] of the weakest file beats [global] of the strongest.
      ...install.map((layer) => ({ ...layer, where: `${layer.where} [install]` })),
      ...(await layersOf('global')),
      builtIn('pip'),
    ]
  },

  async plan(machine, presence, wanted): Promise<Plan> {
    const named = machine.env.PIP_CONFIG_FILE
    const isUser = wanted.scope === 'user'
    if (named === nullDevice(machine)) {
      return impossible(`PIP_CONFIG_FILE=${named} makes pip read no file at all`, 'unset PIP_CONFIG_FILE')
    }
    if (isUser && named && (await exists(named))) {
      const hint = `set index-url in ${named}, or unset PIP_CONFIG_FILE`
      return impossible(`PIP_CONFIG_FILE=${named} makes pip pass over the user's file`, hint)
    }
    const venv = await virtualEnvironment(machine)
    if (!isUser && venv === undefined) {
      const hint = 'activate a virtual environment, or use --scope user'
      return impossible('pip has no settings of a project but those of a virtual environment', hint)
    }
    const value = `${wanted.address}/`
    const path = isUser ? (await userFiles(machine))[0] : join(venv ?? '', confName(machine))
    const layers = (await this.read(machine, presence)).filter(
      ({ value: set }) => set !== undefined && !isOurs(set, wanted),
    )
    const previous = formerly(layers, path, (one) => isOurs(one, wanted))
    const extra = iniEntry((await machine.readText(path)) ?? '', pipConf, 'global', 'extra-index-url')
    return {
      possible: true,
      value,
      previous,
      edits: [
        {
          path,
          keys: isRemoteHttp(value) ? [KEY, TRUST] : [KEY],
          edit: editing((text) => withTrust(withIndex(text, value), value)),
          ...(isUser && {
            own: {
              argv: ['pip', 'config', '--user', 'set', `global.${KEY}`, value],
              copy: join('.config', 'pip', confName(machine)),
              env: (folder) => ({
                HOME: folder,
                XDG_CONFIG_HOME: join(folder, '.config'),
                APPDATA: join(folder, '.config'),
              }),
            },
          }),
        },
      ],
      notes: [
        ...replacing(previous, wanted),
        ...(extra === undefined
          ? []
          : ['extra-index-url stays: pip takes the highest version of either index, whoever published it']),
        ...(isRemoteHttp(value) ? [plainHttp] : []),
      ],
    }
  },
}

function indexUrl(text: string, section: string): string | undefined {
  return iniEntry(text, pipConf, section, KEY)?.value
}

/** `[global]`, and the sections of commands that have this key and so stand above it. */
function sectionsWith(text: string, key: string): string[] {
  return ['global', ...COMMANDS.filter((section) => iniEntry(text, pipConf, section, key) !== undefined)]
}

function withIndex(text: string, value: string): string {
  return sectionsWith(text, KEY).reduce(
    (edited, section) => setIni(edited, pipConf, section, KEY, value),
    text,
  )
}

/** pip takes http from this machine as it is, from others only by this list. */
function withTrust(text: string, value: string): string {
  if (!isRemoteHttp(value)) return text
  const { host } = new URL(value)
  return sectionsWith(text, TRUST).reduce((edited, section) => {
    const trusted = iniEntry(edited, pipConf, section, TRUST)?.value.split(/\s+/).filter(Boolean) ?? []
    if (trusted.includes(host)) return edited
    return setIni(edited, pipConf, section, TRUST, [...trusted, host].join(`${lineEnd(edited)}    `))
  }, text)
}

/** The file that pip writes, and the old one that it still reads. */
async function userFiles(machine: Machine): Promise<readonly [string, string]> {
  const { platform, home } = machine
  if (platform === 'win32') return [join(userConfig(machine), 'pip', 'pip.ini'), join(home, 'pip', 'pip.ini')]
  return [join(await userFolder(machine), 'pip.conf'), join(home, '.pip', 'pip.conf')]
}

/** As pip's `appdirs.user_config_dir`: on macOS the system's own place where it exists, and XDG_CONFIG_HOME never. */
async function userFolder(machine: Machine): Promise<string> {
  if (machine.platform !== 'darwin') return join(xdgConfig(machine), 'pip')
  const own = join(userConfig(machine), 'pip')
  return (await isFolder(own)) ? own : join(machine.home, '.config', 'pip')
}

function systemFiles({ platform, env, etc }: Machine): string[] {
  if (platform === 'win32') return [join(env.ProgramData || 'C:\\ProgramData', 'pip', 'pip.ini')]
  if (platform === 'darwin') return ['/Library/Application Support/pip/pip.conf']
  return [join(etc, 'pip.conf'), join(etc, 'xdg', 'pip', 'pip.conf')]
}

async function virtualEnvironment({ env, cwd }: Machine): Promise<string | undefined> {
  if (env.VIRTUAL_ENV) return env.VIRTUAL_ENV
  const near = join(cwd, '.venv')
  return (await exists(join(near, 'pyvenv.cfg'))) ? near : undefined
}

function confName({ platform }: Machine): string {
  return platform === 'win32' ? 'pip.ini' : 'pip.conf'
}

function nullDevice({ platform }: Machine): string {
  return platform === 'win32' ? 'nul' : '/dev/null'
}
