/** One file as an index's page lists it: the fields of PEP 691, 700, 714 and 740, whatever form the page has. */

import { isFileName } from './distribution-file.ts'
import { filePath, type Route, routeFor } from './file-route.ts'

export type Hashes = Readonly<Record<string, string>>

export interface PageFile {
  readonly filename: string
  /** As it is written: absolute, or relative to the page. Without a fragment. */
  readonly url: string
  readonly hashes: Hashes
  readonly requiresPython: string | undefined
  /** `true`: there is metadata, without a hash of it. */
  readonly coreMetadata: true | Hashes | undefined
  readonly gpgSig: boolean | undefined
  /** `true`, or the reason. */
  readonly yanked: true | string | undefined
  readonly size: number | undefined
  readonly uploadTime: string | undefined
  readonly provenance: string | undefined
}

/** Says what is wrong with a page, in a sentence for its user. */
export class PageFault extends Error {
  override readonly name = 'PageFault'
  readonly code = 'pypi.page'
}

/** Where our pages lead to: two levels up from `simple/NAME/`, so that any host and prefix will do. */
export function servedUrl(project: string, file: Pick<PageFile, 'filename' | 'hashes'>): string {
  return `../../${filePath(project, routeFor(file.hashes), file.filename)}`
}

export function routeOf(file: Pick<PageFile, 'hashes'>): Route {
  return routeFor(file.hashes)
}

/** Refuses a name that could be read as another place than the file's own. */
export function checkedFileName(name: unknown): string {
  if (typeof name === 'string' && isFileName(name)) return name
  throw new PageFault(`it lists a file that cannot be: ${JSON.stringify(name)?.slice(0, 120)}`)
}

/** A file's entry of a JSON page or of the JSON API's `urls`. Unknown fields are passed over. */
export function readJsonFile(entry: unknown): PageFile {
  if (!isRecord(entry)) throw new PageFault('it lists a file that is no object')
  const { url } = entry
  if (typeof url !== 'string' || url === '') throw new PageFault('it lists a file without a url')
  const announced = entry['core-metadata'] ?? entry['dist-info-metadata']
  const { yanked, size, provenance } = entry
  return {
    filename: checkedFileName(entry.filename),
    url: withoutFragment(url),
    hashes: hashesOf(entry.hashes ?? entry.digests),
    requiresPython: stringOr(entry['requires-python']),
    coreMetadata: isRecord(announced) ? hashesOf(announced) : announced === true ? true : undefined,
    gpgSig: typeof entry['gpg-sig'] === 'boolean' ? entry['gpg-sig'] : undefined,
    yanked: yanked === true || (typeof yanked === 'string' && yanked !== '') ? yanked : undefined,
    size: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : undefined,
    uploadTime: stringOr(entry['upload-time']),
    provenance: stringOr(provenance),
  }
}

export function withoutFragment(url: string): string {
  const at = url.indexOf('#')
  return at < 0 ? url : url.slice(0, at)
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Names of algorithms and hex digits only: these go into addresses and attributes. */
function hashesOf(value: unknown): Hashes {
  if (!isRecord(value)) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, hex]) =>
      typeof hex === 'string' && /^[0-9A-Fa-f]+$/.test(hex) && /^[a-z0-9_]+$/.test(name) ? [[name, hex]] : [],
    ),
  )
}

function stringOr(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
