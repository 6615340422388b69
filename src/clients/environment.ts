import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Layer } from './client.ts'
import { type Machine, shortPath, upwards, xdgConfig } from './machine.ts'

/** Files in which people set variables, and what sets one there. */
const SHELL_FILES = [
  '.zshenv',
  '.zprofile',
  '.zshrc',
  '.bash_profile',
  '.bash_login',
  '.profile',
  '.bashrc',
  '.config/fish/config.fish',
] as const

/** Between a variable's name and the file that sets it. */
const SET_IN = ', set in '

/**
 * The variable of these names that is set, with the file that sets it where one is found. `anyCase`: npm reads its
 * variables in any case. An empty variable counts as not set, as npm, pip, Go and Yarn have it.
 */
export async function environmentLayer(
  machine: Machine,
  names: readonly string[],
  { anyCase = false }: { readonly anyCase?: boolean } = {},
): Promise<Layer> {
  const equal = (a: string, b: string) => a === b || (anyCase && a.toLowerCase() === b.toLowerCase())
  for (const name of names) {
    const found = Object.entries(machine.env).find(([key, value]) => equal(key, name) && value)
    if (found === undefined) continue
    const [key, value] = found
    const setIn = await settingOf(machine, key)
    return { setter: 'environment', where: setIn === undefined ? key : key + SET_IN + setIn, value }
  }
  return { setter: 'environment', where: names[0] ?? '', value: undefined }
}

/** How a person takes a variable back, from the `where` of its layer: in this shell, and in those to come. */
export function unsetting(where: string): string {
  const [name, file] = where.split(SET_IN)
  return file === undefined ? `unset ${name}` : `take ${name} out of ${file}, then: unset ${name}`
}

/** `~/.bashrc:12`: the last line of a shell's, the system's or direnv's file that sets a variable. */
async function settingOf(machine: Machine, name: string): Promise<string | undefined> {
  const files = [
    ...SHELL_FILES.map((file) => join(machine.home, file)),
    join(machine.etc, 'environment'),
    join(machine.etc, 'profile'),
    ...(await filesIn(join(machine.etc, 'profile.d'), '.sh')),
    // environment.d(5): for all that systemd starts for the user, the desktop included.
    ...(await filesIn(join(xdgConfig(machine), 'environment.d'), '.conf')),
    ...upwards(machine.cwd).map((folder) => join(folder, '.envrc')),
  ]
  const sets = new RegExp(
    `^\\s*(?:(?:export|declare\\s+-x|typeset\\s+-x)\\s+)?${RegExp.escape(name)}=|^\\s*set\\s+(?:-\\S+\\s+)*${RegExp.escape(name)}\\s`,
  )
  for (const file of files) {
    // A shell's file that cannot be read leaves the variable's origin unknown, no more.
    const text = await machine.readText(file).catch(() => undefined)
    const line = text?.split('\n').findLastIndex((one) => sets.test(one)) ?? -1
    if (line >= 0) return `${shortPath(file, machine)}:${line + 1}`
  }
  return undefined
}

/** In the order of their names; none where the folder is not there or cannot be read. */
async function filesIn(folder: string, end: string): Promise<string[]> {
  const names: readonly string[] = await readdir(folder).catch(() => [])
  return names
    .filter((name) => name.endsWith(end))
    .toSorted()
    .map((name) => join(folder, name))
}
