import { homedir } from 'node:os'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { clashingDoors } from './clashing-doors.ts'
import { nearest } from './nearest.ts'
import { configFolder } from './platform-folders.ts'
import { type Problem, quote, unknownName } from './problem.ts'
import { type Config, schema, settings } from './schema.ts'
import { type Group, isSetting, type Machine, type NamedSetting, type Place } from './setting.ts'
import { parseYamlFile, type Written } from './yaml-file.ts'

/** A setting that was found on the machine, in the form of the file. */
export interface Discovered {
  readonly key: string
  readonly value: unknown
  readonly origin: string
}

export interface LoadOptions {
  /** By flag name (`listen`, `go-upstream`), and `config`: the file. Names that are no setting are passed over. */
  readonly flags?: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home?: string
  readonly platform?: NodeJS.Platform
  readonly discovered?: readonly Discovered[]
  /** Undefined when there is no such file; throws when it cannot be read. */
  readonly readFile: (path: string) => Promise<string | undefined>
}

/** By dotted key, where each value came from: `posthaste.yaml:3:5`, `--listen`, `go env`, `default`. */
export type Origins = Readonly<Record<string, string>>

export interface Loaded {
  readonly ok: true
  readonly config: Config
  readonly origins: Origins
  /** The file that was read; undefined when there is none. */
  readonly file: string | undefined
  /** Nothing stands in a file: there is none, or it is empty. */
  readonly isBlank: boolean
  /** Where a file was looked for. */
  readonly searched: readonly string[]
  /** What was found on the machine and could not be used. */
  readonly warnings: readonly Problem[]
}

export interface NotLoaded {
  readonly ok: false
  /** All of them, not only the first. */
  readonly problems: readonly Problem[]
  readonly file: string | undefined
  readonly searched: readonly string[]
}

export type LoadResult = Loaded | NotLoaded

const keys = settings.map(({ key }) => key)
const variables = new Set([...settings.map(({ variable }) => variable), 'POSTHASTE_CONFIG'])

