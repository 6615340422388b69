import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { FileEdit, OwnCommand } from './client.ts'
import { decodeFile, type FileText, SettingsFileError } from './file-text.ts'
import { turnGoCountersOff } from './go-counters.ts'
import { diffLines } from './line-diff.ts'
import { type Machine, quiet } from './machine.ts'
import { type Found, findFile } from './replace-file.ts'

/** A change of one file, worked out to the byte and not written yet. */
export interface PlannedChange {
  /** As the client names it; a link is followed to `found.realPath`. */
  readonly path: string
  readonly found: Found
  readonly before: string
  readonly after: string
  readonly afterBytes: Uint8Array
  readonly keys: readonly string[]
  /** How the new text was made: the client's own command line, or undefined for our own edit. */
  readonly command: string | undefined
}

export type PlannedEdit =
  | { readonly kind: 'change'; readonly change: PlannedChange }
  | { readonly kind: 'unchanged'; readonly path: string }
  | { readonly kind: 'refused'; readonly path: string; readonly reason: string; readonly hint: string }

/** Works out what an edit would do. Writes nothing but in a private folder. Throws what the file system says. */
export async function planEdit(machine: Machine, edit: FileEdit, installed: boolean): Promise<PlannedEdit> {
  const { path } = edit
  const refused = (reason: string, hint: string): PlannedEdit => ({ kind: 'refused', path, reason, hint })
  let found: Found
  let file: FileText
  try {
    found = await findFile(path)
    file = decodeFile(found.bytes ?? new Uint8Array())
  } catch (error) {
    if (error instanceof SettingsFileError) return refused(error.message, error.hint)
    throw error
  }
  const edited = edit.edit(file.text)
  if (!edited.ok) return refused(edited.reason, edited.hint)
  if (edited.text === file.text && found.bytes !== undefined) return { kind: 'unchanged', path }
  if (found.locked !== undefined) {
    return refused(found.locked, 'whoever manages it can make the change, or lift the protection')
  }
  const byClient = edit.own && installed ? await rehearse(machine, edit.own, file.text) : undefined
  const isGood =
    byClient !== undefined && keepsTheRest(file.text, edited.text, byClient) && isDone(edit, byClient)
  const after = isGood ? byClient : edited.text
  return {
    kind: 'change',
    change: {
      path,
      found,
      before: file.text,
      after,
      afterBytes: file.encode(after),
      keys: edit.keys,
      command: isGood ? edit.own?.argv.join(' ') : undefined,
    },
  }
}

/** What the client's own command makes of a copy; undefined when it fails. */
async function rehearse(machine: Machine, own: OwnCommand, text: string): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-setup-'))
  try {
    const copy = join(folder, own.copy)
    await mkdir(dirname(copy), { recursive: true })
    if (text !== '') await writeFile(copy, text, { mode: 0o600 })
    // A home of its own: npm and Go leave logs and counters in the user's, and a dry run must leave nothing.
    const home = { HOME: folder, USERPROFILE: folder, XDG_CONFIG_HOME: folder, npm_config_cache: folder }
    const env = { ...quiet(machine.env), ...home, ...own.env(folder, copy) }
    if (own.argv[0] === 'go') await turnGoCountersOff(machine, home)
    const ran = await machine.run(own.argv, { cwd: folder, env })
    return ran.ok ? await machine.readText(copy) : undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** npm's, pip's and others' own commands drop comments and sort: then ours, which touches one line, is better. */
function keepsTheRest(before: string, minimal: string, byClient: string): boolean {
  const removed = (after: string) =>
    diffLines(before, after).flatMap(({ kind, line }) => (kind === 'removed' ? [line] : []))
  const added = diffLines(before, byClient).filter(({ kind, line }) => kind === 'added' && line.trim() !== '')
  const allowed = removed(minimal)
  const isSubset = removed(byClient).every((line) => allowed.includes(line))
  return isSubset && added.length <= diffLines(before, minimal).filter(({ kind }) => kind === 'added').length
}

function isDone(edit: FileEdit, text: string): boolean {
  const again = edit.edit(text)
  return again.ok && again.text === text
}
