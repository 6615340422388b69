import { type IniEntry, iniEntry, npmrc, pipConf } from '../../clients/edit-ini.ts'
import { readYaml } from '../../clients/edit-yaml.ts'
import { readYarnrc } from '../../clients/edit-yarnrc.ts'
import { scanToml, tomlString } from '../../clients/scan-toml.ts'
import { bare, lineNumber, linesOf } from '../../clients/text-lines.ts'
import type { SettingsFormat } from './settings-files.ts'

export interface Setting {
  readonly value: string
  /** From 1. */
  readonly line: number
}

/** `[http] proxy` as git writes it. */
const gitConfig = { ...npmrc, normalise: (key: string) => key.toLowerCase() }

/**
 * One setting by its key; in TOML and pip.conf `section.key`. A list of texts reads as its items with commas.
 * Throws a SettingsFileError for what is no such file.
 */
export function readSetting(text: string, format: SettingsFormat | 'git', key: string): Setting | undefined {
  switch (format) {
    case 'npmrc':
      return ofEntry(iniEntry(text, npmrc, undefined, key))
    case 'git':
    case 'pip': {
      const [section = '', name = ''] = key.split('.')
      return ofEntry(iniEntry(text, format === 'pip' ? pipConf : gitConfig, section, name))
    }
    case 'toml':
      return tomlSetting(text, key.split('.'))
    case 'yaml':
      return inText(text, readYaml(text, [key]), new RegExp(`^\\s*["']?${key}["']?\\s*:`))
    case 'yarnrc':
      return inText(text, readYarnrc(text, key), new RegExp(`^"?${key}"?\\s`))
    case 'properties':
      return readProperty(text, key)
    case 'xml':
      return undefined
  }
}

/** Lines of a Java properties file, the last of a name counts (java.util.Properties, without continued lines). */
function readProperty(text: string, key: string): Setting | undefined {
  const found = linesOf(text).flatMap((line, index): Setting[] => {
    const parts = /^\s*([^#!\s=:][^\s=:]*)\s*[=:\s]\s*(.*?)\s*$/.exec(bare(line))
    return parts?.[1] === key ? [{ value: (parts[2] ?? '').replace(/\\(.)/g, '$1'), line: index + 1 }] : []
  })
  return found.at(-1)
}

function ofEntry(entry: IniEntry | undefined): Setting | undefined {
  return entry && { value: entry.value, line: entry.line + 1 }
}

function tomlSetting(text: string, path: readonly string[]): Setting | undefined {
  for (const { isArray, entries } of scanToml(text)) {
    const entry = isArray ? undefined : entries.find((one) => one.path.join('\n') === path.join('\n'))
    if (entry === undefined) continue
    const raw = text.slice(entry.valueStart, entry.valueEnd)
    const items = raw.startsWith('[') ? (raw.match(/"[^"\n]*"|'[^'\n]*'/g) ?? []) : [raw]
    const value = items.flatMap((item) => tomlString(item) ?? []).join(',')
    return { value, line: lineNumber(text, entry.start) }
  }
  return undefined
}

function inText(text: string, value: string | undefined, line: RegExp): Setting | undefined {
  if (value === undefined) return undefined
  return { value, line: linesOf(text).findLastIndex((one) => line.test(one)) + 1 }
}