/** `POSTHASTE_TEST_…` steers the tests, and Kubernetes sets the rest in every pod beside a service of our name. */
const foreignVariable =
  /^POSTHASTE_(TEST_.*|SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/

/**
 * Reads all settings: flags win over variables, these over the file, this over what was discovered, that over
 * the defaults. Touches nothing but what `readFile` reads; never throws for what a user wrote.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadResult> {
  const { env, cwd, home = env.HOME || homedir(), platform = process.platform } = options
  const machine: Machine = { platform, env, home }
  const here: Place = { folder: cwd, home }
  const problems: Problem[] = []
  const found = await findFile(options, machine, problems)
  const fromFile = found.text === undefined ? undefined : parseYamlFile(found.name, found.text, schema, keys)
  problems.push(...(fromFile?.problems ?? []), ...unknownVariables(env))
  const fileFolder: Place = { folder: found.file === undefined ? cwd : dirname(found.file), home }

  const values = new Map<string, unknown>()
  const origins: Record<string, string> = {}
  const warnings: Problem[] = []
  for (const named of settings) {
    const layers: [written: Written | undefined, place: Place, mistakes: Problem[]][] = [
      [fromFlag(named, options.flags), here, problems],
      [fromVariable(named, env), here, problems],
      [fromFile?.values.get(named.key), fileFolder, problems],
      [fromDiscovery(named, options.discovered), here, warnings],
    ]
    for (const [written, place, mistakes] of layers) {
      if (written === undefined) continue
      const parsed = named.setting.kind.parse(written.raw, place)
      if (!parsed.ok) mistakes.push(badValue(named, written, parsed))
      else if (!values.has(named.key)) {
        values.set(named.key, parsed.value)
        origins[named.key] = written.where
      }
    }
  }
  const { file, searched } = found
  if (problems.length > 0) return { ok: false, problems, file, searched }
  for (const { key, setting } of settings) {
    if (!values.has(key)) {
      const { fallback } = setting
      if ('sameAs' in fallback) values.set(key, values.get(fallback.sameAs))
      else values.set(key, 'compute' in fallback ? fallback.compute(machine) : fallback.value)
      origins[key] = 'sameAs' in fallback ? `as ${fallback.sameAs}` : 'default'
    }
  }
  const clashes = clashingDoors(values, (key) => origins[key] ?? key)
  if (clashes.length > 0) return { ok: false, problems: clashes, file, searched }
  const isBlank = (found.text ?? '').trim() === ''
  return { ok: true, config: toConfig(values), origins, file, isBlank, searched, warnings }
}

/** Every value, by dotted key. */
export function configValues(config: Config): Map<string, unknown> {
  const values = new Map<string, unknown>()
  for (const key of keys) {
    let value: unknown = config
    for (const part of key.split('.')) value = (value as Readonly<Record<string, unknown>>)[part]
    values.set(key, value)
  }
  return values
}

/** The other way round. Each value must have come out of its setting's `parse` or `fallback`. */
export function toConfig(values: ReadonlyMap<string, unknown>): Config {
  const build = (group: Group, prefix: string): unknown =>
    Object.fromEntries(
      Object.entries(group).map(([name, node]) => [
        name,
        isSetting(node) ? values.get(prefix + name) : build(node, `${prefix + name}.`),
      ]),
    )
  return build(schema, '') as Config
}

async function findFile({ flags, env, cwd, readFile }: LoadOptions, machine: Machine, problems: Problem[]) {
  const flag = flags?.config
  const [asked, where] =
    typeof flag === 'string' ? [flag, '--config'] : [env.POSTHASTE_CONFIG || undefined, 'POSTHASTE_CONFIG']
  const searched =
    asked === undefined
      ? [join(cwd, 'posthaste.yaml'), join(configFolder(machine), 'posthaste.yaml')]
      : [resolve(cwd, asked)]
  for (const file of searched) {
    const name = shortName(file, cwd)
    try {
      const text = await readFile(file)
      if (text !== undefined) return { file, name, text, searched }
    } catch (error) {
      problems.push(unreadable(name, error))
      return { file, name, text: undefined, searched }
    }
  }
  if (asked !== undefined) {
    problems.push({ where, key: undefined, message: `there is no file ${searched[0]}`, hint: undefined })
  }
  return { file: undefined, name: '', text: undefined, searched }
}

function unreadable(where: string, error: unknown): Problem {
  const reason = error instanceof Error ? error.message : String(error)
  const isFolder = error instanceof Error && 'code' in error && error.code === 'EISDIR'
  const [message, hint] = isFolder
    ? ['this is a folder', 'name the file in it']
    : [`cannot be read: ${reason}`, undefined]
  return { where, key: undefined, message, hint }
}

function shortName(file: string, cwd: string): string {
  const short = relative(cwd, file)
  const isBelow = short !== '' && short !== '..' && !short.startsWith(`..${sep}`) && !isAbsolute(short)
  return isBelow ? short : file
}

function fromFlag({ flag }: NamedSetting, flags: LoadOptions['flags']): Written | undefined {
  const raw = flag === undefined ? undefined : flags?.[flag]
  return raw === undefined || flag === undefined ? undefined : written(raw, `--${flag}`)
}

/** An empty variable counts as not set: that is how compose files and unit files say "nothing". */
function fromVariable({ variable }: NamedSetting, env: LoadOptions['env']): Written | undefined {
  const raw = env[variable]
  return raw === undefined || raw === '' ? undefined : written(raw, variable)
}

function fromDiscovery({ key }: NamedSetting, discovered: readonly Discovered[] = []): Written | undefined {
  const value = discovered.find((candidate) => candidate.key === key)
  return value && written(value.value, value.origin)
}

function written(raw: unknown, where: string): Written {
  return { raw, where, locate: () => where }
}

function unknownVariables(env: LoadOptions['env']): Problem[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('POSTHASTE_') && !variables.has(name) && !foreignVariable.test(name))
    .map((name) => unknownName(name, 'variable', name, nearest(name, variables)))
}

function badValue(
  { key, setting }: NamedSetting,
  { raw, locate }: Written,
  mistake: { expected: string; hint?: string; path?: readonly (string | number)[] },
): Problem {
  const path = mistake.path ?? []
  let part = raw
  for (const step of path) {
    part = typeof part === 'object' && part !== null ? (part as Record<string | number, unknown>)[step] : part
  }
  const name = path.map((step) => (typeof step === 'number' ? `[${step}]` : `['${step}']`)).join('')
  return {
    where: locate(path),
    key,
    message: `${key}${name}: expected ${mistake.expected}, got ${quote(part, setting.secret)}`,
    hint: mistake.hint,
  }
}
