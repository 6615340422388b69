import { join } from 'node:path'
import {
  type Client,
  impossible,
  isOurs,
  isRemoteHttp,
  type Layer,
  type Plan,
  type Presence,
} from './client.ts'
import { iniEntry, pipConf, setIni } from './edit-ini.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, fileLayer, formerly, plainHttp, replacing } from './file-layer.ts'
import { exists, type Machine, userConfig, xdgConfig } from './machine.ts'
import { lineEnd } from './text-lines.ts'

const KEY = 'index-url'
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
    const [user, legacy] = userFiles(machine)
    const venv = await virtualEnvironment(machine)
    return [
      environment,
      ...(named
        ? [{ ...(await fileLayer(machine, 'site', named, indexUrl)), where: `PIP_CONFIG_FILE=${named}` }]
        : []),
      ...(venv === undefined
        ? []
        : [await fileLayer(machine, 'project', join(venv, confName(machine)), indexUrl)]),
      await fileLayer(machine, 'user', user, indexUrl),
      await fileLayer(machine, 'user', legacy, indexUrl),
      ...(await Promise.all(
        systemFiles(machine).map((file) => fileLayer(machine, 'system', file, indexUrl)),
      )),
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
    const path = isUser ? userFiles(machine)[0] : join(venv ?? '', confName(machine))
    const layers = await this.read(machine, presence)
    const previous = formerly(layers, path, (one) => isOurs(one, wanted))
    const extra = iniEntry((await machine.readText(path)) ?? '', pipConf, 'global', 'extra-index-url')
    return {
      possible: true,
      value,
      previous,
      edits: [
        {
          path,
          keys: isRemoteHttp(value) ? [KEY, 'trusted-host'] : [KEY],
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

function indexUrl(text: string): string | undefined {
  const sections = ['install', 'global']
  return sections
    .map((section) => iniEntry(text, pipConf, section, KEY)?.value)
    .find((value) => value !== undefined)
}

function withIndex(text: string, value: string): string {
  const own = COMMANDS.filter((section) => iniEntry(text, pipConf, section, KEY) !== undefined)
  return ['global', ...own].reduce((edited, section) => setIni(edited, pipConf, section, KEY, value), text)
}

/** pip takes http from this machine as it is, from others only by this list. */
function withTrust(text: string, value: string): string {
  if (!isRemoteHttp(value)) return text
  const { host } = new URL(value)
  const trusted = iniEntry(text, pipConf, 'global', 'trusted-host')?.value.split(/\s+/).filter(Boolean) ?? []
  if (trusted.includes(host)) return text
  return setIni(text, pipConf, 'global', 'trusted-host', [...trusted, host].join(`${lineEnd(text)}    `))
}

/** The file that pip writes, and the old one that it still reads. */
function userFiles(machine: Machine): readonly [string, string] {
  const { platform, home } = machine
  if (platform === 'win32') return [join(userConfig(machine), 'pip', 'pip.ini'), join(home, 'pip', 'pip.ini')]
  return [join(xdgConfig(machine), 'pip', 'pip.conf'), join(home, '.pip', 'pip.conf')]
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
