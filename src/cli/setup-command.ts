import { type Scope, scopes } from '../clients/client.ts'
import { clients, clientsCalled } from '../clients/clients.ts'
import { Journal } from '../clients/journal.ts'
import { type Machine, thisMachine } from '../clients/machine.ts'
import { type ClientSetup, prepareSetup } from '../clients/prepare-setup.ts'
import { loadConfig } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { readTextFile } from '../config/read-text-file.ts'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import { tellError, tellUsage } from './command.ts'
import { configFlags, didYouMean, type FlagSpecs, type FlagValue, parseFlags } from './flags.ts'
import type { ExitCode, Io } from './io.ts'
import { askOnTerminal, Interrupted } from './setup-ask.ts'
import type { SetupJob } from './setup-job.ts'
import { setupJson } from './setup-json.ts'
import { runLocks } from './setup-locks.ts'
import { presentClients } from './setup-present.ts'
import { dependenceLines, planReport } from './setup-report.ts'
import { SERVED } from './setup-served.ts'
import { findTarget, type Target } from './setup-target.ts'
import { runUndo } from './setup-undo.ts'
import { decideAndWrite, editsOf, hasChanges } from './setup-write.ts'

const help = `posthaste setup [client…] [--scope user|project] [--url BASE | --mirror ID] [--dry-run] [--yes] [--json]
posthaste setup [client…] --undo [--dry-run] [--yes] [--json]
posthaste setup locks [--rewrite] [--url BASE] [--dry-run] [--yes] [--json]

Leads package managers to Posthaste: shows what is set now and who set it, then the change, asks, and writes.
Clients: ${clients.map(({ id }) => id).join(' ')}. Without a name: those that are installed and served.

  --scope SCOPE  user (default): for all projects of this user; project: for the project around this folder
  --url BASE     a Posthaste on another machine, without a client's path. Default: the local one
  --mirror ID    a mirror of the catalogue in its place; for Go it stands behind Posthaste, for an outage
  --dry-run      shows everything and writes nothing
  --yes          asks nothing
  --undo         puts back, byte for byte, what setup changed, in both scopes
  --rewrite      for locks: leads addresses of mirrors in lock files back to the client's own registry, or to BASE
  --json         prints JSON; needs --yes or --dry-run

Exit code 0: all is set and in effect; 1: something is not, and it is said why; 2: could not tell.

Example: posthaste setup go --dry-run
         posthaste setup npm pip --url https://packages.corp.example --yes
`

const flags: FlagSpecs = {
  ...configFlags,
  scope: { type: 'string', summary: 'user or project.' },
  url: { type: 'string', summary: "A Posthaste's address." },
  mirror: { type: 'string', summary: 'A mirror of the catalogue.' },
  'dry-run': { type: 'boolean', summary: 'Writes nothing.' },
  yes: { type: 'boolean', short: 'y', summary: 'Asks nothing.' },
  undo: { type: 'boolean', summary: 'Puts back what was changed.' },
  rewrite: { type: 'boolean', summary: 'Mends lock files.' },
  json: { type: 'boolean', summary: 'Prints JSON.' },
  help: { type: 'boolean', short: 'h', summary: 'Prints this.' },
}

/** What a test sets. */
export interface SetupHooks {
  readonly served?: readonly EcosystemId[]
  readonly machine?: Partial<Machine>
  /** Undefined where nobody can be asked. */
  readonly ask?: ((question: string) => Promise<boolean>) | undefined
  readonly now?: () => number
}

export async function setupCommand(
  args: readonly string[],
  io: Io,
  hooks: SetupHooks = {},
): Promise<ExitCode> {
  const parsed = parseFlags(args, flags)
  if (!parsed.ok) return tellUsage(parsed.message, io, 'setup')
  const { values, positionals } = parsed
  if (isOn(values.help)) {
    io.stdout.write(help)
    return 0
  }
  const isLocks = positionals[0] === 'locks'
  const words = isLocks ? positionals.slice(1) : positionals
  const wrong = wrongUse(values, words, isLocks)
  if (wrong !== undefined) return tellUsage(wrong, io, 'setup')
  try {
    // No toolchain is asked: what GOPRIVATE says covers itself, and a dry run leaves no log of npm behind.
    const loaded = await loadConfig({ flags: values, env: io.env, cwd: io.cwd, readFile: readTextFile })
    if (!loaded.ok) {
      for (const problem of loaded.problems) io.stderr.write(`${formatProblem(problem)}\n`)
      return 64
    }
    for (const warning of loaded.warnings) io.stderr.write(`warning: ${formatProblem(warning)}\n`)
    const { config } = loaded
    const job: SetupJob = {
      io,
      machine: { ...thisMachine(io), ...hooks.machine },
      journal: new Journal(config.data),
      clients: [...new Set(words.flatMap(clientsCalled))],
      dryRun: isOn(values['dry-run']),
      yes: isOn(values.yes),
      json: isOn(values.json),
      colour: io.stdout.isTTY === true && !io.env.NO_COLOR && !isOn(values.json),
      width: io.stdout.isTTY === true ? io.stdout.columns : undefined,
      ask: 'ask' in hooks ? hooks.ask : askOnTerminal(io),
      now: hooks.now ?? Date.now,
    }
    if (isOn(values.undo)) return await runUndo(job)
    const target = await findTarget(values, config, io)
    if (!target.ok) return tellUsage(target.message, io, 'setup')
    if (isLocks)
      return await runLocks(job, target, {
        rewrite: isOn(values.rewrite),
        isUrlGiven: values.url !== undefined,
      })
    const scope = values.scope === 'project' ? 'project' : 'user'
    return await runSetup(job, target, scope, hooks.served ?? SERVED)
  } catch (error) {
    tellError(error, io, 'setup')
    return error instanceof Interrupted ? 1 : 2
  }
}

