import { join } from 'node:path'
import {
  type Client,
  isLoopback,
  isOurs,
  isRemoteHttp,
  type Layer,
  type Plan,
  type Presence,
} from './client.ts'
import { addToYamlList, readYaml, setYaml } from './edit-yaml.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, fileLayer, formerly, plainHttp, replacing } from './file-layer.ts'
import { folderWith, type Machine, upwards } from './machine.ts'
import { yarnPresence } from './yarn1-client.ts'

const KEY = 'npmRegistryServer'

/** Yarn 2 and later: YARN_* > the .yarnrc.yml of each folder upwards > that of the home. Reads no .npmrc. */
export const yarn4Client: Client = {
  id: 'yarn4',
  title: 'Yarn 4',
  aliases: ['yarn', 'berry'],
  ecosystem: 'npm',
  path: '/npm',
  setting: KEY,
  scopes: ['user', 'project'],
  locks: ['yarn.lock'],

  async detect(machine): Promise<Presence> {
    const found = await yarnPresence(machine)
    if (found.version !== undefined && !found.version.startsWith('1.')) return found
    // Yarn 1 hands over to the release that a project's .yarnrc.yml names.
    const project = await folderWith(machine, ['.yarnrc.yml'])
    return project !== undefined && project !== machine.home ? found : { command: undefined }
  },

  async read(machine): Promise<readonly Layer[]> {
    const name = fileName(machine)
    const user = join(machine.home, name)
    const own = await projectFile(machine)
    const above = upwards(machine.cwd).map((folder) => join(folder, name))
    const projects = [...new Set([...above, own])].filter((file) => file !== user)
    const layers: Layer[] = []
    for (const file of projects) {
      const layer = await fileLayer(machine, 'project', file, registry)
      if (layer.value !== undefined || file === own) layers.push(layer)
    }
    return [
      await environmentLayer(machine, ['YARN_NPM_REGISTRY_SERVER']),
      ...layers,
      await fileLayer(machine, 'user', user, registry),
      builtIn('Yarn'),
    ]
  },

  async plan(machine, presence, wanted): Promise<Plan> {
    const value = wanted.address
    const path = wanted.scope === 'user' ? join(machine.home, fileName(machine)) : await projectFile(machine)
    const previous = formerly(await this.read(machine, presence), path, (one) => isOurs(one, wanted))
    const url = URL.parse(value)
    const hosts = url?.protocol === 'http:' ? [url.hostname] : []
    return {
      possible: true,
      value,
      previous,
      edits: [
        {
          path,
          keys: hosts.length === 0 ? [KEY] : [KEY, 'unsafeHttpWhitelist'],
          edit: editing((text) => addToYamlList(setYaml(text, [KEY], value), 'unsafeHttpWhitelist', hosts)),
        },
      ],
      notes: [
        ...replacing(previous, wanted),
        ...hosts
          .filter(isLoopback)
          .map((host) => `Yarn takes http from ${host} only with unsafeHttpWhitelist, so that is set too`),
        ...(isRemoteHttp(value) ? [plainHttp] : []),
      ],
    }
  },
}

function registry(text: string): string | undefined {
  return readYaml(text, [KEY])
}

function fileName({ env }: Machine): string {
  return env.YARN_RC_FILENAME || '.yarnrc.yml'
}

async function projectFile(machine: Machine): Promise<string> {
  const folder = await folderWith(machine, ['yarn.lock', 'package.json'])
  return join(folder ?? machine.cwd, fileName(machine))
}
