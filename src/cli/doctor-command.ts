import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SettingsFileError } from '../clients/file-text.ts'
import { thisMachine } from '../clients/machine.ts'
import { clientAddresses } from '../doctor/clients/client-address.ts'
import { readClientSettings } from '../doctor/clients/client-settings.ts'
import { type Diagnosis, diagnose } from '../doctor/diagnose.ts'
import {
  catalogueControls,
  clientEcosystems,
  configuredTargets,
  givenTarget,
  shownArgument,
  uniqueTargets,
  webAddress,
} from '../doctor/find-targets.ts'
import { tracePath } from '../doctor/path/trace-path.ts'
import { verdictWords } from '../doctor/path/verdict-words.ts'
import { collectSettings, type Prepared, prepare } from '../doctor/prepare.ts'
import { reportOf } from '../doctor/report.ts'
import { resetLocator } from '../doctor/reset-locator.ts'
import type { TracePort } from '../doctor/run.ts'
import { isLookingUp } from '../doctor/system-lookup.ts'
import type { Target } from '../doctor/target.ts'
import { languageOf, Speaker } from '../doctor/text/speak.ts'
import { type Language, languages } from '../doctor/text/texts.ts'
import type { Catalogue, EcosystemName } from '../mirrors/catalogue.ts'
import { VERSION } from '../version.ts'
import { tellError, tellUsage } from './command.ts'
import { applyFixes, type FixResult } from './doctor-fix.ts'
import { doctorPage } from './doctor-page.ts'
import { doctorText, ProgressView } from './doctor-view.ts'
import { configFlags, type FlagSpecs, type FlagValue, parseFlags } from './flags.ts'
import type { ExitCode, Io } from './io.ts'
import { leave } from './leave.ts'
import { LiveScreen } from './live-screen.ts'
import { settingsFor } from './settings.ts'

const help = `posthaste doctor [URL|CLIENT|ECOSYSTEM …] [--json] [--report FILE] [--lang en|zh] [--fix]
                 [--control URLS] [--config FILE] [--SETTING VALUE …]

Finds out why packages come slowly or not at all: settings, proxy, DNS, TCP, TLS, HTTP, files, proof. Each verdict
says what was seen, what it was compared with, and what to do. Without names: the configured sources. At most 25 s.

  --json             prints JSON: verdicts (empty when all is well) and all that was seen
  --report FILE      writes an HTML page with the evidence, without secrets, to send to somebody
  --lang en|zh       the language; default: what LANG says
  --fix              applies the fixes that change Go's own settings; 'posthaste setup --undo' takes them back
  --control URLS     what to compare with, with commas, or none. Default: two mirrors of the catalogue
  --portal URL       an http address that answers 204 on an open network, to find login pages; or none

Exit code 0: healthy; 1: a problem was found; 2: could not tell.

Example: posthaste doctor
         posthaste doctor npm --lang zh
         posthaste doctor https://goproxy.cn --report doctor.html
`

const flags: FlagSpecs = {
  ...configFlags,
  json: { type: 'boolean', summary: 'Prints JSON.' },
  report: { type: 'string', summary: 'Writes an HTML page.' },
  lang: { type: 'string', summary: 'The language.' },
  fix: { type: 'boolean', summary: 'Applies what can be applied.' },
  control: { type: 'string', summary: 'What to compare with.' },
  portal: { type: 'string', summary: 'An address that answers 204.' },
  help: { type: 'boolean', short: 'h', summary: 'Prints this.' },
}

const defaultPortal = 'http://connect.rom.miui.com/generate_204'
const redrawMs = 200
/** For a run, however long its preparation took. */
const leastMs = 2_000

/** What a test sets. */
export interface DoctorHooks {
  readonly adjust?: (prepared: Prepared) => Prepared
  readonly now?: () => Date
}

