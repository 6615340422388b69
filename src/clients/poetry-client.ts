import { join } from 'node:path'
import { type Client, impossible, isRemoteHttp, type Layer, type Plan, sameValue } from './client.ts'
import { addTable, hasToml, setIn, textIn, tomlArray } from './edit-toml.ts'
import { editing } from './editing.ts'
import { builtIn, fileLayer, plainHttp } from './file-layer.ts'
import { SettingsFileError } from './file-text.ts'
import { exists, folderWith, installed, type Machine } from './machine.ts'

const PATH = ['tool', 'poetry', 'source']
const NAME = 'posthaste'

/** Poetry knows the sources of a project only; there is no setting for all projects of a user. */
export const poetryClient: Client = {
  id: 'poetry',
  title: 'Poetry',
  ecosystem: 'pypi',
  path: '/pypi/simple',
  setting: 'source',
  scopes: ['project'],
  locks: ['poetry.lock'],

  detect: (machine) => installed(machine, 'poetry'),

  async read(machine): Promise<readonly Layer[]> {
    return [await fileLayer(machine, 'project', await projectFile(machine), primary), builtIn('Poetry')]
  },

  async plan(machine, _presence, wanted): Promise<Plan> {
    if (wanted.scope === 'user') {
      const hint = "in a project: 'posthaste setup poetry --scope project', which changes its pyproject.toml"
      return impossible("Poetry's sources stand in each project's pyproject.toml", hint)
    }
    const path = await projectFile(machine)
    if (!(await exists(path))) return impossible('there is no pyproject.toml here', 'run it in a project')
    const value = `${wanted.address}/`
    const text = (await machine.readText(path)) ?? ''
    const others = tomlArray(text, PATH).filter((table) => textIn(text, table, 'name') !== NAME)
    return {
      possible: true,
      value,
      previous: undefined,
      edits: [{ path, keys: ['tool.poetry.source'], edit: editing((before) => setSource(before, value)) }],
      notes: [
        'pyproject.toml is shared with everybody who works on the project: this address must suit them too',
        'poetry.lock has to be made again: poetry lock',
        ...(others.length === 0 ? [] : ['the other sources stay as they are']),
        ...(isRemoteHttp(value) ? [plainHttp] : []),
      ],
    }
  },
}

/** The source that is asked first. */
function primary(text: string): string | undefined {
  const tables = tomlArray(text, PATH)
  const first =
    tables.find((table) => textIn(text, table, 'name') === NAME) ??
    tables.find((table) => ['primary', 'default', undefined].includes(textIn(text, table, 'priority')))
  return first && textIn(text, first, 'url')
}

function setSource(text: string, value: string): string {
  const tables = tomlArray(text, PATH)
  const mine = tables.find((table) => textIn(text, table, 'name') === NAME)
  if (mine !== undefined) {
    const url = textIn(text, mine, 'url')
    return url !== undefined && sameValue(url, value) ? text : setIn(text, mine, 'url', value)
  }
  if (tables.length === 0 && hasToml(text, PATH)) {
    throw new SettingsFileError("'tool.poetry.source' is written on one line", 'add the source to it by hand')
  }
  const lines = [`name = "${NAME}"`, `url = ${JSON.stringify(value)}`, 'priority = "primary"']
  return addTable(text, `[[${PATH.join('.')}]]`, lines)
}

async function projectFile(machine: Machine): Promise<string> {
  return join((await folderWith(machine, ['pyproject.toml'])) ?? machine.cwd, 'pyproject.toml')
}
