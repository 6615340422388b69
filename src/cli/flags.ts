import { parseArgs } from 'node:util'
import { nearest } from '../config/nearest.ts'
import { settings } from '../config/schema.ts'

export interface FlagSpec {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly summary: string
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>

export type FlagValue = string | boolean

export type ParsedFlags =
  | {
      readonly ok: true
      readonly values: Readonly<Record<string, FlagValue>>
      readonly positionals: readonly string[]
    }
  /** One sentence for the user; the command ends with 64. */
  | { readonly ok: false; readonly message: string }

/** `--config` and a flag for every setting that has one; `loadConfig` takes their values as they are. */
export const configFlags: FlagSpecs = {
  config: { type: 'string', summary: 'The configuration file.' },
  ...Object.fromEntries(
    settings.flatMap(({ flag, setting }) =>
      flag === undefined
        ? []
        : [
            [
              flag,
              { type: setting.kind.name === 'boolean' ? 'boolean' : 'string', summary: setting.summary },
            ],
          ],
    ),
  ),
}

/**
 * Reads flags (`--name value`, `--name=value`, `-n`) and positionals; `--` ends the flags. A boolean flag also
 * takes `=true` and `=false`, as text. Of a repeated flag the last counts.
 */
export function parseFlags(args: readonly string[], specs: FlagSpecs): ParsedFlags {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { type, short }]) => [name, { type, ...(short && { short }) }]),
  )
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  })
  const values: Record<string, FlagValue> = {}
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (!spec) return { ok: false, message: unknownFlag(rawName, specs) }
    if (spec.type === 'boolean') {
      if (value !== undefined && value !== 'true' && value !== 'false') {
        return { ok: false, message: `${rawName} takes no value but true or false` }
      }
      values[name] = value ?? true
    } else if (value === undefined || (value.startsWith('-') && !inlineValue)) {
      return { ok: false, message: `${rawName} needs a value (one that starts with '-': ${rawName}=VALUE)` }
    } else {
      values[name] = value
    }
  }
  return { ok: true, values, positionals }
}

/** The closing words for a command, a subcommand or a flag that does not exist. */
export function didYouMean(written: string, candidates: Iterable<string>): string {
  const near = nearest(written, candidates)
  return near === undefined ? '' : `; did you mean ${near}?`
}

function unknownFlag(written: string, specs: FlagSpecs): string {
  return `unknown flag ${written}${didYouMean(
    written,
    Object.keys(specs).map((name) => `--${name}`),
  )}`
}

/** What stands beside a flag's name needs so many columns; with less it stands below. */
const LEAST_BESIDE = 40

/** The lines of `--help` for flags, broken at words so that none passes `columns`. */
export function describeFlags(specs: FlagSpecs, columns = 100): string {
  const rows = Object.entries(specs).map(([name, { type, short, summary }]) => {
    const names = `${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ' VALUE' : ''}`
    return [names, summary] as const
  })
  const width = Math.max(0, ...rows.map(([names]) => names.length))
  const isBeside = columns - width - 4 >= LEAST_BESIDE
  const indent = ' '.repeat(isBeside ? width + 4 : 6)
  return rows
    .map(([names, summary]) => {
      const lines = wrapped(summary, columns - indent.length)
      if (isBeside) return `  ${names.padEnd(width)}  ${lines.join(`\n${indent}`)}\n`
      return `  ${names}\n${lines.map((line) => `${indent}${line}\n`).join('')}`
    })
    .join('')
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
