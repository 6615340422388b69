import type { Client } from '../clients/client.ts'
import { clients, clientsCalled } from '../clients/clients.ts'
import { type Machine, thisMachine } from '../clients/machine.ts'
import { loadConfig } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { readTextFile } from '../config/read-text-file.ts'
import type { Config } from '../config/schema.ts'
import type { Pinned } from '../verify/client-run.ts'
import { runOf } from '../verify/client-runs.ts'
import type { Reason } from '../verify/find-reasons.ts'
import { checkGoProject } from '../verify/go-project.ts'
import { newMarker } from '../verify/marker.ts'
import { choosePackage, readPackages } from '../verify/pinned-package.ts'
import { relayLink } from '../verify/relay-link.ts'
import { unservedWay } from '../verify/unserved-way.ts'
import { readLayers, verifyClient } from '../verify/verify-client.ts'
import { tellError, tellUsage } from './command.ts'
import { configFlags, didYouMean, type FlagSpecs, type FlagValue, parseFlags } from './flags.ts'
import type { ExitCode, Io } from './io.ts'
import { presentClients } from './setup-present.ts'
import { SERVED } from './setup-served.ts'
import { findTarget, type Target } from './setup-target.ts'
import { verifyJson } from './verify-json.ts'
import { type ClientOutcome, exitCodeOf, type VerifyReport } from './verify-outcome.ts'
import { clientLines, projectLines } from './verify-report.ts'
import { tokenFor } from './verify-token.ts'

const help = `posthaste verify [client…] [--url BASE] [--token-file FILE] [--package NAME@VERSION]
                 [--timeout SECONDS] [--json]

Is Posthaste in effect? Runs each package manager with its user's own settings on one small package, with caches of
its own, and looks from three sides whether it came through Posthaste: at what the client says it asked, at the
requests that arrived, and at the bytes. Says what bypasses it and why. For Go it also looks at the project here.
Changes no settings and no project.
Clients: ${clients.map(({ id }) => id).join(' ')}. Without a name: those that are installed and served.

  --url BASE          a Posthaste on another machine, without a client's path. Default: the local one
  --token-file FILE   holds that Posthaste's admin token: this machine's own goes to this machine only
  --package PACKAGE   instead of the usual one; go=NAME@VERSION,npm=NAME@VERSION for several registries
  --timeout SECONDS   for each client; 60 when left out
  --json              prints JSON

Exit code 0: in effect; 1: something is bypassed or broken; 2: could not tell.

Example: posthaste verify go
         posthaste verify npm --package npm=lodash@4.17.21
`

const flags: FlagSpecs = {
  ...configFlags,
  url: { type: 'string', summary: "A Posthaste's address." },
  'token-file': { type: 'string', summary: 'A file with the admin token of the Posthaste at --url.' },
  package: { type: 'string', summary: 'The package to fetch.' },
  timeout: { type: 'string', summary: 'Seconds for each client.' },
  json: { type: 'boolean', summary: 'Prints JSON.' },
  help: { type: 'boolean', short: 'h', summary: 'Prints this.' },
}

/** A client runs in a group of its own, which no signal of a terminal reaches: it must be ended from here. */
const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

