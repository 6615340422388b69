import { stringify } from 'yaml'
import { jsonSchema } from '../config/json-schema.ts'
import { configValues, type Loaded, type NotLoaded } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { readTextFile } from '../config/read-text-file.ts'
import { type Resolved, resolveConfig } from '../config/resolve-config.ts'
import { schema, settings } from '../config/schema.ts'
import { type Group, isSetting } from '../config/setting.ts'
import { showValue } from '../config/show-value.ts'
import { configFlags, didYouMean, parseFlags } from './flags.ts'
import type { ExitCode, Io } from './io.ts'

const subcommands = ['check', 'print', 'schema'] as const

const help = `posthaste config check|print|schema [--json] [--config FILE] [--SETTING VALUE …]

  check   names every mistake in flags, variables and file, with line and column
  print   shows every value and where it came from; secrets are masked
  schema  prints the JSON Schema of the file, for editors

Every setting can be given as a flag too (go.upstream: --go-upstream). docs/configuration.md lists all.

Example: posthaste config check --config /etc/posthaste/posthaste.yaml
`

/** Reads no server and changes nothing. 0: sound; 1: problems were found; 64: wrong usage. */
export async function configCommand(args: readonly string[], io: Io): Promise<ExitCode> {
  const flags = parseFlags(args, {
    ...configFlags,
    json: { type: 'boolean', summary: 'Prints JSON.' },
    help: { type: 'boolean', short: 'h', summary: 'Prints this.' },
  })
  if (!flags.ok) return usage(io, flags.message)
  if (flags.values.help === true) {
    io.stdout.write(help)
    return 0
  }
  const [written, ...rest] = flags.positionals
  const subcommand = subcommands.find((name) => name === written)
  if (written === undefined) return usage(io, 'which one: check, print or schema?')
  if (!subcommand) return usage(io, `there is no 'config ${written}'${didYouMean(written, subcommands)}`)
  if (rest.length > 0) return usage(io, `'config ${subcommand}' takes no '${rest[0]}'`)
  if (subcommand === 'schema') {
    io.stdout.write(json(jsonSchema()))
    return 0
  }
  const asJson = flags.values.json === true || flags.values.json === 'true'
  const { env, cwd } = io
  const { result, go } = await resolveConfig({ flags: flags.values, env, cwd, readFile: readTextFile })
  if (!result.ok) return tellProblems(result, io, asJson)
  if (subcommand === 'check') tellSound(result, io, asJson)
  else tellValues(result, go, io, asJson)
  return 0
}

function usage(io: Io, message: string): ExitCode {
  io.stderr.write(`posthaste config: ${message}\nSee 'posthaste config --help'.\n`)
  return 64
}

function tellProblems({ problems, file }: NotLoaded, io: Io, asJson: boolean): ExitCode {
  if (asJson) io.stdout.write(json({ ok: false, file: file ?? null, problems }))
  else for (const problem of problems) io.stderr.write(`${formatProblem(problem)}\n`)
  return 1
}

function tellSound({ file, searched, warnings }: Loaded, io: Io, asJson: boolean): void {
  if (asJson) {
    io.stdout.write(json({ ok: true, file: file ?? null, searched, warnings }))
    return
  }
  for (const warning of warnings) io.stderr.write(`warning: ${formatProblem(warning)}\n`)
  io.stdout.write(file === undefined ? `ok: no file (looked for ${searched.join(', ')})\n` : `ok: ${file}\n`)
}

function tellValues(
  { config, origins, file, warnings }: Loaded,
  go: Resolved['go'],
  io: Io,
  asJson: boolean,
) {
  const values = configValues(config)
  const notes = go?.found ? go.notes : go ? [`no Go toolchain was asked: ${go.reason}`] : []
  const shown = new Map(settings.map(({ key, setting }) => [key, showValue(setting, values.get(key))]))
  if (asJson) {
    const entries = [...shown].map(([key, value]) => [key, { value, origin: origins[key] }])
    io.stdout.write(json({ file: file ?? null, values: Object.fromEntries(entries), notes, warnings }))
    return
  }
  for (const warning of warnings) io.stderr.write(`warning: ${formatProblem(warning)}\n`)
  for (const note of notes) io.stderr.write(`note: ${note}\n`)
  io.stdout.write(asYaml(schema, shown, origins))
}

/** YAML that could be a configuration file, with each value's origin as a comment. */
function asYaml(
  group: Group,
  shown: ReadonlyMap<string, unknown>,
  origins: Readonly<Record<string, string>>,
  prefix = '',
): string {
  const indent = '  '.repeat(prefix.split('.').length - 1)
  return Object.entries(group)
    .map(([name, node]) => {
      const key = prefix + name
      if (!isSetting(node)) return `${indent}${name}:\n${asYaml(node, shown, origins, `${key}.`)}`
      const value = stringify(shown.get(key), { collectionStyle: 'flow', lineWidth: 0 }).trim()
      return `${indent}${name}: ${value} # ${origins[key]}\n`
    })
    .join('')
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
