import { join } from 'node:path'
import type { Machine } from '../clients/machine.ts'
import type { GoMod } from '../ecosystems/go/go-mod.ts'
import { type GoSum, readGoSum } from './go-sum.ts'
import type { GoWorkspace } from './go-workspace.ts'
import { good, type ProjectCheck, problem, warning } from './project-check.ts'

export interface ProjectSums {
  /** Of all files together. */
  readonly sum: GoSum
  /** The first file with lines that Go would not take. */
  readonly malformed: { readonly name: string; readonly lines: readonly number[] } | undefined
}

/** go.sum, and in a workspace also go.work.sum and every other module's go.sum: a hash may stand in any of them. */
export async function readSums(
  machine: Pick<Machine, 'readText'>,
  folder: string,
  workspace: GoWorkspace | undefined,
): Promise<ProjectSums> {
  const names = ['go.sum', ...(workspace?.sums ?? [])]
  const texts = await Promise.all(
    names.map(async (name) => (await machine.readText(join(folder, name))) ?? ''),
  )
  const malformed = names.flatMap((name, index) => {
    const lines = readGoSum(texts[index] ?? '').malformed
    return lines.length === 0 ? [] : [{ name, lines }]
  })
  return { sum: readGoSum(texts.join('\n')), malformed: malformed[0] }
}

/** Every requirement needs the hash of its go.mod, and one that is imported here that of its zip too. */
export function sumCheck(
  file: Pick<GoMod, 'require' | 'replace'>,
  { sum, malformed }: ProjectSums,
  workspace: GoWorkspace | undefined,
): ProjectCheck {
  if (malformed !== undefined) {
    const text = `${malformed.name} line ${malformed.lines.join(', ')} is not 'module version h1:…'`
    const then = workspace === undefined ? 'go mod tidy' : 'go build ./...'
    return problem('go.sum', text, `take the line out, then: ${then}`)
  }
  const replace = workspace?.replace ?? file.replace
  const missing: { readonly what: string; readonly module: string }[] = []
  for (const { path, version, indirect } of file.require) {
    const replaced = replace.find(
      (one) => one.path === path && (one.version === undefined || one.version === version),
    )
    if (replaced !== undefined && replaced.with.version === undefined) continue
    const name = replaced?.with.path ?? path
    const at = replaced?.with.version ?? version
    // Of the versions that a workspace's modules ask for only the highest is built.
    const others = replaced === undefined ? (workspace?.require ?? []) : []
    const versions = [at, ...others.flatMap((one) => (one.path === path ? [one.version] : []))]
    if (!sum.has(name, `${at}/go.mod`)) missing.push({ what: `${name} ${at}/go.mod`, module: path })
    else if (!indirect && !versions.some((one) => sum.has(name, one)))
      missing.push({ what: `${name} ${at}`, module: path })
  }
  const [first] = missing
  if (first === undefined) {
    const whose = workspace === undefined ? 'it has' : 'the files of the workspace have'
    return good('go.sum', `${whose} a hash for each requirement (${sum.size} lines)`)
  }
  const rest = `${first.what}${missing.length > 1 ? ` and ${missing.length - 1} more` : ''}`
  if (workspace === undefined) return problem('go.sum', `go.sum has no hash for ${rest}`, 'go mod tidy')
  // In a workspace builds take what is missing and write it there (cmd/go, go.work.sum).
  const text = `neither ${workspace.sums[0]} nor a go.sum of the workspace has a hash for ${rest}: the next build takes it from the checksum database`
  // `go mod tidy` leaves the workspace out, and fails where a module of it is nowhere else.
  const modules = [...new Set(missing.map(({ module }) => module))]
  return warning('go.sum', text, `go mod download ${modules.join(' ')}`)
}
