import { join } from 'node:path'
import { type Client, isOurs, isRemoteHttp, type Layer, type Plan, type Presence } from './client.ts'
import { npmrc, setIni } from './edit-ini.ts'
import { readYaml, setYaml } from './edit-yaml.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, fileLayer, formerly, plainHttp, replacing } from './file-layer.ts'
import { folderWith, type Machine, userConfig, versionOf, xdgConfig } from './machine.ts'
import { npmrcFiles, npmrcRegistry, projectNpmrc, scopeNotes, userNpmrc } from './npmrc-layers.ts'

/** From this version on pnpm has settings files of its own and hears no `npm_config_*`. */
const OWN_SETTINGS_SINCE = 11

/**
 * Up to pnpm 10 as npm, with a file of its own below the user's. From 11 on: `pnpm_config_*` > pnpm-workspace.yaml >
 * project .npmrc > config.yaml > auth.ini > ~/.npmrc (seen with pnpm 11.28).
 */
export const pnpmClient: Client = {
  id: 'pnpm',
  title: 'pnpm',
  ecosystem: 'npm',
  path: '/npm',
  setting: 'registry',
  scopes: ['user', 'project'],
  locks: ['pnpm-lock.yaml'],

  async detect(machine): Promise<Presence> {
    const command = await machine.which('pnpm')
    const version = command && (await versionOf(machine, 'pnpm'))
    return { command, ...(version && { version }) }
  },

  async read(machine, presence): Promise<readonly Layer[]> {
    if (!hasOwnSettings(presence)) {
      return [
        await environmentLayer(machine, ['npm_config_registry'], { anyCase: true }),
        ...(await npmrcFiles(machine)),
        await fileLayer(machine, 'user', join(pnpmFolder(machine), 'rc'), npmrcRegistry),
        builtIn('pnpm'),
      ]
    }
    const [project, user, ...system] = await npmrcFiles(machine)
    return [
      await environmentLayer(machine, ['pnpm_config_registry'], { anyCase: true }),
      await fileLayer(machine, 'project', await workspaceFile(machine), yamlRegistry),
      ...(project === undefined ? [] : [project]),
      await fileLayer(machine, 'user', join(pnpmFolder(machine), 'config.yaml'), yamlRegistry),
      await fileLayer(machine, 'user', authFile(machine), npmrcRegistry),
      ...(user === undefined ? [] : [user]),
      ...system,
      builtIn('pnpm'),
    ]
  },

  async plan(machine, presence, wanted): Promise<Plan> {
    const value = `${wanted.address}/`
    const layers = await this.read(machine, presence)
    const path = await fileToWrite(machine, presence, wanted.scope === 'user', layers)
    const yaml = path.endsWith('.yaml') ? await yamlKey(machine, path) : undefined
    const previous = formerly(layers, path, (one) => isOurs(one, wanted))
    const former = previous ?? layers.find((layer) => layer.setter === wanted.scope && layer.value)?.value
    return {
      possible: true,
      value,
      ...(path === (await userNpmrc(machine)) && { sharedWith: ['npm'] }),
      previous: former && isOurs(former, wanted) ? undefined : former,
      edits: [
        {
          path,
          keys: ['registry'],
          edit: editing((text) =>
            yaml === undefined
              ? setIni(text, npmrc, undefined, 'registry', value)
              : setYaml(text, yaml, value),
          ),
        },
      ],
      notes: [
        ...replacing(former, wanted),
        ...(await scopeNotes(machine)),
        ...(isRemoteHttp(value) ? [plainHttp] : []),
      ],
    }
  },
}

function hasOwnSettings({ version }: Presence): boolean {
  return version === undefined || Number.parseInt(version, 10) >= OWN_SETTINGS_SINCE
}

/** The file of this scope that wins in it: the one that is set, else the one that pnpm's own command writes. */
async function fileToWrite(
  machine: Machine,
  presence: Presence,
  user: boolean,
  layers: readonly Layer[],
): Promise<string> {
  const set = layers.find(
    ({ setter, file, value }) =>
      setter === (user ? 'user' : 'project') && file !== undefined && value !== undefined,
  )
  const isNpms = set?.file === (await userNpmrc(machine))
  if (set?.file !== undefined && !(isNpms && hasOwnSettings(presence))) return set.file
  if (!user) return projectNpmrc(machine)
  return hasOwnSettings(presence) ? authFile(machine) : userNpmrc(machine)
}

function yamlRegistry(text: string): string | undefined {
  return readYaml(text, ['registries', 'default']) ?? readYaml(text, ['registry'])
}

async function yamlKey(
  machine: Machine,
  path: string,
): Promise<readonly [string] | readonly [string, string]> {
  const text = (await machine.readText(path)) ?? ''
  return readYaml(text, ['registries', 'default']) === undefined ? ['registry'] : ['registries', 'default']
}

async function workspaceFile(machine: Machine): Promise<string> {
  const folder = await folderWith(machine, ['pnpm-workspace.yaml', 'package.json'])
  return join(folder ?? machine.cwd, 'pnpm-workspace.yaml')
}

function authFile(machine: Machine): string {
  return join(pnpmFolder(machine), 'auth.ini')
}

function pnpmFolder(machine: Machine): string {
  const { platform, env, home } = machine
  if (env.XDG_CONFIG_HOME) return join(xdgConfig(machine), 'pnpm')
  if (platform === 'darwin') return join(home, 'Library', 'Preferences', 'pnpm')
  if (platform === 'win32') return join(env.LOCALAPPDATA || userConfig(machine), 'pnpm', 'config')
  return join(home, '.config', 'pnpm')
}
