import type { Resolved } from '../config/resolve-config.ts'
import type { Config } from '../config/schema.ts'
import type { ServerFile } from '../serve/server-file.ts'
import { upstreamOptions } from '../sources/upstream-options.ts'
import { createUpstream } from '../upstream/create-upstream.ts'
import { maskedAddress, type SourceList } from '../upstream/source-list.ts'
import { VERSION } from '../version.ts'
import { tellError, tellUsage } from './command.ts'
import { configFlags, parseFlags } from './flags.ts'
import type { ExitCode, Io } from './io.ts'
import { runningServer } from './open-operations.ts'
import { AdminApiError, adminRequest } from './remote-operations.ts'
import { type Settings, settingsFor } from './settings.ts'
import { probePaths, readLists } from './upstreams-command-lists.ts'
import { isUsed, reportUpstreams, someUsable, type UpstreamsAnswer } from './upstreams-command-report.ts'

const help = `posthaste upstreams [--json] [--probe] [--forgive ID] [--config FILE] [--SETTING VALUE …]

Shows each ecosystem's sources and where each was found (the toolchain, a variable, a file). A server that runs on
the data folder is asked what it knows of them: state, times, score and reasons, lag, bytes, the last change of
order. Without one, or with --probe, each is asked something small from here.

  --probe       asks the sources from here, though a server runs
  --forgive ID  takes back what wrong bytes did to a source's record, once their cause is mended

Exit code 0: each list that names sources has one that answers (what npm and pip have built in may fail); 1: one has none, nothing is configured, or nothing
could be forgiven; 2: something broke; 64: wrong usage.

Example: posthaste upstreams
         POSTHASTE_GO_UPSTREAM='https://goproxy.cn|https://goproxy.io,direct' posthaste upstreams --json
`

interface Row {
  readonly list: string
  readonly id: string
  readonly address: string
  readonly foundIn: string
  readonly separator: ',' | '|' | null
  readonly ok: boolean
  readonly detail: string
  readonly tookMs: number | null
}

export async function upstreamsCommand(args: readonly string[], io: Io): Promise<ExitCode> {
  const parsed = parseFlags(args, {
    ...configFlags,
    json: { type: 'boolean', summary: 'Prints JSON.' },
    probe: { type: 'boolean', summary: 'Asks the sources from here, though a server runs.' },
    forgive: { type: 'string', summary: "Takes back what wrong bytes did to a source's record." },
    help: { type: 'boolean', short: 'h', summary: 'Prints this.' },
  })
  if (!parsed.ok) return tellUsage(parsed.message, io, 'upstreams')
  if (parsed.values.help === true) {
    io.stdout.write(help)
    return 0
  }
  const [extra] = parsed.positionals
  if (extra !== undefined) return tellUsage(`'upstreams' takes no '${extra}'`, io, 'upstreams')
  const settings = await settingsFor(parsed.values, io)
  if (settings === undefined) return 64
  const json = isSet(parsed.values.json)
  const { forgive } = parsed.values
  try {
    const { config } = settings.loaded
    const server = await runningServer(config.data)
    const { token } = config.admin
    if (typeof forgive === 'string')
      return await forgiveSource({ id: forgive, server, token, config, json, io })
    const known = isSet(parsed.values.probe) ? undefined : await askServer({ server, token, io })
    // A list of words alone has no source that a server could know; here the words are told.
    if (known !== undefined && server !== undefined && known.sources.length > 0) {
      const sources = known.sources.map((source) => ({ ...source, ok: isUsed(source) }))
      if (json)
        io.stdout.write(`${JSON.stringify({ server: server.url, ...known, sources }, undefined, 2)}\n`)
      else io.stdout.write(`as the server at ${server.url} knows them\n${reportUpstreams(known, Date.now())}`)
      return someUsable(known.sources) ? 0 : 1
    }
    const rows = await probeAll(settings, io)
    if (json)
      io.stdout.write(`${JSON.stringify({ sources: rows, go: goNotes(settings.go) }, undefined, 2)}\n`)
    else tell(rows, settings.go, io)
    return isHealthy(rows) ? 0 : 1
  } catch (error) {
    tellError(error, io, 'upstreams')
    return 2
  }
}

interface Asking {
  readonly server: ServerFile | undefined
  readonly token: string | undefined
  readonly io: Io
}

/** Undefined when no server runs, or when it does not answer: then what can be seen from here is better than nothing. */
async function askServer({ server, token, io }: Asking): Promise<UpstreamsAnswer | undefined> {
  if (server === undefined) return undefined
  try {
    return (await adminRequest('GET', new URL('/api/upstreams', server.url), token)) as UpstreamsAnswer
  } catch (error) {
    if (!(error instanceof AdminApiError)) throw error
    tellError(error, io, 'upstreams')
    io.stderr.write('  so the sources are asked from here\n')
    return undefined
  }
}

