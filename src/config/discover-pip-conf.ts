/** pip's configuration files: where they are, and what they say (pip documentation, "Configuration"). */

import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

export interface PipFilesOptions {
  readonly env: Environment
  readonly platform: NodeJS.Platform
  readonly home: string
  /** `sys.prefix` of the Python that was asked; a virtual environment's own folder. */
  readonly prefix: string | undefined
}

/** The files that pip reads, in the order in which a later one overrides an earlier. */
export function pipFiles({ env, platform, home, prefix }: PipFilesOptions): string[] {
  const named = env.PIP_CONFIG_FILE
  if (named === '/dev/null' || named?.toLowerCase() === 'nul') return []
  const name = platform === 'win32' ? 'pip.ini' : 'pip.conf'
  const venv = env.VIRTUAL_ENV || prefix
  return [
    ...machineFolders(env, platform).map((folder) => join(folder, name)),
    // Where PIP_CONFIG_FILE names a file, the user's own are passed over.
    ...(named ? [] : userFolders(env, platform, home).map((folder) => join(folder, name))),
    ...(venv ? [join(venv, name)] : []),
    ...(named ? [named] : []),
  ]
}

function machineFolders(env: Environment, platform: NodeJS.Platform): string[] {
  if (platform === 'win32') return [join(env.PROGRAMDATA ?? 'C:\\ProgramData', 'pip')]
  if (platform === 'darwin') return ['/Library/Application Support/pip']
  const xdg = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':').filter((folder) => folder !== '')
  return [...xdg.map((folder) => join(folder, 'pip')), '/etc']
}

function userFolders(env: Environment, platform: NodeJS.Platform, home: string): string[] {
  if (platform === 'win32') return [join(home, 'pip'), join(env.APPDATA ?? home, 'pip')]
  const xdg = join(env.XDG_CONFIG_HOME || join(home, '.config'), 'pip')
  const own = platform === 'darwin' ? [xdg, join(home, 'Library/Application Support/pip')] : [xdg]
  return [join(home, '.pip'), ...own]
}

/**
 * What a file says of some options, `section.option` → value; values of several lines are joined by blanks. As
 * Python's RawConfigParser reads it; lines that it would refuse are passed over.
 */
export function parsePipConf(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  let section = ''
  let key: string | undefined
  for (const line of text.replace(/^\ufeff/, '').split(/\r?\n/)) {
    if (/^\s*(?:[#;].*)?$/.test(line)) continue
    const more = /^\s+(\S.*)$/.exec(line)
    if (more !== null && key !== undefined) {
      values.set(key, `${values.get(key) ?? ''} ${(more[1] ?? '').trim()}`.trim())
      continue
    }
    const header = /^\[([^\]]+)\]/.exec(line)
    if (header !== null) {
      section = (header[1] ?? '').trim().toLowerCase()
      key = undefined
      continue
    }
    const option = /^([^=:\s][^=:]*?)\s*[=:]\s*(.*)$/.exec(line)
    key = option === null ? undefined : `${section}.${optionName(option[1] ?? '')}`
    if (key !== undefined) values.set(key, (option?.[2] ?? '').trim())
  }
  return values
}

/** pip takes `index_url` and `--index-url` for `index-url`. */
function optionName(written: string): string {
  return written.toLowerCase().replaceAll('_', '-').replace(/^--/, '')
}
