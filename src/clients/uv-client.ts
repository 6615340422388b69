import { join } from 'node:path'
import { type Client, impossible, isOurs, isRemoteHttp, type Layer, type Plan } from './client.ts'
import { addTable, hasToml, rawIn, readToml, setIn, setToml, textIn, tomlArray } from './edit-toml.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, fileLayer, formerly, plainHttp, replacing } from './file-layer.ts'
import { SettingsFileError } from './file-text.ts'
import { exists, folderWith, installed, type Machine, userConfig, xdgConfig } from './machine.ts'

/** uv: UV_* > uv.toml, else pyproject.toml of the project > user > machine. Reads no pip.conf. */
export const uvClient: Client = {
  id: 'uv',
  title: 'uv',
  ecosystem: 'pypi',
  path: '/pypi/simple',
  setting: 'index',
  scopes: ['user', 'project'],
  locks: ['uv.lock'],

  detect: (machine) => installed(machine, 'uv'),

  async read(machine): Promise<readonly Layer[]> {
    const environment = await environmentLayer(machine, ['UV_DEFAULT_INDEX', 'UV_INDEX_URL'])
    if (isOn(machine.env.UV_NO_CONFIG)) return [environment, builtIn('uv')]
    const named = machine.env.UV_CONFIG_FILE
    if (named) {
      const layer = await fileLayer(machine, 'site', named, (text) => defaultIndex(text, []))
      return [environment, { ...layer, where: `UV_CONFIG_FILE=${named}` }, builtIn('uv')]
    }
    const project = await projectFile(machine)
    const system = join(machine.etc, 'uv', 'uv.toml')
    return [
      environment,
      await fileLayer(machine, 'project', project, (text) => defaultIndex(text, below(project))),
      await fileLayer(machine, 'user', userFile(machine), (text) => defaultIndex(text, [])),
      ...(machine.platform === 'win32'
        ? []
        : [await fileLayer(machine, 'system', system, (text) => defaultIndex(text, []))]),
      builtIn('uv'),
    ]
  },

  async plan(machine, presence, wanted): Promise<Plan> {
    const { UV_NO_CONFIG, UV_CONFIG_FILE } = machine.env
    if (isOn(UV_NO_CONFIG)) {
      return impossible(
        'UV_NO_CONFIG makes uv read no file',
        `unset it, or set UV_DEFAULT_INDEX=${wanted.address}/`,
      )
    }
    if (UV_CONFIG_FILE) {
      const hint = `set the default index in ${UV_CONFIG_FILE}, or unset UV_CONFIG_FILE`
      return impossible(`UV_CONFIG_FILE=${UV_CONFIG_FILE} makes uv pass over all other files`, hint)
    }
    const value = `${wanted.address}/`
    const path = wanted.scope === 'user' ? userFile(machine) : await projectFile(machine)
    const previous = formerly(await this.read(machine, presence), path, (one) => isOurs(one, wanted))
    return {
      possible: true,
      value,
      previous,
      edits: [{ path, keys: ['index'], edit: editing((text) => setIndex(text, below(path), value)) }],
      notes: [
        ...replacing(previous, wanted),
        'uv.lock remembers the address: with --frozen uv goes where the lock file says (posthaste setup locks)',
        ...(isRemoteHttp(value) ? [plainHttp] : []),
      ],
    }
  },
}

function defaultIndex(text: string, prefix: readonly string[]): string | undefined {
  const table = tomlArray(text, [...prefix, 'index']).find((one) => rawIn(text, one, 'default') === 'true')
  return (table && textIn(text, table, 'url')) ?? readToml(text, [...prefix, 'index-url'])
}

function setIndex(text: string, prefix: readonly string[], value: string): string {
  const path = [...prefix, 'index']
  const indexes = tomlArray(text, path)
  const table = indexes.find((one) => rawIn(text, one, 'default') === 'true')
  if (table !== undefined) return setIn(text, table, 'url', value)
  if (readToml(text, [...prefix, 'index-url']) !== undefined)
    return setToml(text, [...prefix, 'index-url'], value)
  if (indexes.length === 0 && hasToml(text, path)) {
    throw new SettingsFileError("'index' is written on one line", 'set the default index in it by hand')
  }
  return addTable(text, `[[${path.join('.')}]]`, [`url = ${JSON.stringify(value)}`, 'default = true'])
}

/** Where uv's settings stand in a file. */
function below(path: string): readonly string[] {
  return path.endsWith('pyproject.toml') ? ['tool', 'uv'] : []
}

function userFile(machine: Machine): string {
  const folder = machine.platform === 'win32' ? userConfig(machine) : xdgConfig(machine)
  return join(folder, 'uv', 'uv.toml')
}

/** Of one folder's two files uv reads uv.toml only. */
async function projectFile(machine: Machine): Promise<string> {
  const folder = (await folderWith(machine, ['uv.toml', 'pyproject.toml'])) ?? machine.cwd
  const own = join(folder, 'uv.toml')
  const shared = join(folder, 'pyproject.toml')
  return (await exists(own)) || !(await exists(shared)) ? own : shared
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(1|true|yes|on)$/i.test(value)
}
