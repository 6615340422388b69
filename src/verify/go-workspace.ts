import { dirname, join, relative, resolve } from 'node:path'
import { folderWith, type Machine } from '../clients/machine.ts'
import { type GoMod, parseGoMod } from '../ecosystems/go/go-mod.ts'
import { parseGoModLines } from '../ecosystems/go/go-mod-lines.ts'

/** What a go.work adds to one of its modules (go.dev/ref/mod#workspaces). */
export interface GoWorkspace {
  /** Paths of its modules: none of them is fetched, whatever version is asked for. */
  readonly modules: ReadonlySet<string>
  /** All that its modules require, but for its own modules. */
  readonly require: GoMod['require']
  /** Those of go.work, which stand above those of its modules. */
  readonly replace: GoMod['replace']
  /** Files with hashes besides the module's own go.sum, relative to its folder; not all need be there. */
  readonly sums: readonly [workSum: string, ...others: string[]]
}

/** The workspace that builds in this module's folder go by; undefined when there is none, or it leaves the module out. */
export async function readGoWorkspace(machine: Machine, folder: string): Promise<GoWorkspace | undefined> {
  const path = await workFile(machine)
  const text = path === undefined ? undefined : await machine.readText(path)
  if (path === undefined || text === undefined) return undefined
  const root = dirname(path)
  const work = parseGoMod(Buffer.from(text))
  const used = usedFolders(text).map((one) => resolve(root, one))
  if (!work.ok || !used.includes(folder)) return undefined
  const files = await Promise.all(used.map((one) => readGoMod(machine, one)))
  const known = files.filter((file) => file !== undefined)
  const modules = new Set(known.flatMap((file) => file.module ?? []))
  return {
    modules,
    require: known.flatMap((file) => file.require).filter((one) => !modules.has(one.path)),
    replace: [...work.file.replace, ...known.flatMap((file) => file.replace)],
    sums: [
      relative(folder, `${path}.sum`),
      ...used.filter((one) => one !== folder).map((one) => relative(folder, join(one, 'go.sum'))),
    ],
  }
}

/** cmd/go/internal/modload.FindGoWork. */
async function workFile(machine: Machine): Promise<string | undefined> {
  const { GOWORK = '' } = machine.env
  if (GOWORK === 'off') return undefined
  if (GOWORK !== '' && GOWORK !== 'auto') return GOWORK
  const found = await folderWith(machine, ['go.work'])
  return found === undefined ? undefined : join(found, 'go.work')
}

function usedFolders(text: string): readonly string[] {
  const lines = parseGoModLines(text)
  if ('reason' in lines) return []
  return lines.flatMap(({ tokens: [verb, written] }) =>
    verb === 'use' && written !== undefined ? [unquoted(written)] : [],
  )
}

function unquoted(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/g, '$1') : token
}

async function readGoMod(machine: Machine, folder: string): Promise<GoMod | undefined> {
  const parsed = parseGoMod(Buffer.from((await machine.readText(join(folder, 'go.mod'))) ?? ''))
  return parsed.ok ? parsed.file : undefined
}
