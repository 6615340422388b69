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
export type Undo =
  /** The file is as we left it: it becomes, byte for byte, what it was. */
  | { readonly kind: 'restore'; readonly entry: Span; readonly found: Found }
  /** It is already as it was before. */
  | { readonly kind: 'nothing'; readonly entry: Span }
  /** Somebody changed it since. `merged` takes our change out and keeps theirs; undefined where both overlap. */
  | {
      readonly kind: 'changed'
      readonly entry: Span
      readonly found: Found
      readonly before: string
      readonly written: string
      readonly now: string
      readonly merged: string | undefined
    }
  | { readonly kind: 'locked'; readonly entry: Span; readonly reason: string }

/** Looks, and writes nothing. Throws a SettingsFileError or what the file system says. */
export async function planUndo(entry: Span): Promise<Undo> {
  const found = await findFile(entry.realPath)
  if (sameBytes(found.bytes, entry.before)) return { kind: 'nothing', entry }
  if (found.locked !== undefined) return { kind: 'locked', entry, reason: found.locked }
  if (sameBytes(found.bytes, entry.after)) return { kind: 'restore', entry, found }
  const [before, written, now] = [entry.before, entry.after, found.bytes].map(
    (bytes) => decodeFile(bytes ?? new Uint8Array()).text,
  )
  const texts = { before: before ?? '', written: written ?? '', now: now ?? '' }
  return {
    kind: 'changed',
    entry,
    found,
    ...texts,
    merged: found.bytes === undefined ? undefined : mergeThree(texts.written, texts.before, texts.now),
  }
}

/**
 * Carries an undo out, and takes its entries out of the journal. Throws a SettingsFileError when the file is no longer
 * what the plan was made from, and what the file system says.
 */
export async function carryOutUndo(undo: Undo, journal: Journal): Promise<void> {
  const { entry } = undo
  if (undo.kind === 'locked') throw new Error(`${entry.path}: ${undo.reason}`)
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
  for (const part of entry.parts) await journal.remove(part)
}

/** Folders that we made go too, when nothing else came to lie in them. */
async function removeFile({ realPath, folders }: Span): Promise<void> {
  await rm(realPath, { force: true })
  await removeEmptyFolders(folders)
}