function wrongUse(
  values: Readonly<Record<string, FlagValue>>,
  words: readonly string[],
  isLocks: boolean,
): string | undefined {
  const unknown = words.find((word) => clientsCalled(word).length === 0)
  const names = clients.map(({ id }) => id)
  if (unknown !== undefined)
    return `there is no client '${unknown}'${didYouMean(unknown, names) || `; known: ${names.join(', ')}`}`
  if (values.scope !== undefined && !scopes.some((scope) => scope === values.scope)) {
    return `--scope is user or project, not '${values.scope}'`
  }
  if (
    isOn(values.json) &&
    !isOn(values.yes) &&
    !isOn(values['dry-run']) &&
    (!isLocks || isOn(values.rewrite))
  ) {
    return '--json asks nothing: add --yes or --dry-run'
  }
  if (isOn(values.undo) && (isLocks || values.url !== undefined || values.mirror !== undefined)) {
    return '--undo goes with clients only'
  }
  if (isOn(values.undo) && values.scope !== undefined) {
    return '--undo takes no --scope: it takes back the changes of both; name clients to take back theirs alone'
  }
  if (isOn(values.rewrite) && !isLocks) return "--rewrite goes with 'setup locks'"
  if (isLocks && values.mirror !== undefined) return "'setup locks' takes no --mirror"
  return undefined
}

async function runSetup(
  job: SetupJob,
  target: Extract<Target, { ok: true }>,
  scope: Scope,
  served: readonly EcosystemId[],
): Promise<ExitCode> {
  const { io, machine } = job
  const base = URL.parse(target.base)
  if (scope === 'project' && (base?.username || base?.password)) {
    return tellUsage('--url holds credentials, which do not belong into the files of a project', io, 'setup')
  }
  const setups: ClientSetup[] = []
  const isNamed = job.clients.length > 0
  const candidates = isNamed
    ? job.clients
    : clients.filter((one) => served.includes(one.ecosystem) && one.scopes.includes(scope))
  const present = await presentClients(machine, candidates, { isNamed })
  const { entries } = await job.journal.entries()
  for (const { client, presence } of present) {
    const earlier = entries.flatMap((entry) =>
      entry.client === client.id && entry.address ? [entry.address] : [],
    )
    const address = target.addressFor(client)
    if (!address.ok) return tellUsage(address.message, io, 'setup')
    const wanted = {
      ...address,
      earlier,
      scope,
      privatePatterns: target.privatePatterns,
      isPublic: target.isPublic(client.ecosystem),
    }
    setups.push(await prepareSetup({ machine, client, presence, wanted, served }))
  }
  if (setups.length === 0) {
    io.stderr.write(
      `posthaste setup: no package manager of what is served (${served.join(', ')}) is installed\n  name the one to set up: posthaste setup npm\n`,
    )
    return 1
  }
  if (!job.json) {
    const lines = [...planReport(setups, job), ...dependenceLines(setups.filter(hasChanges), job)]
    io.stdout.write(`${lines.join('\n')}\n`)
  }
  const isPending = setups.some(hasChanges)
  const done = isPending && !job.dryRun ? await decideAndWrite(job, setups) : undefined
  if (job.json) io.stdout.write(`${JSON.stringify(setupJson(setups, done, job), undefined, 2)}\n`)
  const isWritten = !isPending || job.dryRun || done?.every(({ failed }) => failed === undefined)
  return isWritten && setups.every(isInEffect) ? 0 : 1
}

function isInEffect(setup: ClientSetup): boolean {
  const { outcome } = setup
  return (
    outcome.possible &&
    outcome.obstacles.length === 0 &&
    editsOf(setup).every(({ kind }) => kind !== 'refused')
  )
}

function isOn(value: unknown): boolean {
  return value === true || value === 'true'
}
