import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { SettingFact } from '../evidence.ts'
import type { GoValues } from './go-settings.ts'

type Name = 'GOFLAGS' | 'GOWORK' | 'vendor'

/**
 * What flags, a workspace and a vendor folder do to the module around the working folder: faults that look like those
 * of a network and are none. The rules are those of `go help modules`, of the Go modules reference ("Vendoring",
 * "Workspaces") and of cmd/go 1.14 to 1.26.
 */
export async function checkGoProject(values: GoValues): Promise<SettingFact[]> {
  const flags = (values.GOFLAGS ?? '').split(/\s+/)
  if (values.GO111MODULE === 'off') return []
  const unknown = flags.find((flag) => /^--?insecure\b/.test(flag))
  if (unknown !== undefined)
    return [
      fact(
        'GOFLAGS',
        values.GOFLAGS,
        'go.flags',
        `${unknown} was given up, go get stops at it (GOINSECURE takes its place)`,
      ),
    ]
  const goMod = values.GOMOD ?? ''
  if (!goMod.endsWith('go.mod')) return []
  const root = dirname(goMod)
  const workspace = values.GOWORK === 'off' ? '' : (values.GOWORK ?? '')
  if (workspace !== '') return outsideOf(workspace, root)
  const mode = flags.map((flag) => /^--?mod=(\w+)$/.exec(flag)?.[1]).find((found) => found !== undefined)
  const [vendored, module] = await Promise.all([read(join(root, 'vendor', 'modules.txt')), read(goMod)])
  if (mode === 'vendor' && vendored === undefined)
    return [fact('GOFLAGS', values.GOFLAGS, 'go.flags', `-mod=vendor, and ${root} has no vendor folder`)]
  if (mode === 'mod' && vendored !== undefined)
    return [
      fact(
        'GOFLAGS',
        values.GOFLAGS,
        'go.flags',
        `-mod=mod fetches everything, past the vendor folder of ${root}`,
      ),
    ]
  if (mode === 'readonly' || vendored === undefined || module === undefined || !asksForVendor(module, mode))
    return []
  const differences = vendorDifferences(module, vendored)
  if (differences.length === 0) return []
  return [
    fact(
      'vendor',
      join(root, 'vendor', 'modules.txt'),
      'go.vendor_stale',
      differences.slice(0, 3).join(', '),
    ),
  ]
}

function fact(name: Name, value: string | undefined, problem: string, detail: string): SettingFact {
  const foundIn = name === 'vendor' ? 'the project' : 'go env'
  return { probe: 'setting', outcome: 'wrong', name, value: value ?? '', foundIn, problem, detail }
}

/** A module below a go.work that does not use it cannot be built there. */
async function outsideOf(workspace: string, root: string): Promise<SettingFact[]> {
  const text = await read(workspace)
  if (text === undefined) return [fact('GOWORK', workspace, 'go.workspace', `${workspace} is not there`)]
  const used = entriesOf(text, 'use').map((entry) => resolve(dirname(workspace), entry))
  if (used.includes(root)) return []
  return [fact('GOWORK', workspace, 'go.workspace', `${workspace} does not use ${root}`)]
}

/** From `go 1.14` on a vendor folder is taken without being asked for, and is checked. */
function asksForVendor(module: string, mode: string | undefined): boolean {
  const [, minor = '0'] = /^go\s+1\.(\d+)/m.exec(module) ?? []
  return mode === 'vendor' || Number(minor) >= 14
}

/** Requirements of go.mod that vendor/modules.txt does not mark `## explicit` with the same version, and the other way round. */
export function vendorDifferences(module: string, vendored: string): string[] {
  const required = new Set(
    entriesOf(module, 'require').map((entry) => entry.split(/\s+/).slice(0, 2).map(unquoted).join(' ')),
  )
  const explicit = new Set(
    [...vendored.matchAll(/^# (\S+ v\S+)(?: => .*)?\n## explicit/gm)].map(([, found = '']) => found),
  )
  return [
    ...[...required].filter((one) => !explicit.has(one)).map((one) => `${one} is not in vendor`),
    ...[...explicit].filter((one) => !required.has(one)).map((one) => `${one} is in vendor only`),
  ]
}

/** What follows a directive of go.mod or go.work, in a line or in a block; without comments. */
function entriesOf(text: string, directive: string): string[] {
  const found: string[] = []
  let inside = false
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\/\/.*$/, '').trim()
    if (inside && line === ')') inside = false
    else if (inside && line !== '') found.push(unquoted(line))
    else if (new RegExp(`^${directive}\\s*\\($`).test(line)) inside = true
    else if (line.startsWith(`${directive} `)) found.push(unquoted(line.slice(directive.length).trim()))
  }
  return found
}

function unquoted(text: string): string {
  return text.replace(/^(["`])(.*)\1$/, '$2')
}

/** A file that is not there says nothing. */
async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
}
