/**
 * What a page says about its files, in a form that is searched without being parsed: a line for the page, then a
 * line for each file, `NAME<TAB>ROUTE<TAB>JSON`. Made once for each page (the view `pypi.files`).
 */

import { encodeFileName, type Route } from './file-route.ts'
import { type Hashes, isRecord, type PageFile, routeOf } from './page-file.ts'

export interface ListedFile {
  /** As the page has it; may be relative to `base`, or to the page. */
  readonly url: string
  readonly base: string | undefined
  readonly hashes: Hashes
  readonly size: number | undefined
  /** `true`: announced without a hash. */
  readonly metadata: true | Hashes | undefined
  readonly gpgSig: boolean | undefined
  readonly provenance: string | undefined
}

export function* writeFilesMap(files: Iterable<PageFile>, base: string | undefined): Generator<string> {
  yield `${JSON.stringify({ base })}\n`
  for (const file of files) {
    const { url, hashes, size, coreMetadata: metadata, gpgSig, provenance } = file
    const said = JSON.stringify({ url, hashes, size, metadata, gpgSig, provenance })
    yield `${encodeFileName(file.filename)}\t${routeOf(file)}\t${said}\n`
  }
}

/** The file of this name and route, if the page lists it. Throws for a map that this program did not write. */
export function findFile(map: Uint8Array, file: string, route: Route): ListedFile | undefined {
  const bytes = Buffer.from(map.buffer, map.byteOffset, map.byteLength)
  const wanted = `\n${encodeFileName(file)}\t${route}\t`
  const at = bytes.indexOf(wanted)
  if (at < 0) return undefined
  const end = bytes.indexOf('\n', at + wanted.length)
  const entry = parse(bytes.toString('utf8', at + wanted.length, end < 0 ? bytes.length : end))
  const page = parse(bytes.toString('utf8', 0, bytes.indexOf('\n')))
  const { url, hashes, size, metadata, gpgSig, provenance } = entry
  if (typeof url !== 'string') throw new Error(`the map of files has no address for ${file}`)
  return {
    url,
    base: typeof page.base === 'string' ? page.base : undefined,
    hashes: hashesOf(hashes),
    size: typeof size === 'number' ? size : undefined,
    metadata: metadata === true ? true : isRecord(metadata) ? hashesOf(metadata) : undefined,
    gpgSig: typeof gpgSig === 'boolean' ? gpgSig : undefined,
    provenance: typeof provenance === 'string' ? provenance : undefined,
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text)
  return isRecord(value) ? value : {}
}

function hashesOf(value: unknown): Hashes {
  if (!isRecord(value)) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, hex]) => (typeof hex === 'string' ? [[name, hex]] : [])),
  )
}
