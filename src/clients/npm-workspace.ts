import { join, matchesGlob, relative, sep } from 'node:path'
import { folderWith, type Machine, upwards } from './machine.ts'

/**
 * The folder whose .npmrc npm takes as the project's. From a workspace that is its root's: npm ignores the one beside
 * the workspace (`@npmcli/config`, loadLocalPrefix).
 */
export async function npmProjectFolder(machine: Machine): Promise<string> {
  const nearest = await folderWith(machine, ['package.json', 'node_modules'])
  if (nearest === undefined) return machine.cwd
  if ((await manifestOf(machine, nearest)) === undefined) return nearest
  for (const folder of upwards(nearest).slice(1)) {
    const manifest = await manifestOf(machine, folder)
    const path = relative(folder, nearest).split(sep).join('/')
    if (manifest !== undefined && covers(workspacesOf(manifest), path)) return folder
  }
  return nearest
}

/** Undefined for none; one that cannot be read names no workspaces. */
async function manifestOf(machine: Machine, folder: string): Promise<unknown> {
  const text = await machine.readText(join(folder, 'package.json'))
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** `workspaces: […]`, or Yarn's `workspaces: { packages: […] }`. */
function workspacesOf(manifest: unknown): readonly string[] {
  const declared = fieldOf(manifest, 'workspaces')
  const list = Array.isArray(declared) ? declared : fieldOf(declared, 'packages')
  return Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : []
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

/** As `@npmcli/map-workspaces`: a pattern takes back the exclusions above that it matches. */
function covers(patterns: readonly string[], path: string): boolean {
  if (path.split('/').includes('node_modules')) return false
  const included: string[] = []
  let excluded: string[] = []
  for (const written of patterns) {
    const marks = /^!*/.exec(written)?.[0] ?? ''
    const pattern = written
      .slice(marks.length)
      .replace(/^\.?\/+/, '')
      .replace(/\/+$/, '')
    if (marks.length % 2 === 1) {
      excluded.push(pattern)
    } else {
      excluded = excluded.filter((one) => !matchesGlob(pattern, one))
      included.push(pattern)
    }
  }
  const matches = (pattern: string) => matchesGlob(path, pattern)
  return included.some(matches) && !excluded.some(matches)
}