class StoppedError extends Error {
  override readonly name = 'StoppedError'
  readonly code = 'verify.stopped'
  readonly hint = 'what was not looked at yet is not judged: run it again'
  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`)
  }
}

const PROBE_MS = 5_000
const PROJECT_MS = 15_000

/** What a test sets. */
export interface VerifyHooks {
  readonly machine?: Partial<Machine>
  readonly marker?: () => string
}

export async function verifyCommand(
  args: readonly string[],
  io: Io,
  hooks: VerifyHooks = {},
): Promise<ExitCode> {
  const parsed = parseFlags(args, flags)
  if (!parsed.ok) return tellUsage(parsed.message, io, 'verify')
  const { values, positionals } = parsed
  if (values.help === true || values.help === 'true') {
    io.stdout.write(help)
    return 0
  }
  const unknown = positionals.find((word) => clientsCalled(word).length === 0)
  if (unknown !== undefined) {
    const names = clients.map(({ id }) => id)
    const near = didYouMean(unknown, names) || `; known: ${names.join(', ')}`
    return tellUsage(`there is no client '${unknown}'${near}`, io, 'verify')
  }
  const timeoutMs = readTimeout(values.timeout)
  if (timeoutMs === undefined) {
    return tellUsage(`--timeout is a number of seconds from 1 to 600, not '${values.timeout}'`, io, 'verify')
  }
  const named = [...new Set(positionals.flatMap(clientsCalled))]
  const given = packagesGiven(values.package, named)
  if (typeof given === 'string') return tellUsage(given, io, 'verify')

  const stop = new AbortController()
  const stopped = (name: NodeJS.Signals) => stop.abort(new StoppedError(name))
  for (const name of STOPS) process.on(name, stopped)
  try {
    const loaded = await loadConfig({ flags: values, env: io.env, cwd: io.cwd, readFile: readTextFile })
    if (!loaded.ok) {
      for (const problem of loaded.problems) io.stderr.write(`${formatProblem(problem)}\n`)
      return 64
    }
    for (const one of loaded.warnings) io.stderr.write(`warning: ${formatProblem(one)}\n`)
    const { config } = loaded
    const target = await findTarget(values, config, io)
    if (!target.ok) return tellUsage(target.message, io, 'verify')
    const token = await tokenFor({ values, config, base: target.base, io })
    if (!token.ok) return tellUsage(token.message, io, 'verify')
    if (token.warning !== undefined) io.stderr.write(`warning: ${token.warning}\n`)
    const machine = { ...thisMachine(io), ...hooks.machine }
    return await verifyAll({
      io,
      values,
      machine,
      config,
      target,
      token: token.token,
      named,
      given,
      timeoutMs,
      hooks,
      signal: stop.signal,
    })
  } catch (error) {
    tellError(stop.signal.aborted ? stop.signal.reason : error, io, 'verify')
    return 2
  } finally {
    for (const name of STOPS) process.off(name, stopped)
  }
}

interface Job {
  readonly io: Io
  readonly values: Readonly<Record<string, FlagValue>>
  readonly machine: Machine
  readonly config: Config
  readonly target: Extract<Target, { ok: true }>
  /** For the admin API of the target. */
  readonly token: string | undefined
  /** Empty: those that are installed and served. */
  readonly named: readonly Client[]
  readonly given: readonly Pinned[]
  readonly timeoutMs: number
  readonly hooks: VerifyHooks
  readonly signal: AbortSignal
}

async function verifyAll(job: Job): Promise<ExitCode> {
  const { io, named, machine, target, signal, config } = job
  const isJson = job.values.json === true || job.values.json === 'true'
  const isScreen = io.stdout.isTTY === true && !isJson
  const look = {
    colour: isScreen && !io.env.NO_COLOR,
    machine,
    width: isScreen ? io.stdout.columns : undefined,
  }
  const say = (lines: readonly string[]) => {
    if (!isJson) io.stdout.write(`${lines.join('\n')}\n\n`)
  }
  const outcomes: ClientOutcome[] = []
  const isNamed = named.length > 0
  const candidates = isNamed ? named : clients.filter(({ ecosystem }) => SERVED.includes(ecosystem))
  const present = await presentClients(machine, candidates, { isNamed })
  for (const { client, presence } of present) {
    signal.throwIfAborted()
    const { command } = presence
    // A client can take seconds: what is looked at stands there until the verdict takes its place.
    if (isScreen) io.stdout.write(`… ${client.title}`)
    const outcome = await verifyOne(client, command, job).finally(() => {
      if (isScreen) io.stdout.write('\r\x1b[K')
    })
    signal.throwIfAborted()
    outcomes.push(outcome)
    say(clientLines(outcome, look))
  }
  const go = present.find(({ client }) => client.id === 'go')?.presence.command
  const project =
    go === undefined
      ? undefined
      : await checkGoProject({
          machine,
          command: go,
          privatePatterns: config.go.private,
          timeoutMs: PROJECT_MS,
          signal,
        })
  signal.throwIfAborted()
  if (project !== undefined) say(projectLines(project, look))
  const report: VerifyReport = { base: target.base, clients: outcomes, project }
  if (isJson) io.stdout.write(`${JSON.stringify(verifyJson(report), undefined, 2)}\n`)
  if (outcomes.length === 0) {
    io.stderr.write(
      `posthaste verify: no package manager of what is served (${SERVED.join(', ')}) is installed\n`,
    )
  }
  return exitCodeOf(report)
}

async function verifyOne(client: Client, command: string | undefined, job: Job): Promise<ClientOutcome> {
  const { machine, target, token, timeoutMs, signal, given, hooks } = job
  const leftOut = (
    verdict: 'not-served' | 'not-installed' | 'unknown',
    summary: string,
    reasons: readonly Reason[] = [],
  ): ClientOutcome => ({ kind: 'left-out', client: client.id, verdict, summary, reasons })
  const run = runOf(client.id)
  if (run === undefined || !SERVED.includes(client.ecosystem)) {
    const way = await unservedWay(client, machine, target.base)
    return leftOut(
      'not-served',
      `Posthaste does not answer at ${client.path}/ yet; ${way.summary}`,
      way.reasons,
    )
  }
  if (command === undefined) return leftOut('not-installed', 'its command is not on the PATH')
  const address = target.addressFor(client)
  if (!address.ok) return leftOut('unknown', address.message)
  const { layers, problem } = await readLayers(client, machine)
  if (problem !== undefined) return leftOut('unknown', problem)
  const relay = relayLink({
    base: target.base,
    token,
    timeoutMs: Math.min(timeoutMs, PROBE_MS),
    signal,
  })
  const pinned = await choosePackage(client.ecosystem, given, relay)
  if (pinned === undefined) return leftOut('unknown', 'no package is known to try: name one with --package')
  const marker = (hooks.marker ?? newMarker)()
  const verified = await verifyClient({
    ...{ client, run, machine, command, layers, relay, pinned, marker, timeoutMs, signal },
    address: address.address,
    base: target.base,
  })
  return { kind: 'ran', ...verified }
}

function readTimeout(written: FlagValue | undefined): number | undefined {
  if (written === undefined) return 60_000
  const seconds = Number(written)
  return seconds >= 1 && seconds <= 600 ? seconds * 1_000 : undefined
}

/** The packages, or what is wrong with them. */
function packagesGiven(written: FlagValue | undefined, named: readonly Client[]): readonly Pinned[] | string {
  if (typeof written !== 'string') return []
  const read = readPackages(
    written,
    named.map(({ ecosystem }) => ecosystem),
  )
  return read.ok ? read.given : read.message
}
