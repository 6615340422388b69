import { join } from 'node:path'
import { type Client, isOurs, isRemoteHttp, type Layer, type Plan } from './client.ts'
import { readToml, setToml, textIn, tomlArray } from './edit-toml.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, fileLayer, formerly, plainHttp, replacing } from './file-layer.ts'
import { folderWith, installed, type Machine, userConfig } from './machine.ts'

const KEY = ['pypi', 'url']

/** PDM: a source called `pypi` in pyproject.toml > PDM_PYPI_URL > pdm.toml > the user's config.toml. */
export const pdmClient: Client = {
  id: 'pdm',
  title: 'PDM',
  ecosystem: 'pypi',
  path: '/pypi/simple',
  setting: 'pypi.url',
  scopes: ['user', 'project'],
  locks: ['pdm.lock'],

  detect: (machine) => installed(machine, 'pdm'),

  async read(machine): Promise<readonly Layer[]> {
    const folder = await projectFolder(machine)
    const url = (text: string) => readToml(text, KEY)
    return [
      await fileLayer(machine, 'project', join(folder, 'pyproject.toml'), ownSource),
      await environmentLayer(machine, ['PDM_PYPI_URL']),
      await fileLayer(machine, 'project', join(folder, 'pdm.toml'), url),
      await fileLayer(machine, 'user', userFile(machine), url),
      builtIn('PDM'),
    ]
  },

  async plan(machine, presence, wanted): Promise<Plan> {
    const value = `${wanted.address}/`
    const path = wanted.scope === 'user' ? userFile(machine) : join(await projectFolder(machine), 'pdm.toml')
    const previous = formerly(await this.read(machine, presence), path, (one) => isOurs(one, wanted))
    return {
      possible: true,
      value,
      previous,
      edits: [{ path, keys: [KEY.join('.')], edit: editing((text) => setToml(text, KEY, value)) }],
      notes: [...replacing(previous, wanted), ...(isRemoteHttp(value) ? [plainHttp] : [])],
    }
  },
}

function ownSource(text: string): string | undefined {
  const table = tomlArray(text, ['tool', 'pdm', 'source']).find((one) => textIn(text, one, 'name') === 'pypi')
  return table && textIn(text, table, 'url')
}

function userFile(machine: Machine): string {
  const { env, platform } = machine
  if (env.PDM_CONFIG_FILE) return env.PDM_CONFIG_FILE
  if (platform === 'win32') return join(env.LOCALAPPDATA || userConfig(machine), 'pdm', 'pdm', 'config.toml')
  return join(userConfig(machine), 'pdm', 'config.toml')
}

async function projectFolder(machine: Machine): Promise<string> {
  return (await folderWith(machine, ['pdm.toml', 'pdm.lock', 'pyproject.toml'])) ?? machine.cwd
}
