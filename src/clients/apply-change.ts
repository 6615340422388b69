import { dirname } from 'node:path'
import type { ClientId } from './client.ts'
import { SettingsFileError } from './file-text.ts'
import type { Journal, JournalEntry } from './journal.ts'
import type { PlannedChange } from './plan-changes.ts'
import { missingFolders, readBytes, replaceFile } from './replace-file.ts'

/** New files of a user may come to hold tokens; those of a project are everybody's. */
const MODES = { user: 0o600, project: 0o644 } as const

export interface ApplyOptions {
  readonly journal: Journal
  readonly client: JournalEntry['client']
  readonly scope: keyof typeof MODES
  readonly nowMs: number
  readonly formerOf?: readonly ClientId[]
  readonly address?: string
}

/**
 * Writes a planned change: the journal first, then the file in one step. Throws a SettingsFileError when the file
 * is no longer what the plan was made from, and what the file system says; then the file is as it was.
 */
export async function applyChange(change: PlannedChange, options: ApplyOptions): Promise<JournalEntry> {
  const { found, afterBytes } = change
  if (!sameBytes(await readBytes(found.realPath), found.bytes)) {
    throw new SettingsFileError(`${change.path} changed in the meantime`, 'run setup again')
  }
  const { journal, client, scope, nowMs, formerOf = [], address } = options
  const entry = await journal.add(
    {
      client,
      path: change.path,
      realPath: found.realPath,
      keys: change.keys,
      before: found.bytes,
      after: afterBytes,
      mode: found.mode,
      formerOf,
      address,
      folders: await missingFolders(dirname(found.realPath)),
    },
    nowMs,
  )
  try {
    await replaceFile(found, afterBytes, found.mode ?? MODES[scope])
    return entry
  } catch (error) {
    await journal.remove(entry)
    throw error
  }
}

export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return Buffer.compare(a, b) === 0
}
