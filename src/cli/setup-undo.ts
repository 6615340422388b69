import type { Client } from '../clients/client.ts'
import { clients } from '../clients/clients.ts'
import { SettingsFileError } from '../clients/file-text.ts'
import type { Journal, JournalEntry } from '../clients/journal.ts'
import { shortPath } from '../clients/machine.ts'
import { carryOutUndo, planUndo, type Span, spansOf, type Undo } from '../clients/undo-change.ts'
import type { ExitCode } from './io.ts'
import { Interrupted } from './setup-ask.ts'
import type { SetupJob } from './setup-job.ts'
import { diffText, shown } from './setup-report.ts'

type Result = 'restored' | 'merged' | 'nothing' | 'kept' | 'failed' | 'planned'

interface Row {
  readonly path: string
  readonly client: string
  readonly result: Result
  readonly reason: string | undefined
}

/** Takes back what setup wrote, newest first. */
export async function runUndo(job: SetupJob): Promise<ExitCode> {
  const { io, journal } = job
  const { entries, unreadable } = await journal.entries()
  const names = job.clients.map(({ id }) => id)
  const selected = entries.filter(({ client }) => names.length === 0 || names.some((name) => name === client))
  for (const { file, reason } of unreadable) {
    io.stderr.write(`posthaste setup: ${file} is passed over: ${reason}\n`)
  }
  const rows: Row[] = []
  const others = entries.filter((entry) => !selected.includes(entry))
  for (const span of spansOf(selected)) {
    // What was taken back before is no longer there, and may have changed what stays.
    const standing = job.dryRun ? others : (await journal.entries()).entries
    rows.push(await undoOne(job, span, standing))
  }
  if (!job.dryRun) await forgetFormer(journal)
  if (job.json)
    io.stdout.write(`${JSON.stringify({ dryRun: job.dryRun, files: rows.map(jsonRow) }, undefined, 2)}\n`)
  else if (rows.length === 0) {
    const of = names.length === 0 ? '' : ` of ${names.join(', ')}`
    const place = shown(shortPath(journal.folder, job.machine))
    io.stdout.write(`there is nothing${of} to undo: no change stands in ${place}\n`)
  }
  const isDone = rows.every(({ result }) => result !== 'kept' && result !== 'failed')
  return isDone && unreadable.length === 0 ? 0 : 1
}

async function undoOne(job: SetupJob, span: Span, standing: readonly JournalEntry[]): Promise<Row> {
  const { client, path } = span
  const row = (result: Result, reason?: string): Row => ({ path, client, result, reason })
  try {
    const undo = await planUndo(span, standing)
    tellPlan(job, undo)
    if (undo.kind === 'locked') return row('kept', `${undo.reason} (${undo.hint})`)
    if (job.dryRun) return row(undo.kind === 'nothing' ? 'nothing' : 'planned')
    const decided = await decide(job, undo)
    if (decided === undefined) return row('kept', 'it changed since')
    await carryOutUndo(decided, job.journal)
    const result = decided.kind === 'changed' ? 'merged' : decided.kind === 'restore' ? 'restored' : 'nothing'
    if (!job.json) {
      const isGone = decided.kind === 'restore' && decided.entry.before === undefined
      const done = isGone ? 'removed, as it was before setup:' : told[result]
      job.io.stdout.write(`${shown(`${done} ${shortPath(path, job.machine)}`)}\n`)
    }
    return row(result)
  } catch (error) {
    if (error instanceof Interrupted) throw error
    const message = error instanceof Error ? error.message : String(error)
    const hint = error instanceof SettingsFileError ? ` (${error.hint})` : ''
    job.io.stderr.write(`posthaste setup: ${shown(`${path} is left alone: ${message}${hint}`)}\n`)
    return row('failed', message + hint)
  }
}

const told = {
  restored: 'put back, byte for byte:',
  merged: 'took out what setup wrote, and kept the rest:',
  nothing: 'it is as it was before already:',
} as const

/** What is carried out, or undefined when the file stays as it is. */
async function decide(job: SetupJob, undo: Undo): Promise<Undo | undefined> {
  if (undo.kind === 'nothing') return undo
  if (undo.kind === 'changed' && undo.merged === undefined) {
    // Only a person may throw away what another wrote.
    const question = 'Put back what stood there before, and lose what came since?'
    const agreed = !job.yes && !job.json && (await job.ask?.(question))
    return agreed ? { ...undo, kind: 'restore' } : undefined
  }
  if (job.yes) return undo
  if (job.ask === undefined) {
    job.io.stderr.write('posthaste setup: nothing was undone: there is no terminal to ask on; add --yes\n')
    return undefined
  }
  return (await job.ask(questionOf(undo))) ? undo : undefined
}

function questionOf(undo: Undo): string {
  if (undo.kind !== 'restore') return 'Take out what setup wrote, and keep the rest?'
  return undo.entry.before === undefined ? 'Remove it?' : 'Put it back?'
}

function tellPlan({ io, json, colour, machine }: SetupJob, undo: Undo): void {
  if (json) return
  const { entry } = undo
  const say = (lines: readonly string[]) => io.stdout.write(`${lines.join('\n')}\n`)
  const path = shown(shortPath(entry.path, machine))
  const diff = (from: string, to: string) => diffText(from, to, colour).map((line) => `    ${line}`)
  const decode = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('utf8')
  switch (undo.kind) {
    case 'nothing':
      return
    case 'locked':
      io.stderr.write(`posthaste setup: ${path} is left alone: ${undo.reason}; ${undo.hint}\n`)
      return
    case 'restore':
      say([
        `${path}${entry.before === undefined ? ' (setup made it; it goes)' : ''}`,
        ...diff(decode(entry.after), decode(entry.before)),
      ])
      return
    case 'changed':
      say([
        `${path} changed since setup wrote it`,
        '  what setup changed:',
        ...diff(undo.before, undo.written),
        '  what changed since:',
        ...diff(undo.written, undo.now),
        ...(undo.merged === undefined
          ? ['  both are at the same place, so they cannot be told apart']
          : ['  what it would be:', ...diff(undo.now, undo.merged)]),
      ])
  }
}

/**
 * Where no change of a client stands its former address is in force, and no longer to be remembered. Nothing is
 * forgotten while an entry cannot be read: it may be one that stands.
 */
export async function forgetFormer(journal: Journal): Promise<void> {
  const { entries, unreadable } = await journal.entries()
  if (unreadable.length > 0) return
  const left = new Set<string>(entries.flatMap(({ formerOf }) => formerOf))
  const free = clients.filter(({ id }: Client) => !left.has(id))
  for (const client of free) await journal.forgetFormer(client)
}

function jsonRow({ path, client, result, reason }: Row) {
  return { path, client, outcome: result, reason: reason === undefined ? null : shown(reason) }
}
