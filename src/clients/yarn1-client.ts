import { dirname, join } from 'node:path'
import { type Client, isOurs, isRemoteHttp, type Layer, type Plan, type Presence } from './client.ts'
import { npmrc, setIni } from './edit-ini.ts'
import { readYarnrc, setYarnrc } from './edit-yarnrc.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, fileLayer, formerly, plainHttp, replacing } from './file-layer.ts'
import { type Machine, versionOf } from './machine.ts'
import { npmrcFiles, projectNpmrc, scopeNotes, userNpmrc } from './npmrc-layers.ts'

/**
 * Yarn 1 asks the registry of any .npmrc before that of a .yarnrc, whatever `yarn config get` says
 * (yarnpkg/yarn#2672; seen with 1.22.22): npm_config_registry > YARN_REGISTRY > .npmrc > .yarnrc.
 */
export const yarn1Client: Client = {
  id: 'yarn1',
  title: 'Yarn 1',
  aliases: ['yarn'],
  ecosystem: 'npm',
  path: '/npm',
  setting: 'registry',
  scopes: ['user', 'project'],
  locks: ['yarn.lock'],

  async detect(machine): Promise<Presence> {
    const found = await yarnPresence(machine)
    return found.version?.startsWith('1.') ? found : { command: undefined }
  },

  async read(machine): Promise<readonly Layer[]> {
    const registry = (text: string) => readYarnrc(text, 'registry')
    const user = join(machine.home, '.yarnrc')
    const project = await projectYarnrc(machine)
    return [
      await environmentLayer(machine, ['npm_config_registry', 'YARN_REGISTRY'], { anyCase: true }),
      ...(await npmrcFiles(machine)),
      ...(project === user ? [] : [await fileLayer(machine, 'project', project, registry)]),
      await fileLayer(machine, 'user', user, registry),
      builtIn('Yarn'),
    ]
  },

  async plan(machine, presence, wanted): Promise<Plan> {
    const value = `${wanted.address}/`
    const layers = await this.read(machine, presence)
    const isUser = wanted.scope === 'user'
    const npmFile = isUser ? await userNpmrc(machine) : await projectNpmrc(machine)
    const yarnFile = isUser ? join(machine.home, '.yarnrc') : await projectYarnrc(machine)
    const inNpmrc = layers.some(({ file, value: set }) => file === npmFile && set !== undefined)
    const path = inNpmrc ? npmFile : yarnFile
    const previous = formerly(layers, path, (one) => isOurs(one, wanted))
    return {
      possible: true,
      value,
      previous,
      ...(isUser && inNpmrc && { sharedWith: ['npm'] }),
      edits: [
        {
          path,
          keys: ['registry'],
          edit: editing((text) =>
            inNpmrc ? setIni(text, npmrc, undefined, 'registry', value) : setYarnrc(text, 'registry', value),
          ),
        },
      ],
      notes: [
        ...replacing(previous, wanted),
        ...(await scopeNotes(machine)),
        ...(isRemoteHttp(value) ? [plainHttp] : []),
      ],
    }
  },
}

/** Asked outside of any project: there, a project's own Yarn would answer. */
export async function yarnPresence(machine: Machine): Promise<Presence> {
  const command = await machine.which('yarn')
  const version = command && (await versionOf(machine, 'yarn'))
  return { command, ...(version && { version }) }
}

async function projectYarnrc(machine: Machine): Promise<string> {
  return join(dirname(await projectNpmrc(machine)), '.yarnrc')
}
