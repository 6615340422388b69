import { join } from 'node:path'
import { type Client, impossible, isOurs, isRemoteHttp, type Layer, type Plan } from './client.ts'
import { readToml, setToml } from './edit-toml.ts'
import { editing } from './editing.ts'
import { builtIn, fileLayer, plainHttp } from './file-layer.ts'
import { exists, installed, type Machine, upwards } from './machine.ts'

const REPLACE = ['source', 'crates-io', 'replace-with']
const NAME = 'posthaste'

/** Source replacement. No variable sets it; the file of a deeper folder wins (The Cargo Book, configuration). */
export const cargoClient: Client = {
  id: 'cargo',
  title: 'Cargo',
  ecosystem: 'cargo',
  path: '/cargo',
  setting: 'source.crates-io',
  scopes: ['user', 'project'],
  locks: ['Cargo.lock'],

  detect: (machine) => installed(machine, 'cargo'),

  async read(machine): Promise<readonly Layer[]> {
    const user = await configIn(cargoHome(machine))
    const own = await configIn(join(machine.cwd, '.cargo'))
    const above = await Promise.all(upwards(machine.cwd).map((folder) => configIn(join(folder, '.cargo'))))
    const layers: Layer[] = []
    for (const file of new Set([own, ...above])) {
      if (file === user) continue
      const layer = await fileLayer(machine, 'project', file, replacement)
      if (layer.value !== undefined || file === own) layers.push(layer)
    }
    return [...layers, await fileLayer(machine, 'user', user, replacement), builtIn('Cargo')]
  },

  async plan(machine, _presence, wanted): Promise<Plan> {
    const value = `sparse+${wanted.address}/`
    const folder = wanted.scope === 'user' ? cargoHome(machine) : join(machine.cwd, '.cargo')
    const path = await configIn(folder)
    const layer = await fileLayer(machine, wanted.scope, path, replacement)
    const replaced = layer.value
    const previous = replaced === undefined || isOurs(replaced, wanted) ? undefined : replaced
    if (previous !== undefined && !wanted.isPublic(previous.replace(/^(sparse|registry)\+/, ''))) {
      const hint = `make it Posthaste's upstream for Cargo, and remove replace-with from ${layer.where}`
      return impossible(`${layer.where} replaces crates-io by ${previous}, which is no public mirror`, hint)
    }
    return {
      possible: true,
      value,
      previous,
      edits: [
        {
          path,
          keys: [REPLACE.join('.'), `source.${NAME}.registry`],
          edit: editing((text) => setToml(setToml(text, REPLACE, NAME), ['source', NAME, 'registry'], value)),
        },
      ],
      notes: isRemoteHttp(wanted.address) ? [plainHttp] : [],
    }
  },
}

/** Where crates-io leads to in one file: an address, a folder, or the name of a source that another file tells. */
function replacement(text: string): string | undefined {
  const name = readToml(text, REPLACE)
  if (name === undefined) return undefined
  const told = ['registry', 'local-registry', 'directory', 'git'].map((key) =>
    readToml(text, ['source', name, key]),
  )
  return told.find((value) => value !== undefined) ?? name
}

function cargoHome({ env, home }: Machine): string {
  return env.CARGO_HOME || join(home, '.cargo')
}

/** Where both exist Cargo takes the one without an ending. */
async function configIn(folder: string): Promise<string> {
  const old = join(folder, 'config')
  return (await exists(old)) ? old : join(folder, 'config.toml')
}
