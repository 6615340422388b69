import type { CacheOperations } from '../cache/operations.ts'
import { size } from '../config/kinds.ts'
import { escapeUpper } from '../ecosystems/go/module-path.ts'
import { humanBytes } from '../observe/human.ts'
import type { ListFilter } from '../store/store.ts'
import { tellError, tellUsage } from './command.ts'
import { configFlags, didYouMean, parseFlags } from './flags.ts'
import type { ExitCode, Io } from './io.ts'
import { openOperations } from './open-operations.ts'
import { settingsFor } from './settings.ts'

const help = `posthaste cache stats|ls|verify|gc|rm [PATTERN] [--json] [--data DIR] [--config FILE]

  stats          what is kept, and how much of the bound it takes
  ls [PATTERN]   the kept objects; --unproved: only those that wait for their proof
  verify         reads everything again and compares it with its hash; what is damaged is put aside
  gc [SIZE]      evicts down to the bound, or to SIZE (10GiB), and removes leftovers
  rm PATTERN     removes what matches; asks nothing, so look with 'ls' first

PATTERN is a glob over keys: * any run of characters, ? one; below go/ module paths are found as people
write them too (Azure for !azure). While a server runs on the data folder, the command does its work
through that server.

Example: posthaste cache ls 'go/github.com/gin-gonic/*'
         posthaste cache rm 'go/github.com/gin-gonic/gin/@v/*' --json
`

interface Call {
  readonly operations: CacheOperations
  readonly argument: string | undefined
  readonly flags: Readonly<Record<string, unknown>>
  readonly json: boolean
  readonly io: Io
}

const subcommands: Readonly<Record<string, (call: Call) => Promise<ExitCode>>> = {
  stats,
  ls,
  verify,
  gc,
  rm,
}

/** 0 done and sound; 1 damage was found or the work failed; 64 wrong usage. */
export async function cacheCommand(args: readonly string[], io: Io): Promise<ExitCode> {
  const parsed = parseFlags(args, {
    ...configFlags,
    json: { type: 'boolean', summary: 'Prints JSON.' },
    unproved: { type: 'boolean', summary: 'Only what is kept unproved.' },
    help: { type: 'boolean', short: 'h', summary: 'Prints this.' },
  })
  if (!parsed.ok) return tellUsage(parsed.message, io, 'cache')
  if (parsed.values.help === true) {
    io.stdout.write(help)
    return 0
  }
  const [name, argument, ...rest] = parsed.positionals
  const names = Object.keys(subcommands)
  if (name === undefined) return tellUsage(`which one: ${names.join(', ')}?`, io, 'cache')
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined
  if (subcommand === undefined) {
    return tellUsage(`there is no 'cache ${name}'${didYouMean(name, names)}`, io, 'cache')
  }
  const takesArgument = name === 'ls' || name === 'rm' || name === 'gc'
  const extra = takesArgument ? rest[0] : argument
  if (extra !== undefined) return tellUsage(`'cache ${name}' takes no '${extra}'`, io, 'cache')
  if (name === 'rm' && (argument === undefined || argument === '')) {
    return tellUsage("'cache rm' needs a pattern, such as 'go/example.org/*'", io, 'cache')
  }

  const settings = await settingsFor(parsed.values, io, 'left alone')
  if (settings === undefined) return 64
  try {
    await using opened = await openOperations(settings.loaded.config)
    const json = isSet(parsed.values.json)
    return await subcommand({ operations: opened.operations, argument, flags: parsed.values, json, io })
  } catch (error) {
    tellError(error, io, 'cache')
    return 1
  }
}

async function stats({ operations, json, io }: Call): Promise<ExitCode> {
  const found = await operations.stats()
  if (json) {
    io.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`)
    return 0
  }
  const share = ((100 * found.bytes) / found.maxBytes).toFixed(1)
  const rows = [
    ['objects', String(found.objects)],
    ['size', `${humanBytes(found.bytes)} of ${humanBytes(found.maxBytes)} (${share} %)`],
    ['unproved', String(found.unproved)],
    ['quarantine', `${found.quarantined} (${humanBytes(found.quarantineBytes)})`],
    ['evicted', `${found.evictedObjects} (${humanBytes(found.evictedBytes)}) since the start`],
    ['last scrub', found.lastScrubAtMs ? new Date(found.lastScrubAtMs).toISOString() : 'not yet'],
  ] as const
  for (const [label, value] of rows) io.stdout.write(`${label.padEnd(12)}${value}\n`)
  if (found.rebuilding) io.stdout.write('the index is being rebuilt\n')
  return 0
}

async function ls({ operations, argument, flags, json, io }: Call): Promise<ExitCode> {
  const filter: ListFilter = {
    ...(argument === undefined ? {} : { pattern: keyPattern(argument) }),
    ...(isSet(flags.unproved) ? { proof: 'unproved' } : {}),
  }
  for await (const object of operations.list(filter)) {
    io.stdout.write(
      json
        ? `${JSON.stringify(object)}\n`
        : `${humanBytes(object.sizeBytes).padStart(8)}  ${object.meta.proof.padEnd(8)}  ${object.key}\n`,
    )
  }
  return 0
}

async function verify({ operations, json, io }: Call): Promise<ExitCode> {
  const summary = await operations.verify()
  if (json) io.stdout.write(`${JSON.stringify(summary, undefined, 2)}\n`)
  else {
    for (const { key, problem, action } of summary.findings) {
      io.stdout.write(`${key}: ${problem} (${action})\n`)
    }
    const damaged = summary.findings.length
    io.stdout.write(
      `${summary.objects} objects, ${humanBytes(summary.bytes)}: ${damaged === 0 ? 'all sound' : `${damaged} damaged`}\n`,
    )
  }
  return summary.findings.length === 0 ? 0 : 1
}

async function gc({ operations, argument, json, io }: Call): Promise<ExitCode> {
  const target = argument === undefined ? undefined : parseSize(argument)
  if (argument !== undefined && target === undefined) {
    return tellUsage(`'${argument}' is no size; write bytes, or 500MiB, 10GiB`, io, 'cache')
  }
  return tellAmount('evicted', await operations.collect(target), json, io)
}

async function rm({ operations, argument = '', json, io }: Call): Promise<ExitCode> {
  return tellAmount('removed', await operations.remove(keyPattern(argument)), json, io)
}

/** Go modules are kept under their escaped paths; people write them as they read them. */
function keyPattern(pattern: string): string {
  return pattern.startsWith('go/') ? escapeUpper(pattern) : pattern
}

function tellAmount(
  verb: string,
  amount: { objects: number; bytes: number },
  json: boolean,
  io: Io,
): ExitCode {
  io.stdout.write(
    json
      ? `${JSON.stringify(amount)}\n`
      : `${verb} ${amount.objects} ${amount.objects === 1 ? 'object' : 'objects'}, ${humanBytes(amount.bytes)}\n`,
  )
  return 0
}

/** `--flag` or `--flag=true`. */
function isSet(value: unknown): boolean {
  return value === true || value === 'true'
}

function parseSize(text: string): number | undefined {
  const parsed = size(0).parse(text, { folder: '', home: '' })
  return parsed.ok ? parsed.value : undefined
}
