import { rm } from 'node:fs/promises'
import { sameBytes } from './apply-change.ts'
import { decodeFile, SettingsFileError } from './file-text.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { mergeThree } from './line-diff.ts'
import { type Found, findFile, readBytes, removeEmptyFolders, replaceFile } from './replace-file.ts'

/** Changes of one file that follow each other without a gap, taken as one. */
export interface Span extends Omit<JournalEntry, 'id'> {
  /** Newest first. */
  readonly parts: readonly JournalEntry[]
}

/** Joins what follows each other; what somebody else changed in between stays apart. Newest first, as the entries. */
export function spansOf(entries: readonly JournalEntry[]): Span[] {
  const spans: Span[] = []
  for (const entry of entries) {
    const at = spans.findLastIndex(({ realPath }) => realPath === entry.realPath)
    const newer = spans[at]
    if (newer !== undefined && sameBytes(newer.before, entry.after)) {
      const { before, mode, folders, at: since } = entry
      spans[at] = { ...newer, before, mode, folders, at: since, parts: [...newer.parts, entry] }
    } else {
      spans.push({ ...entry, parts: [entry] })
    }
  }
  return spans
}

/** What taking a change back would do. */
export type Undo = Taking & {
  readonly entry: Span
  /** Later changes of the same file that stay: as they would have been without this one. */
  readonly rebased: readonly JournalEntry[]
}

type Taking =
  /** The file is as we left it: it becomes, byte for byte, what it was. */
  | { readonly kind: 'restore'; readonly found: Found }
  /** It is already as it was before. */
  | { readonly kind: 'nothing' }
  /** Somebody changed it since. `merged` takes our change out and keeps theirs; undefined where both overlap. */
  | {
      readonly kind: 'changed'
      readonly found: Found
      readonly before: string
      readonly written: string
      readonly now: string
      readonly merged: string | undefined
    }
  | { readonly kind: 'locked'; readonly reason: string; readonly hint: string }

/**
 * Looks, and writes nothing. `standing` are the entries of the journal: a later change of the same file that stays
 * must still be one that can be taken back afterwards. Throws a SettingsFileError or what the file system says.
 */
export async function planUndo(entry: Span, standing: readonly JournalEntry[] = []): Promise<Undo> {
  const later = laterThan(entry, standing).map((one) => ({ one, without: rebase(one, entry) }))
  const rebased = later.flatMap(({ without }) => without ?? [])
  const found = await findFile(entry.realPath)
  if (sameBytes(found.bytes, entry.before)) return { kind: 'nothing', entry, rebased }
  if (found.locked !== undefined) {
    const hint = "lift that, then run 'posthaste setup --undo' again"
    return { kind: 'locked', entry, rebased, reason: found.locked, hint }
  }
  if (sameBytes(found.bytes, entry.after)) return { kind: 'restore', entry, rebased, found }
  const bound = later.find(({ without }) => without === undefined)?.one
  if (bound !== undefined) {
    const reason = `a later change of it, by ${bound.client}, rests on this one`
    const hint = `take that back first: posthaste setup${bound.client === 'locks' ? '' : ` ${bound.client}`} --undo`
    return { kind: 'locked', entry, rebased, reason, hint }
  }
  const [before, written, now] = [textOf(entry.before), textOf(entry.after), textOf(found.bytes)]
  const merged = found.bytes && without(found.bytes, entry)
  return { kind: 'changed', entry, rebased, found, before, written, now, merged }
}

function laterThan({ realPath, parts }: Span, standing: readonly JournalEntry[]): JournalEntry[] {
  const newest = parts[0]?.id ?? ''
  return standing.filter((one) => one.realPath === realPath && one.id > newest)
}

/** A later change, as it would have been had this one never been made; undefined where both are at one place. */
function rebase(later: JournalEntry, undone: Span): JournalEntry | undefined {
  // It was made on a file without it: one that was gone in between, or what an undo left that was cut off.
  if (later.before === undefined || sameBytes(later.before, undone.before)) return later
  const after = without(later.after, undone)
  if (after === undefined) return undefined
  const whole = { ...later, after: decodeFile(later.after).encode(after) }
  if (sameBytes(later.before, undone.after)) {
    const { before, mode, folders } = undone
    return before === undefined ? { ...whole, before, mode, folders } : { ...whole, before }
  }
  const before = without(later.before, undone)
  return before === undefined ? undefined : { ...whole, before: decodeFile(later.before).encode(before) }
}

/** The text of these bytes without a change; undefined where something else is at its place. */
function without(bytes: Uint8Array, undone: Span): string | undefined {
  return mergeThree(textOf(undone.after), textOf(undone.before), textOf(bytes))
}

function textOf(bytes: Uint8Array | undefined): string {
  return decodeFile(bytes ?? new Uint8Array()).text
}

/**
 * Carries an undo out, and takes its entries out of the journal. Throws a SettingsFileError when the file is no longer
 * what the plan was made from, and what the file system says.
 */
export async function carryOutUndo(undo: Undo, journal: Journal): Promise<void> {
  const { entry } = undo
  if (undo.kind === 'locked') throw new SettingsFileError(undo.reason, undo.hint)
  if (undo.kind !== 'nothing' && !sameBytes(await readBytes(undo.found.realPath), undo.found.bytes)) {
    throw new SettingsFileError('it changed in the meantime', "run 'posthaste setup --undo' again")
  }
  if (undo.kind === 'restore') {
    if (entry.before === undefined) await removeFile(entry)
    else await replaceFile(undo.found, entry.before, undo.found.mode ?? entry.mode ?? 0o600)
  }
  if (undo.kind === 'changed') {
    if (undo.merged === undefined) throw new Error(`${entry.path}: both changes are at the same place`)
    const bytes = decodeFile(undo.found.bytes ?? new Uint8Array()).encode(undo.merged)
    if (undo.merged === '' && entry.before === undefined) await removeFile(entry)
    else await replaceFile(undo.found, bytes, undo.found.mode ?? 0o600)
  }
  // Before the entries go: where this is cut off, each of them can still be undone, the latest first.
  for (const later of undo.rebased) await journal.replace(later)
  for (const part of entry.parts) await journal.remove(part)
}

/** Folders that we made go too, when nothing else came to lie in them. */
async function removeFile({ realPath, folders }: Span): Promise<void> {
  await rm(realPath, { force: true })
  await removeEmptyFolders(folders)
}
