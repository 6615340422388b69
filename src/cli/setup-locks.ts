import { applyChange } from '../clients/apply-change.ts'
import { type Edited, isLoopback } from '../clients/client.ts'
import { clients } from '../clients/clients.ts'
import { findLocks, type LockFile, type SkippedLock } from '../clients/find-locks.ts'
import { type LockTarget, type Rewrite, rewriteLock } from '../clients/lock-addresses.ts'
import { builtInTarget } from '../clients/lock-target.ts'
import { shortPath } from '../clients/machine.ts'
import { planEdit } from '../clients/plan-changes.ts'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import type { ExitCode } from './io.ts'
import type { SetupJob } from './setup-job.ts'
import { shown } from './setup-report.ts'
import type { Target } from './setup-target.ts'

interface Options {
  readonly rewrite: boolean
  /** Then lock files lead to BASE instead of the client's own registry. */
  readonly isUrlGiven: boolean
}

interface Row {
  readonly lock: LockFile
  /** Hosts of mirrors and relays, with the number of their addresses. */
  readonly foreign: LockFile['hosts']
  readonly rewrite: Rewrite | undefined
  readonly problem: string | undefined
  written: boolean
}

/** Shows lock files that remember a mirror or a relay, and mends them when asked to. Other hosts are left alone. */
export async function runLocks(
  job: SetupJob,
  target: Extract<Target, { ok: true }>,
  options: Options,
): Promise<ExitCode> {
  const { io, machine } = job
  const skipped: SkippedLock[] = []
  const locks = await findLocks(machine, job.clients.length > 0 ? job.clients : clients, (one) => {
    skipped.push(one)
    const path = shortPath(one.path, machine)
    io.stderr.write(`posthaste setup: ${shown(`${path} is passed over: ${one.reason}`)}\n`)
  })
  const targets = new Map<EcosystemId, LockTarget | undefined>()
  const rows: Row[] = []
  for (const lock of locks) {
    const isForeign = foreignTo(lock.ecosystem, target, options.isUrlGiven)
    const foreign = lock.hosts.filter(
      ([host]) => isForeign(`https://${host}/`) || isForeign(`http://${host}/`),
    )
    let rewrite: Rewrite | undefined
    let problem: string | undefined
    if (options.rewrite && foreign.length > 0) {
      if (!targets.has(lock.ecosystem))
        targets.set(lock.ecosystem, await targetOf(job, lock, target, options))
      const leadTo = targets.get(lock.ecosystem)
      if (leadTo === undefined) problem = 'no client here tells its own registry: give --url BASE'
      else rewrite = rewriteLock(lock.text, lock.ecosystem, leadTo, isForeign)
    }
    rows.push({ lock, foreign, rewrite, problem, written: false })
  }
  if (!job.json) {
    if (rows.length + skipped.length === 0) io.stdout.write('there are no lock files here\n')
    tell(job, rows, options)
  }
  const pending = rows.filter(({ rewrite }) => (rewrite?.moved ?? 0) > 0)
  let failed =
    skipped.length > 0 ||
    rows.some(({ problem, rewrite }) => problem !== undefined || (rewrite?.left.length ?? 0) > 0)
  if (pending.length > 0 && !job.dryRun) {
    if (await agreed(job)) {
      for (const row of pending) if (!(await write(job, row))) failed = true
    } else failed = true
  }
  if (job.json) io.stdout.write(`${JSON.stringify({ locks: rows.map(jsonRow), skipped }, undefined, 2)}\n`)
  if (options.rewrite) return failed ? 1 : 0
  return skipped.length > 0 || rows.some(({ foreign }) => foreign.length > 0) ? 1 : 0
}

/** Mirrors of the catalogue, and relays: what is at a company's own host is the company's business. */
function foreignTo(ecosystem: EcosystemId, target: Extract<Target, { ok: true }>, isUrlGiven: boolean) {
  const isPublic = target.isPublic(ecosystem)
  const base = URL.parse(target.base)?.host
  return (url: string): boolean => {
    const parsed = URL.parse(url)
    if (parsed === null) return false
    if (parsed.host === base) return !isUrlGiven
    return isLoopback(parsed.hostname) || isPublic(url)
  }
}

