import { applyChange } from '../clients/apply-change.ts'
import { decodeFile, SettingsFileError } from '../clients/file-text.ts'
import { Journal } from '../clients/journal.ts'
import { findFile } from '../clients/replace-file.ts'
import { readGoEnv } from '../config/go-env.ts'
import type { Verdict } from '../doctor/report.ts'
import type { VerdictId } from '../doctor/verdict.ts'

/** Fixes that change one value of Go's own file, and nothing that could make a build less safe. */
const applicable: readonly VerdictId[] = [
  'go.goproxy_comma',
  'go.gosumdb_off',
  'go.gosumdb_invalid',
  'go.nosumdb_all',
  'go.private_missing',
]

export interface FixOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The data folder, whose journal lets `posthaste setup --undo` take it back. */
  readonly data: string
  readonly nowMs: number
}

export type FixResult =
  | { readonly outcome: 'applied'; readonly what: string }
  | { readonly outcome: 'refused'; readonly what: string; readonly reason: string }

interface GoChange {
  readonly name: string
  /** Undefined: the value is removed, so that the default counts. */
  readonly value: string | undefined
}

/** Does what the verdicts' own `go env` lines say, through setup's journal. Throws what the file system says. */
export async function applyFixes(verdicts: readonly Verdict[], options: FixOptions): Promise<FixResult[]> {
  const changes = verdicts.filter(({ id }) => applicable.includes(id)).flatMap(({ fix }) => goChanges(fix))
  const results: FixResult[] = []
  for (const change of changes) results.push(await applyOne(change, options))
  return results
}

/** The `$ go env -w NAME=VALUE` and `$ go env -u NAME` of a fix, and what stands there for a variable that is set. */
export function goChanges(fix: string): GoChange[] {
  return fix.split('\n').flatMap((line): GoChange[] => {
    const set = /^\$ (?:go env -w|export) ([A-Z]+)=(?:"([^"]*)"|(\S+))$/.exec(line)
    if (set !== null) return [{ name: set[1] ?? '', value: set[2] ?? set[3] ?? '' }]
    const unset = /^\$ (?:go env -u|unset) ([A-Z]+)$/.exec(line)
    return unset === null ? [] : [{ name: unset[1] ?? '', value: undefined }]
  })
}

async function applyOne(change: GoChange, { env, data, nowMs }: FixOptions): Promise<FixResult> {
  const { name, value } = change
  const what = value === undefined ? `go env -u ${name}` : `go env -w ${name}=${value}`
  const refused = (reason: string): FixResult => ({ outcome: 'refused', what, reason })
  if (env[name]) return refused(`${name} is set in the environment, which wins: change it there`)
  if (value?.includes('***'))
    return refused('the value holds credentials, which are not shown: change it by hand')
  const go = await readGoEnv(env, { command: 'go', timeoutMs: 5_000 })
  if (!go.ok) return refused(go.reason)
  if (go.env.GOENV === '' || go.env.GOENV === 'off')
    return refused('GOENV is off: Go reads no file of its own')
  try {
    const found = await findFile(go.env.GOENV)
    if (found.locked !== undefined) return refused(found.locked)
    const file = decodeFile(found.bytes ?? new Uint8Array())
    const after = withChange(file.text, change)
    if (after === file.text) return refused('it is so already')
    const afterBytes = file.encode(after)
    const planned = {
      path: go.env.GOENV,
      found,
      before: file.text,
      after,
      afterBytes,
      keys: [name],
      command: undefined,
    }
    await applyChange(planned, { journal: new Journal(data), client: 'go', scope: 'user', nowMs })
    return { outcome: 'applied', what }
  } catch (error) {
    if (error instanceof SettingsFileError) return refused(`${error.message}: ${error.hint}`)
    throw error
  }
}

/** Of Go's own file: one `NAME=value` a line; the other lines keep their bytes. GOPRIVATE is added to. */
export function withChange(text: string, { name, value }: GoChange): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const at = lines.findIndex((line) => line.startsWith(`${name}=`))
  const before = at === -1 ? '' : (lines[at] ?? '').slice(name.length + 1).trim()
  if (value === undefined) return at === -1 ? text : joined(lines.toSpliced(at, 1))
  const wanted = name === 'GOPRIVATE' && before !== '' ? added(before, value) : value
  const line = `${name}=${wanted}`
  return joined(at === -1 ? [...lines, line] : lines.with(at, line))
}

function added(list: string, item: string): string {
  return list.split(',').includes(item) ? list : `${list},${item}`
}

function joined(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
