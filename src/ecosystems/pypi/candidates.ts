/**
 * The newest files of a page, in a form that is read fast: what a resolver would look at first. Made once for each
 * page (the view `pypi.candidates`).
 */

import { type ClientMachine, fitOf } from './client-machine.ts'
import { parseDistribution } from './distribution-file.ts'
import { encodeFileName, type Route } from './file-route.ts'
import { type PageFile, routeOf } from './page-file.ts'
import { compareVersions, meets, parseVersion, type Version, wantsPre } from './version.ts'

/** So many versions back a resolver is followed. */
const MAX_VERSIONS = 24

export interface Candidate {
  readonly version: string
  readonly file: string
  readonly route: Route
  readonly sizeBytes: number
  readonly hasMetadata: boolean
}

interface Line extends Candidate {
  readonly requiresPython: string
}

/** A line a file, newest version first; yanked files and names that tell no version are left out. */
export function* writeCandidates(files: Iterable<PageFile>, project: string): Generator<string> {
  const byVersion = new Map<string, { version: Version; lines: string[] }>()
  for (const file of files) {
    const { kind, version: written } = parseDistribution(file.filename, project)
    const version = written === undefined ? undefined : parseVersion(written)
    if (kind === 'other' || written === undefined || version === undefined || file.yanked !== undefined)
      continue
    const { size = 0, requiresPython = '', coreMetadata } = file
    const line = [
      written,
      encodeFileName(file.filename),
      routeOf(file),
      size,
      coreMetadata === undefined ? '-' : 'M',
      requiresPython.replace(/\s+/g, ' '),
    ].join('\t')
    const known = byVersion.get(written)
    if (known === undefined) byVersion.set(written, { version, lines: [line] })
    else known.lines.push(line)
  }
  const newest = [...byVersion.values()].sort((a, b) => compareVersions(b.version, a.version))
  const stable = newest.filter(({ version }) => !version.isPre).slice(0, MAX_VERSIONS)
  const pre = newest.filter(({ version }) => version.isPre).slice(0, MAX_VERSIONS / 4)
  for (const { lines } of [...stable, ...pre]) for (const line of lines) yield `${line}\n`
}

/**
 * The wheel that a resolver on this machine would take: of the newest version that meets every specifier and the
 * Python at hand. Undefined when that version has none that fits, but a source distribution.
 */
export function pickWheel(
  digest: Uint8Array,
  {
    machine,
    specifiers,
    project,
  }: {
    readonly machine: ClientMachine
    readonly specifiers: readonly string[]
    readonly project: string
  },
): Candidate | undefined {
  const all = [...linesOf(digest)]
  const wanted = (line: Line): boolean => {
    const version = parseVersion(line.version)
    if (version === undefined || !specifiers.every((specifier) => meets(version, specifier))) return false
    return machine.version === undefined || meets(machine.version, line.requiresPython)
  }
  const allowed = all.filter(wanted)
  const stable = allowed.filter(({ version }) => parseVersion(version)?.isPre === false)
  const list = stable.length > 0 && !specifiers.some(wantsPre) ? stable : allowed.sort(newestFirst)
  for (let start = 0; start < list.length; ) {
    const version = list[start]?.version
    let end = start
    let best: { line: Line; fit: number } | undefined
    let hasSource = false
    for (; list[end]?.version === version; end++) {
      const line = list[end]
      if (line === undefined) break
      const distribution = parseDistribution(line.file, project)
      if (distribution.kind === 'sdist') hasSource = true
      const fit = fitOf(distribution, machine)
      if (fit !== undefined && (best === undefined || fit > best.fit)) best = { line, fit }
    }
    if (best !== undefined) return best.line
    if (hasSource) return undefined
    start = end
  }
  return undefined
}

function newestFirst(a: Line, b: Line): number {
  const [left, right] = [parseVersion(a.version), parseVersion(b.version)]
  return left === undefined || right === undefined ? 0 : compareVersions(right, left)
}

function* linesOf(digest: Uint8Array): Generator<Line> {
  const text = Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString('latin1')
  for (const line of text.split('\n')) {
    const [version, file, route, size, metadata, requiresPython] = line.split('\t')
    if (!version || !file || !route) continue
    yield {
      version,
      file: decodeURIComponent(file),
      route,
      sizeBytes: Number(size),
      hasMetadata: metadata === 'M',
      requiresPython: requiresPython ?? '',
    }
  }
}