export async function doctorCommand(
  args: readonly string[],
  io: Io,
  hooks: DoctorHooks = {},
): Promise<ExitCode> {
  const parsed = parseFlags(args, flags)
  if (!parsed.ok) return tellUsage(parsed.message, io, 'doctor')
  const { values, positionals } = parsed
  if (isSet(values.help)) {
    io.stdout.write(help)
    return 0
  }
  const lang = languages.find((known) => known === values.lang)
  if (values.lang !== undefined && lang === undefined)
    return tellUsage(`--lang is en or zh, not '${shownArgument(String(values.lang))}'`, io, 'doctor')
  const language = languageOf(lang, io.env)
  const stop = new AbortController()
  const interrupted = () => stop.abort(new Error('interrupted'))
  process.once('SIGINT', interrupted)
  try {
    const code = await examine({ values, names: positionals, language, io, hooks, signal: stop.signal })
    if (isLookingUp() && io.stdout === process.stdout) await leave(code)
    return code
  } catch (error) {
    tellError(error, io, 'doctor')
    return 2
  } finally {
    process.off('SIGINT', interrupted)
  }
}

interface Job {
  readonly values: Readonly<Record<string, FlagValue>>
  readonly names: readonly string[]
  readonly language: Language
  readonly io: Io
  readonly hooks: DoctorHooks
  readonly signal: AbortSignal
}

async function examine({ values, names, language, io, hooks, signal }: Job): Promise<ExitCode> {
  const began = performance.now()
  const settings = await settingsFor(values, io)
  if (settings === undefined) return 64
  const { loaded, go } = settings
  const machine = { loaded, go, env: io.env, cwd: io.cwd }
  const { env, limits, ...prepared } = (hooks.adjust ?? ((same: Prepared) => same))(await prepare(machine))
  const catalogues = Object.values(prepared.catalogues)
  const configured = configuredTargets(loaded.config, loaded.origins, go?.found ? go.databaseNames : [])
  const wanted = await targetsFor(names, { configured, catalogues, io })
  if (typeof wanted === 'string') return tellUsage(wanted, io, 'doctor')
  const speaker = new Speaker(language)
  const own = await readClientSettings({
    words: names.map((name) => name.toLowerCase()).filter((name) => clientEcosystems[name] !== undefined),
    targets: wanted,
    env,
    machine: thisMachine(io),
  })
  if (wanted.length === 0 && own.facts.length === 0) {
    io.stderr.write(`posthaste doctor: ${speaker.ui('noTargets', { name: names.join(', ') || 'go' })}\n`)
    return 2
  }
  const controls = controlsFor(values.control, wanted, prepared.catalogues)
  if (typeof controls === 'string') return tellUsage(controls, io, 'doctor')
  const portal = values.portal === undefined ? defaultPortal : String(values.portal)
  const portalProbe = portal === 'none' ? undefined : webAddress(portal)
  if (portal !== 'none' && portalProbe?.protocol !== 'http:')
    return tellUsage('--portal is an http:// address, or none', io, 'doctor')

  const live = io.stdout.isTTY === true && !isSet(values.json)
  const colour = live && !io.env.NO_COLOR
  const watched = watch(live, io, speaker, colour)
  let diagnosis: Diagnosis
  try {
    diagnosis = await diagnose({
      ...prepared,
      targets: [...wanted, ...controls],
      routeTo: own.routeTo,
      spares: own.spares,
      settings: async () => [...own.facts, ...(await collectSettings({ env, cwd: io.cwd }, wanted))],
      portalProbe,
      tracePath: pathTracer(language),
      locateReset: resetLocator,
      onProgress: watched.take,
      // What came before counts too: the promise of 25 s is about the whole command.
      limits: { ...limits, totalMs: Math.max(leastMs, limits.totalMs - (performance.now() - began)) },
      signal,
    })
  } finally {
    watched.end()
  }
  const report = reportOf(diagnosis, language)
  if (typeof values.report === 'string') {
    const at = hooks.now?.() ?? new Date()
    await writeFile(
      resolve(io.cwd, values.report),
      doctorPage(report, { speaker, language, version: VERSION, at }),
    )
  }
  if (isSet(values.json)) io.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  else
    io.stdout.write(
      `${doctorText(report, { speaker, colour, width: io.stdout.columns ?? 100 }).join('\n')}\n`,
    )
  if (isSet(values.fix)) {
    const results = await applyFixes(report.verdicts, {
      env: io.env,
      data: loaded.config.data,
      nowMs: Date.now(),
    })
    for (const line of fixLines(results, speaker)) io.stderr.write(`${line}\n`)
  }
  return report.outcome === 'healthy' ? 0 : report.outcome === 'problem' ? 1 : 2
}