async function forgiveSource(
  options: Asking & { readonly id: string; readonly config: Config; readonly json: boolean },
): Promise<ExitCode> {
  const { id, server, token, config, json, io } = options
  if (server === undefined) {
    io.stderr.write(
      `posthaste upstreams: no server runs on ${config.data}, which keeps the records\n  start it with 'posthaste serve', then forgive\n`,
    )
    return 1
  }
  const address = new URL('/api/upstreams/forgive', server.url)
  address.searchParams.set('id', id)
  try {
    await adminRequest('POST', address, token)
  } catch (error) {
    if (!(error instanceof AdminApiError)) throw error
    tellError(error, io, 'upstreams')
    return 1
  }
  io.stdout.write(json ? `${JSON.stringify({ forgiven: id })}\n` : `${id} has to prove itself anew\n`)
  return 0
}

/** `--flag` or `--flag=true`. */
function isSet(value: unknown): boolean {
  return value === true || value === 'true'
}

/**
 * A list of words alone (`direct`, `off`) fetches nothing, as it was told to: nothing in it can fail. What npm and pip
 * have built in was chosen by nobody: who uses Go alone need not reach it.
 */
function isHealthy(rows: readonly Row[]): boolean {
  const isWord = ({ id }: Row) => id === 'direct' || id === 'off'
  const isUnchosen = ({ list, foundIn }: Row) => !list.startsWith('go') && foundIn.includes('built in')
  const sources = rows.filter((row) => !isWord(row) && !isUnchosen(row))
  const alive = new Set(sources.filter(({ ok }) => ok).map(({ list }) => list))
  return hasGo(rows) && sources.every(({ list }) => alive.has(list))
}

async function probeAll({ loaded, ...toolchains }: Settings, io: Io): Promise<Row[]> {
  const { config, origins } = loaded
  const lists = readLists(config, origins, toolchains)
  const upstream = createUpstream({
    ...(await upstreamOptions(config, io.env)),
    lists,
    version: VERSION,
    instanceId: 'upstreams-command',
    env: io.env,
    probePaths,
  })
  try {
    const perList = await Promise.all(
      Object.entries(lists).map(async ([list, steps]) => {
        const results = new Map<string, { ok: boolean; detail: string; tookMs: number }>()
        for await (const result of upstream.probe(list, AbortSignal.timeout(30_000))) {
          results.set(result.id, result)
        }
        return rowsOf(list, steps, results)
      }),
    )
    return perList.flat()
  } finally {
    await upstream.close()
  }
}

function rowsOf(
  list: string,
  steps: SourceList,
  results: ReadonlyMap<string, { ok: boolean; detail: string; tookMs: number }>,
): Row[] {
  return steps.map((step): Row => {
    if (step.kind !== 'source') {
      const detail = step.kind === 'direct' ? "the client's own part" : 'nothing is fetched beyond this'
      return {
        list,
        id: step.kind,
        address: step.kind,
        foundIn: '',
        separator: null,
        ok: false,
        detail,
        tookMs: null,
      }
    }
    const result = results.get(step.id)
    return {
      list,
      id: step.id,
      address: maskedAddress(step.url),
      foundIn: step.foundIn,
      separator: step.next ?? null,
      ok: result?.ok ?? false,
      detail: result?.detail ?? 'was not asked',
      tookMs: result === undefined ? null : Math.round(result.tookMs),
    }
  })
}

function goNotes(go: Resolved['go']): { found: boolean; notes: readonly string[] } {
  if (go === undefined) return { found: false, notes: [] }
  return go.found ? { found: true, notes: go.notes } : { found: false, notes: [go.reason] }
}

function hasGo(rows: readonly Row[]): boolean {
  return rows.some(({ list }) => list === 'go')
}

function tell(rows: readonly Row[], go: Resolved['go'], io: Io): void {
  for (const note of goNotes(go).notes) io.stdout.write(`note: ${note}\n`)
  if (!hasGo(rows)) {
    io.stdout.write(
      'no source is configured for Go: set go.upstream in posthaste.yaml, or POSTHASTE_GO_UPSTREAM\n',
    )
  }
  const width = Math.max(0, ...rows.map(({ address }) => address.length))
  let list = ''
  for (const row of rows) {
    if (row.list !== list) {
      list = row.list
      io.stdout.write(`${list}\n`)
    }
    const mark = row.tookMs === null ? ' ' : row.ok ? '✓' : '✗'
    const took = row.tookMs === null ? '' : `${row.tookMs} ms`
    const where = row.foundIn === '' ? '' : `  (${row.foundIn})`
    io.stdout.write(
      `  ${mark} ${row.address.padEnd(width)} ${row.separator ?? ' '}  ${took.padStart(8)}  ${row.detail}${where}\n`,
    )
  }
}