async function targetOf(
  { machine }: SetupJob,
  { ecosystem }: LockFile,
  { base }: Extract<Target, { ok: true }>,
  { isUrlGiven }: Options,
): Promise<LockTarget | undefined> {
  if (!isUrlGiven) return builtInTarget(machine, ecosystem)
  if (ecosystem === 'npm') return { index: `${base}/npm` }
  return ecosystem === 'pypi' ? { index: `${base}/pypi/simple`, files: `${base}/pypi` } : undefined
}

function tell({ io, machine }: SetupJob, rows: readonly Row[], options: Options): void {
  const say = (line: string) => io.stdout.write(`${line}\n`)
  for (const { lock, foreign, rewrite, problem } of rows) {
    const all = lock.hosts.map(([host, count]) => `${host} ${count}`).join(', ')
    const path = shown(shortPath(lock.path, machine))
    if (foreign.length === 0) say(`${path}: sound (${all === '' ? 'no addresses' : shown(all)})`)
    else
      say(
        `${path}: remembers ${shown(foreign.map(([host, count]) => `${host} (${count} of ${lock.addresses.length} addresses)`).join(', '))}`,
      )
    if (problem !== undefined) say(`  not mended: ${problem}`)
    if (rewrite !== undefined && rewrite.moved > 0) {
      const hosts = [...new Set(rewrite.text.match(/https?:\/\/[^/\s"']+/g) ?? [])].filter(
        (one) => !lock.text.includes(one),
      )
      say(
        `  ${rewrite.moved === 1 ? '1 address becomes' : `${rewrite.moved} addresses become`} ${shown(hosts.join(', ') || 'those of the registry')}; hashes stay`,
      )
    }
    for (const url of (rewrite?.left ?? []).slice(0, 3))
      say(`  stays, because its form is not known: ${shown(url)}`)
  }
  if (!options.rewrite && rows.some(({ foreign }) => foreign.length > 0)) {
    say('a client goes where its lock file says, whatever is set')
    say("'posthaste setup locks --rewrite' leads these addresses back to the client's own registry")
  }
}

async function agreed({ io, yes, ask }: SetupJob): Promise<boolean> {
  if (yes) return true
  if (ask === undefined) {
    io.stderr.write('posthaste setup: nothing was written: there is no terminal to ask on; add --yes\n')
    return false
  }
  return ask('Write these lock files?')
}

async function write(job: SetupJob, row: Row): Promise<boolean> {
  const { io, machine, journal, now } = job
  const { path } = row.lock
  const text = row.rewrite?.text ?? row.lock.text
  const edit = (now: string): Edited =>
    now === row.lock.text
      ? { ok: true, text }
      : { ok: false, reason: 'it changed in the meantime', hint: 'run it again' }
  const planned = await planEdit(machine, { path, keys: ['addresses'], edit }, false)
  if (planned.kind === 'refused') {
    const { reason, hint } = planned
    io.stderr.write(`posthaste setup: ${shown(`${path} is left alone: ${reason} (${hint})`)}\n`)
    return false
  }
  if (planned.kind === 'change') {
    await applyChange(planned.change, { journal, client: 'locks', scope: 'project', nowMs: now() })
    if (!job.json) io.stdout.write(`wrote ${shown(shortPath(path, machine))}\n`)
    row.written = true
  }
  return true
}

function jsonRow({ lock, foreign, rewrite, problem, written }: Row) {
  return {
    path: lock.path,
    ecosystem: lock.ecosystem,
    hosts: Object.fromEntries(lock.hosts),
    foreign: Object.fromEntries(foreign),
    moved: rewrite?.moved ?? 0,
    left: (rewrite?.left ?? []).map(shown),
    written,
    problem: problem ?? null,
  }
}
