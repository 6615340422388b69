import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { formatProblem } from '../config/problem.ts'
import { readTextFile } from '../config/read-text-file.ts'
import { parseGosumdb } from '../ecosystems/go/gosumdb.ts'
import { candidatesOf } from '../mirrors/candidates.ts'
import { type Catalogue, type EcosystemName, ecosystems } from '../mirrors/catalogue.ts'
import { loadCatalogue } from '../mirrors/load-catalogue.ts'
import { type MeasuringProgress, measureMirrors } from '../mirrors/measure-mirrors.ts'
import type { Candidate } from '../mirrors/measurement.ts'
import type { MeasuringLimits } from '../mirrors/measuring-limits.ts'
import { type Place, type Ranking, rank } from '../mirrors/rank.ts'
import { cargoRegistryName } from '../mirrors/registry-name.ts'
import { shippedGo } from '../mirrors/shipped-go.ts'
import { GO_SOURCES, goLists } from '../sources/go-lists.ts'
import { upstreamOptions } from '../sources/upstream-options.ts'
import { VERSION } from '../version.ts'
import { tellError, tellUsage } from './command.ts'
import { configFlags, didYouMean, type FlagSpecs, type ParsedFlags, parseFlags } from './flags.ts'
import type { ExitCode, Io } from './io.ts'
import { LiveScreen } from './live-screen.ts'
import { type Applied, applyGoOrder } from './mirrors-apply.ts'
import { mirrorsJson, toCopy } from './mirrors-report.ts'
import { mirrorsTable, progressTable, retiredLines } from './mirrors-table.ts'
import { settingsFor } from './settings.ts'

const help = `posthaste mirrors [go|npm|pypi|cargo|maven] [--json] [--watch] [--apply] [--explain]
                  [--only IDS] [--include-catalogue FILE] [--config FILE] [--SETTING VALUE …]

Measures the mirrors of the catalogue and the sources in use, and ranks them by the time that a build would
take. A mirror that answers wrongly is rejected, however fast it is. Without an ecosystem: go.

  --json                     prints JSON; with --watch one object a line
  --watch                    measures again every 5 minutes, until Ctrl-C
  --apply                    writes the order to go.upstream in the configuration file, for a clear gain only
  --explain                  shows the arithmetic and what is known of each mirror
  --only IDS                 measures these only: ids with commas, * for any characters
  --include-catalogue FILE   adds mirrors of your own (docs/mirrors.md); several with commas

Each mirror gets at most 8 MiB of requests, by 'posthaste/${VERSION} (mirror probe)'; a run ends after 90 s.
Exit code 0: there is a usable mirror; 1: none is usable, or the order could not be written; 2: none was reached.

Example: posthaste mirrors go --explain
         POSTHASTE_MIRRORS_REGION=cn posthaste mirrors go --apply
`

const flags: FlagSpecs = {
  ...configFlags,
  json: { type: 'boolean', summary: 'Prints JSON.' },
  watch: { type: 'boolean', summary: 'Measures again and again.' },
  apply: { type: 'boolean', summary: 'Writes the order to the configuration file.' },
  explain: { type: 'boolean', summary: 'Shows the arithmetic.' },
  only: { type: 'string', summary: 'Measures these only.' },
  'include-catalogue': { type: 'string', summary: 'Adds mirrors of your own.' },
  help: { type: 'boolean', short: 'h', summary: 'Prints this.' },
}

const watchEveryMs = 5 * 60_000

/** What a test sets: time, limits and the end of a watch. */
export interface MirrorsHooks {
  readonly now?: () => number
  readonly limits?: Partial<MeasuringLimits>
  /** Between two runs of a watch; resolving to false ends it. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<boolean>
}

interface Job {
  readonly ecosystem: EcosystemName
  readonly json: boolean
  readonly explain: boolean
  readonly apply: boolean
  readonly watch: boolean
  readonly catalogue: Catalogue
  readonly candidates: readonly Candidate[]
  readonly place: Place
  /** Whether any source is in use now, measured or not. */
  readonly isSet: boolean
  readonly now: () => number
  readonly measure: (
    onProgress: (progress: MeasuringProgress) => void,
    signal: AbortSignal,
  ) => ReturnType<typeof measureMirrors>
  readonly applyOrder: (ranking: Ranking) => Promise<Applied>
}

