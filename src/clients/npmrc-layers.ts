import { realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Layer } from './client.ts'
import { iniEntry, npmrc, readIni } from './edit-ini.ts'
import { environmentLayer } from './environment.ts'
import { fileLayer } from './file-layer.ts'
import { exists, folderWith, type Machine } from './machine.ts'
import { npmProjectFolder } from './npm-workspace.ts'

/** The value of `registry` in the text of a .npmrc. */
export function npmrcRegistry(text: string): string | undefined {
  return iniEntry(text, npmrc, undefined, 'registry')?.value
}

/** Where npm takes a user's settings from. */
export async function userNpmrc(machine: Machine): Promise<string> {
  const set = await environmentLayer(machine, ['npm_config_userconfig'], { anyCase: true })
  return set.value ?? join(machine.home, '.npmrc')
}

/** The .npmrc of the project around the working folder; of the working folder itself when there is none. */
export async function projectNpmrc(machine: Machine): Promise<string> {
  const folder = await folderWith(machine, ['package.json', 'node_modules'])
  return join(folder ?? machine.cwd, '.npmrc')
}

/** The .npmrc that npm itself takes as the project's; others look in the nearest folder. */
export async function npmProjectNpmrc(machine: Machine): Promise<string> {
  return join(await npmProjectFolder(machine), '.npmrc')
}

/** The files in which npm, and others as npm, look for `registry`, strongest first. */
export async function npmrcFiles(machine: Machine, projectFile?: string): Promise<Layer[]> {
  const project = projectFile ?? (await projectNpmrc(machine))
  const user = await userNpmrc(machine)
  const system = await systemNpmrc(machine)
  return [
    ...(project === user ? [] : [await fileLayer(machine, 'project', project, npmrcRegistry)]),
    await fileLayer(machine, 'user', user, npmrcRegistry),
    ...(system === undefined ? [] : [await fileLayer(machine, 'system', system, npmrcRegistry)]),
  ]
}

/** `@acme → npm.acme.example`: scopes whose packages come from elsewhere, and do so still. */
export async function scopedRegistries(machine: Machine, projectFile?: string): Promise<string[]> {
  const project = projectFile ?? (await projectNpmrc(machine))
  const texts = await Promise.all([project, await userNpmrc(machine)].map((file) => machine.readText(file)))
  const found = texts
    .flatMap((text) => readIni(text ?? '', npmrc))
    .filter(({ key }) => /^@[^:]+:registry$/.test(key))
  return [
    ...new Set(found.map(({ key, value }) => `${key.split(':', 1)[0]} → ${URL.parse(value)?.host ?? value}`)),
  ]
}

export async function scopeNotes(machine: Machine, projectFile?: string): Promise<string[]> {
  const scoped = await scopedRegistries(machine, projectFile)
  return scoped.length === 0 ? [] : [`these scopes stay as they are: ${scoped.join(', ')}`]
}

/** `PREFIX/etc/npmrc`, where PREFIX is that of the node which runs npm. */
async function systemNpmrc(machine: Machine): Promise<string | undefined> {
  const set = await environmentLayer(machine, ['npm_config_globalconfig'], { anyCase: true })
  if (set.value !== undefined) return set.value
  const prefix = await environmentLayer(machine, ['npm_config_prefix', 'PREFIX'], { anyCase: true })
  if (prefix.value !== undefined) return join(prefix.value, 'etc', 'npmrc')
  const node = await machine.which('node')
  if (node === undefined) return undefined
  const folder = dirname(await realpath(node).catch(() => node))
  const file = join(machine.platform === 'win32' ? folder : dirname(folder), 'etc', 'npmrc')
  return (await exists(file)) ? file : undefined
}
