import { basename, dirname, join } from 'node:path'
import type { Client } from '../../clients/client.ts'
import { exists, folderWith, type Machine, upwards } from '../../clients/machine.ts'

export type SettingsFormat = 'toml' | 'yaml' | 'xml' | 'pip' | 'npmrc' | 'yarnrc' | 'properties'

export interface SettingsFile {
  readonly path: string
  readonly format: SettingsFormat
}

/** The files that a client reads its settings from, strongest first, whether they exist or not. */
export async function settingsFiles(client: Client, machine: Machine): Promise<readonly SettingsFile[]> {
  const layers = await client.read(blind(machine), { command: undefined })
  const listed = layers.flatMap(({ file }) => (file === undefined ? [] : [file]))
  const paths = new Set([...(await ownFiles(client, machine)), ...listed])
  return [...paths].flatMap((path) => {
    const format = formatOf(path, client)
    return format === undefined ? [] : [{ path, format }]
  })
}

/** `client.read` tells which files it reads; what they hold, and whether that can be read, does not matter here. */
function blind(machine: Machine): Machine {
  return {
    ...machine,
    readText: (path) =>
      basename(path) === 'maven.config' ? machine.readText(path) : Promise.resolve(undefined),
  }
}

/** Files that say nothing of an address, so that `setup` does not know them. */
async function ownFiles({ id }: Client, machine: Machine): Promise<readonly string[]> {
  const { cwd, env, home } = machine
  if (id === 'yarn4') return upwards(cwd).map((folder) => join(folder, '.yarnrc.yml'))
  if (id === 'gradle') {
    const project = (await folderWith(machine, ['settings.gradle', 'settings.gradle.kts'])) ?? cwd
    return [env.GRADLE_USER_HOME || join(home, '.gradle'), project].map((folder) =>
      join(folder, 'gradle.properties'),
    )
  }
  if (id === 'pnpm') {
    const workspace = await folderWith(machine, ['pnpm-workspace.yaml'])
    return workspace === undefined ? [] : [join(workspace, 'pnpm-workspace.yaml')]
  }
  if (id !== 'cargo') return []
  return Promise.all(
    upwards(cwd).map(async (folder) => {
      const old = join(folder, '.cargo', 'config')
      return (await exists(old)) ? old : `${old}.toml`
    }),
  )
}

function formatOf(path: string, { id }: Client): SettingsFormat | undefined {
  if (id === 'pip') return 'pip'
  const name = basename(path)
  if (name.endsWith('.toml') || (id === 'cargo' && basename(dirname(path)).endsWith('cargo'))) return 'toml'
  if (/\.ya?ml$/.test(name)) return 'yaml'
  if (name.endsWith('.xml') || id === 'mvn') return 'xml'
  if (name.endsWith('.properties')) return 'properties'
  if (name === '.yarnrc') return 'yarnrc'
  return id === 'gradle' ? undefined : 'npmrc'
}