export async function mirrorsCommand(
  args: readonly string[],
  io: Io,
  hooks: MirrorsHooks = {},
): Promise<ExitCode> {
  const parsed = parseFlags(args, flags)
  if (!parsed.ok) return tellUsage(parsed.message, io, 'mirrors')
  const { values, positionals } = parsed
  if (isSet(values.help)) {
    io.stdout.write(help)
    return 0
  }
  const [name = 'go', extra] = positionals
  const ecosystem = ecosystems.find((known) => known === name)
  if (ecosystem === undefined) {
    return tellUsage(`there is no ecosystem '${name}'${didYouMean(name, ecosystems)}`, io, 'mirrors')
  }
  if (extra !== undefined) return tellUsage(`'mirrors' takes no '${extra}'`, io, 'mirrors')
  const watch = isSet(values.watch)
  if (watch && isSet(values.apply)) return tellUsage('--watch and --apply do not go together', io, 'mirrors')
  const stop = new AbortController()
  const interrupted = () => stop.abort(new Error('interrupted'))
  if (watch) process.once('SIGINT', interrupted)
  try {
    const job = await prepare(ecosystem, values, io, hooks)
    if (typeof job === 'number') return job
    const pause = hooks.pause ?? pauseFor
    const screen = new LiveScreen(io.stdout)
    let code = await runOnce(job, io, screen, stop.signal)
    while (watch && (await pause(watchEveryMs, stop.signal)))
      code = await runOnce(job, io, screen, stop.signal)
    return code
  } catch (error) {
    if (stop.signal.aborted) return 0
    tellError(error, io, 'mirrors')
    return 2
  } finally {
    process.off('SIGINT', interrupted)
  }
}

async function prepare(
  ecosystem: EcosystemName,
  values: Extract<ParsedFlags, { ok: true }>['values'],
  io: Io,
  hooks: MirrorsHooks,
): Promise<Job | ExitCode> {
  const settings = await settingsFor(values, io)
  if (settings === undefined) return 64
  const { config, origins } = settings.loaded
  if (config.offline) {
    io.stderr.write('posthaste mirrors: nothing was measured, because the settings say offline\n')
    return 2
  }
  const included =
    typeof values['include-catalogue'] === 'string' ? values['include-catalogue'].split(',') : []
  const loaded = await loadCatalogue({
    ecosystem,
    files: [...config.mirrors.catalogue, ...included.map((file) => resolve(io.cwd, file))],
    cwd: io.cwd,
    readFile: readTextFile,
  })
  if (!loaded.ok) {
    for (const problem of loaded.problems) io.stderr.write(`${formatProblem(problem)}\n`)
    return 64
  }
  const { catalogue } = loaded
  const isGo = ecosystem === 'go'
  const { origin, sumdbName } = await shippedGo(isGo ? settings.go : undefined, readTextFile)
  const now = hooks.now ?? Date.now
  const all = candidatesOf({
    catalogue,
    inUse: (isGo ? goLists(config, origins)[GO_SOURCES] : undefined) ?? [],
    origins: origin === undefined ? [] : [origin],
    nowMs: now(),
  })
  const candidates = typeof values.only === 'string' ? chosen(all, values.only) : all
  if (candidates.length === 0) return tellUsage(`no mirror is called '${values.only}'`, io, 'mirrors')
  const database =
    config.go.sumdb === undefined
      ? undefined
      : parseGosumdb(config.go.sumdb, sumdbName === undefined ? [] : [sumdbName])
  const { resolvers, allowPrivate, headers, caFile, env } = await upstreamOptions(config, io.env)
  return {
    ecosystem,
    json: isSet(values.json),
    explain: isSet(values.explain),
    apply: isSet(values.apply),
    watch: isSet(values.watch),
    catalogue,
    candidates,
    place: { region: config.mirrors.region, isp: config.mirrors.isp },
    isSet: all.some(({ inUse }) => inUse !== undefined),
    now,
    measure: async (onProgress, signal) =>
      measureMirrors({
        catalogue,
        candidates,
        version: VERSION,
        env: env ?? {},
        signal,
        sumdbName: database?.kind === 'database' ? database.name : undefined,
        registryName: ecosystem === 'cargo' ? await cargoRegistryName(io.env) : undefined,
        ...(headers === undefined ? {} : { headers }),
        ...(resolvers === undefined ? {} : { resolvers }),
        ...(allowPrivate === undefined ? {} : { allowPrivate }),
        caFile,
        ...(hooks.limits === undefined ? {} : { limits: hooks.limits }),
        onProgress,
      }),
    applyOrder: (ranking) => applyGoOrder(settings.loaded, candidates, ranking),
  }
}

