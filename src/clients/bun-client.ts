import { dirname, join } from 'node:path'
import { type Client, isOurs, isRemoteHttp, type Layer, type Plan } from './client.ts'
import { readToml, setToml } from './edit-toml.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, fileLayer, formerly, plainHttp, replacing } from './file-layer.ts'
import { installed, type Machine } from './machine.ts'
import { npmrcFiles, projectNpmrc, scopeNotes } from './npmrc-layers.ts'

const KEY = ['install', 'registry']

/** BUN_CONFIG_REGISTRY > npm_config_registry > bunfig.toml > .bunfig.toml > .npmrc (seen with Bun 1.4.5). */
export const bunClient: Client = {
  id: 'bun',
  title: 'Bun',
  ecosystem: 'npm',
  path: '/npm',
  setting: 'registry',
  scopes: ['user', 'project'],
  locks: ['bun.lock'],

  detect: (machine) => installed(machine, 'bun'),

  async read(machine): Promise<readonly Layer[]> {
    return [
      await environmentLayer(machine, ['BUN_CONFIG_REGISTRY', 'NPM_CONFIG_REGISTRY', 'npm_config_registry']),
      await fileLayer(machine, 'project', await projectFile(machine), registry),
      await fileLayer(machine, 'user', userFile(machine), registry),
      ...(await npmrcFiles(machine)).filter(({ setter }) => setter !== 'system'),
      builtIn('Bun'),
    ]
  },

  async plan(machine, presence, wanted): Promise<Plan> {
    const value = `${wanted.address}/`
    const path = wanted.scope === 'user' ? userFile(machine) : await projectFile(machine)
    const previous = formerly(await this.read(machine, presence), path, (one) => isOurs(one, wanted))
    return {
      possible: true,
      value,
      previous,
      edits: [{ path, keys: ['install.registry'], edit: editing((text) => set(text, value)) }],
      notes: [
        ...replacing(previous, wanted),
        ...(await scopeNotes(machine)),
        ...(isRemoteHttp(value) ? [plainHttp] : []),
      ],
    }
  },
}

/** A registry may also be written as a table with a token beside the address, which stays. */
function registry(text: string): string | undefined {
  return readToml(text, KEY) ?? readToml(text, [...KEY, 'url'])
}

function set(text: string, value: string): string {
  return setToml(text, readToml(text, [...KEY, 'url']) === undefined ? KEY : [...KEY, 'url'], value)
}

/** With XDG_CONFIG_HOME set Bun looks there only. */
function userFile({ env, home }: Machine): string {
  return join(env.XDG_CONFIG_HOME || home, '.bunfig.toml')
}

async function projectFile(machine: Machine): Promise<string> {
  return join(dirname(await projectNpmrc(machine)), 'bunfig.toml')
}
