import { join } from 'node:path'
import type { Client, Layer, Plan } from './client.ts'
import { isOurs, isRemoteHttp } from './client.ts'
import { npmrc, setIni } from './edit-ini.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, formerly, plainHttp, replacing } from './file-layer.ts'
import { installed } from './machine.ts'
import { npmProjectNpmrc, npmrcFiles, scopeNotes, userNpmrc } from './npmrc-layers.ts'

/** npm 7 and later: command line > environment > project > user > prefix > built in (npm documentation, npmrc). */
export const npmClient: Client = {
  id: 'npm',
  title: 'npm',
  ecosystem: 'npm',
  path: '/npm',
  setting: 'registry',
  scopes: ['user', 'project'],
  locks: ['package-lock.json', 'npm-shrinkwrap.json'],

  detect: (machine) => installed(machine, 'npm'),

  async read(machine): Promise<readonly Layer[]> {
    return [
      await environmentLayer(machine, ['npm_config_registry'], { anyCase: true }),
      ...(await npmrcFiles(machine, await npmProjectNpmrc(machine))),
      builtIn('npm'),
    ]
  },

  async plan(machine, presence, wanted): Promise<Plan> {
    const value = `${wanted.address}/`
    const project = await npmProjectNpmrc(machine)
    const path = wanted.scope === 'user' ? await userNpmrc(machine) : project
    const previous = formerly(await this.read(machine, presence), path, (one) => isOurs(one, wanted))
    return {
      possible: true,
      value,
      previous,
      edits: [
        {
          path,
          keys: ['registry'],
          edit: editing((text) => setIni(text, npmrc, undefined, 'registry', value)),
          own: {
            argv: ['npm', 'config', 'set', `registry=${value}`, `--location=${wanted.scope}`],
            copy: '.npmrc',
            // One file cannot be both the project's and the user's.
            env: (folder, copy) => ({
              npm_config_userconfig: wanted.scope === 'user' ? copy : join(folder, 'user'),
            }),
          },
        },
      ],
      notes: [
        ...replacing(previous, wanted),
        ...(await scopeNotes(machine, project)),
        ...(isRemoteHttp(value) ? [plainHttp] : []),
      ],
    }
  },
}
