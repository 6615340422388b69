import { readYaml } from '../../clients/edit-yaml.ts'
import { SettingsFileError } from '../../clients/file-text.ts'
import type { Machine } from '../../clients/machine.ts'
import { scanToml } from '../../clients/scan-toml.ts'
import { scanXml } from '../../clients/scan-xml.ts'
import { pipMistake } from './pip-syntax.ts'
import type { SettingsFile, SettingsFormat } from './settings-files.ts'

export interface FileMistake {
  /** From 1; undefined when it is about the file as a whole. */
  readonly line: number | undefined
  readonly what: string
}

/** What keeps a client from reading a file; undefined for a sound or an absent one. */
export async function settingsMistake(
  { path, format }: SettingsFile,
  machine: Machine,
): Promise<FileMistake | undefined> {
  try {
    const text = await machine.readText(path)
    return text === undefined ? undefined : check(text, format)
  } catch (error) {
    if (!(error instanceof SettingsFileError)) return { line: undefined, what: unreadable(error) }
    const numbered = /^line (\d+) (.*)$/s.exec(error.message)
    return numbered === null
      ? { line: undefined, what: error.message }
      : { line: Number(numbered[1]), what: numbered[2] ?? '' }
  }
}

function check(text: string, format: SettingsFormat): FileMistake | undefined {
  if (format === 'pip') return pipMistake(text)
  if (format === 'toml') scanToml(text)
  if (format === 'yaml') readYaml(text, [])
  if (format === 'xml' && scanXml(text) === undefined && text.trim() !== '')
    return { line: 1, what: 'there is no XML element' }
  return undefined
}

function unreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EACCES') return 'it may not be read (EACCES)'
  if (code === 'EISDIR') return 'it is a folder'
  return error instanceof Error ? error.message : String(error)
}