async function runOnce(job: Job, io: Io, screen: LiveScreen, signal: AbortSignal): Promise<ExitCode> {
  const { catalogue, place, now } = job
  const live = io.stdout.isTTY === true && !job.json
  const options = {
    catalogue,
    colour: live && !io.env.NO_COLOR,
    explain: job.explain,
    nowMs: now(),
  }
  const rankNow = (measurements: Parameters<typeof rank>[0]) =>
    rank(measurements, { reference: catalogue.reference, place, isSet: job.isSet })
  const measurements = await job.measure((progress) => {
    if (live) screen.draw(progressTable(rankNow(progress.measurements), progress, options))
  }, signal)
  const ranking = rankNow(measurements)
  const served = job.ecosystem === 'go'
  const applied = job.apply && served ? await job.applyOrder(ranking) : undefined
  if (job.json) {
    const report = mirrorsJson({ catalogue, place, ranking, measuredAtMs: options.nowMs, applied })
    io.stdout.write(`${JSON.stringify(report)}\n`)
  } else {
    const lines = [...mirrorsTable(ranking, options), ...(job.explain ? retiredLines(catalogue) : [])]
    const all = [...lines, '', ...closing(job, ranking, applied)]
    if (live && job.watch) screen.draw([...all, 'measured again every 5 minutes; Ctrl-C ends'])
    else {
      if (live) screen.clear()
      io.stdout.write(`${all.join('\n')}\n`)
    }
  }
  if (job.apply && !served) {
    io.stderr.write(`posthaste mirrors: ${job.ecosystem} is not served yet, so there is nothing to apply\n`)
    return 1
  }
  if (applied?.outcome === 'failed') return 1
  if (ranking.ranked.length > 0) return 0
  return measurements.some(({ reached }) => reached) ? 1 : 2
}

function closing(job: Job, { ranked, advice }: Ranking, applied: Applied | undefined): string[] {
  const lines = job.candidates.some(({ inUse }) => inUse !== undefined) ? ['● in use now'] : []
  const best = ranked[0]?.measurement
  if (best?.address === undefined) return [...lines, advice.reason]
  if (job.ecosystem !== 'go') {
    return [...lines, `fastest: ${best.candidate.id}. To use it:`, `  ${toCopy(job.ecosystem, best.address)}`]
  }
  lines.push(`${advice.change ? 'a change is worth it' : 'no change'}: ${advice.reason}`)
  switch (applied?.outcome) {
    case 'written':
      return [
        ...lines,
        `wrote go.upstream to ${applied.file}`,
        `  before: ${applied.before}`,
        `  now:    ${applied.after}`,
        'a server that reads this file takes it at once',
      ]
    case 'unchanged':
      return [...lines, 'nothing was written']
    case 'failed':
      return [...lines, `nothing was written: ${applied.reason}`]
    case undefined:
      return advice.change
        ? [...lines, "'posthaste mirrors go --apply' writes it to the configuration"]
        : lines
  }
}

function chosen(candidates: readonly Candidate[], written: string): Candidate[] {
  const patterns = written.split(',').map((part) => {
    const literal = part.trim().split('*').map(RegExp.escape)
    return new RegExp(`^${literal.join('.*')}$`)
  })
  return candidates.filter(({ id }) => patterns.some((pattern) => pattern.test(id)))
}

function isSet(value: unknown): boolean {
  return value === true || value === 'true'
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(ms, undefined, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
