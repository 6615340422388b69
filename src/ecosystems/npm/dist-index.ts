import type { Transform } from '../ecosystem.ts'
import { tarballFile } from './package-name.ts'
import { type Dist, param, readDist, valuesOf } from './packument.ts'

/** Lines go out together, so many characters at a time. */
const PIECE_LENGTH = 64 * 1024

/** What is known of one tarball. Everything in it is the source's own word. */
export interface DistEntry {
  readonly version: string
  /** Subresource integrity: `sha512-…`, maybe several. */
  readonly integrity?: string
  /** SHA-1 in hex. */
  readonly shasum?: string
  /** Where the source says that it lies. */
  readonly tarball?: string
  /** The registry's signatures over name, version and integrity, as JSON. */
  readonly signatures?: string
  /** When it was published, where the packument says so. */
  readonly time?: string
}

/**
 * A packument's tarballs by file name, one a line, so that one is found without reading the others. A tarball
 * stands under the name that we give it, and under its own where no other has that.
 */
export const distIndex: Transform = function* ({ body, params }) {
  const name = param(params, 'name')
  const dists = new Map<string, Dist>()
  const times = new Map<string, string>()
  valuesOf(body)({
    member: (key, values) => {
      if (key !== 'time' || values.kind() !== 'object') return
      times.clear()
      values.object((version) => {
        const at = values.string()
        if (at !== undefined) times.set(version, at.text)
      })
    },
    opensVersions: () => dists.clear(),
    version: (version, values) => {
      dists.delete(version)
      values.object((key) => {
        if (key !== 'dist') return
        const dist = readDist(values)
        if (dist === undefined) dists.delete(version)
        else dists.set(version, dist)
      })
    },
  })

  const files = new Map<string, string>()
  for (const version of dists.keys()) files.set(tarballFile(name, version), version)
  for (const [version, { tarball }] of dists) {
    const own = fileOf(tarball)
    if (own !== undefined && !files.has(own)) files.set(own, version)
  }
  let lines = '{'
  let separator = '\n'
  for (const [file, version] of files) {
    const time = times.get(version)
    const entry: DistEntry = { version, ...dists.get(version), ...(time === undefined ? {} : { time }) }
    lines += `${separator}${JSON.stringify(file)}:${JSON.stringify(entry)}`
    separator = ',\n'
    if (lines.length < PIECE_LENGTH) continue
    yield Buffer.from(lines)
    lines = ''
  }
  yield Buffer.from(`${lines}\n}\n`)
}

/** The entry of a file in what `distIndex` made; undefined when there is none. */
export function findDist(index: Uint8Array, file: string): DistEntry | undefined {
  const bytes = Buffer.from(index.buffer, index.byteOffset, index.byteLength)
  const key = `\n${JSON.stringify(file)}:`
  const at = bytes.indexOf(key)
  if (at < 0) return undefined
  const start = at + Buffer.byteLength(key)
  const end = bytes.indexOf(0x0a, start)
  const line = bytes.toString('utf8', start, end < 0 ? bytes.length : end).replace(/,$/, '')
  const entry: DistEntry = JSON.parse(line)
  return entry
}

function fileOf(tarball: string | undefined): string | undefined {
  const pathname = tarball === undefined ? undefined : URL.parse(tarball)?.pathname
  return pathname?.slice(pathname.lastIndexOf('/') + 1)
}