function fixLines(results: readonly FixResult[], speaker: Speaker): string[] {
  if (results.length === 0) return [speaker.ui('notFixable')]
  return results.map((result) =>
    result.outcome === 'applied'
      ? speaker.ui('fixed', { what: result.what })
      : `${result.what}: ${result.reason}`,
  )
}

/** The tracer as the doctor asks it: a few rounds, only where something was lost. */
function pathTracer(language: Language): TracePort {
  return async ({ host, port }, signal) => {
    try {
      const options = { rounds: 3, intervalMs: 700, names: false, findMtu: false }
      const path = await tracePath(
        { host, port },
        options,
        AbortSignal.any([signal, AbortSignal.timeout(6_000)]),
      )
      const [verdict] = path.verdicts
      const { message } = verdictWords(verdict, { host, address: host, port, protocol: 'tcp' }, language)
      const fine = verdict.id === 'path.fine'
      return { outcome: fine ? 'fine' : path.hops.length === 0 ? 'unknown' : 'problem', summary: message }
    } catch (error) {
      return { outcome: 'unknown', summary: error instanceof Error ? error.message : String(error) }
    }
  }
}

/** A list of targets, or what is wrong with a name. */
async function targetsFor(
  names: readonly string[],
  { configured, catalogues, io }: { configured: readonly Target[]; catalogues: readonly Catalogue[]; io: Io },
): Promise<readonly Target[] | string> {
  if (names.length === 0) return configured
  const found: Target[] = []
  for (const name of names) {
    const ecosystem = clientEcosystems[name.toLowerCase()]
    if (ecosystem !== undefined) {
      found.push(...configured.filter((target) => target.ecosystem === ecosystem))
      found.push(...(await ownAddresses(name.toLowerCase(), io)))
      continue
    }
    const given = /[.:]/.test(name) || name === 'localhost' ? givenTarget(name, catalogues) : undefined
    if (given === undefined) {
      return `'${shownArgument(name)}' is no address, no client and no ecosystem; there are ${Object.keys(clientEcosystems).join(', ')}`
    }
    const own = configured.find(
      ({ url }) => url.href.replace(/\/$/, '') === given.url.href.replace(/\/$/, ''),
    )
    found.push(own ?? given)
  }
  return uniqueTargets(found)
}

/** What the client's settings say; nothing where it cannot read them, which is a finding of its own. */
async function ownAddresses(word: string, io: Io): Promise<readonly Target[]> {
  try {
    return await clientAddresses(word, thisMachine(io))
  } catch (error) {
    if (error instanceof SettingsFileError) return []
    throw error
  }
}

function controlsFor(
  flag: FlagValue | undefined,
  targets: readonly Target[],
  catalogues: Readonly<Partial<Record<EcosystemName, Catalogue>>>,
): readonly Target[] | string {
  const ecosystem = targets.find((target) => target.ecosystem !== undefined)?.ecosystem
  if (flag === 'none') return []
  if (typeof flag === 'string') {
    const urls = flag.split(',').flatMap((text) => webAddress(text.trim()) ?? [])
    // As a whole: a password with a comma is in two of its parts.
    if (urls.length < flag.split(',').length)
      return `--control holds what is no http or https address: '${shownArgument(flag)}'`
    return urls.map((url): Target => ({ url, role: 'control', ecosystem, foundIn: 'command line' }))
  }
  const catalogue = catalogues[ecosystem ?? 'go']
  return catalogue === undefined ? [] : catalogueControls(targets, catalogue, Date.now())
}

function watch(live: boolean, io: Io, speaker: Speaker, colour: boolean) {
  const screen = new LiveScreen(io.stdout)
  const view = new ProgressView(speaker, () => performance.now())
  const draw = () => screen.draw(view.lines(colour))
  const timer = live ? setInterval(draw, redrawMs) : undefined
  return {
    take: (progress: Parameters<ProgressView['take']>[0]) => view.take(progress),
    end: () => {
      clearInterval(timer)
      if (live) screen.clear()
    },
  }
}

function isSet(value: unknown): boolean {
  return value === true || value === 'true'
}
