/** Where a file that a page lists can be fetched: at the page's own address for it, and at equal sources. */

import type { ListedFile } from './files-map.ts'
import type { FilePart } from './request-path.ts'

/** One source of pages. */
export interface PageSource {
  readonly id: string
  /** Its base address, such as `https://pypi.corp.example/simple`. */
  readonly url: string
  /** What the others copy from. Its files often lie on a host of their own, so nothing is guessed about it. */
  readonly origin: boolean
}

export interface Wanted {
  readonly project: string
  readonly part: FilePart
  readonly listed: ListedFile
  /** The id of the source that the page came from. */
  readonly from: string
}

/** The layout that the public index and its mirrors share: two levels of a hash, the rest of it, the name. */
const sharedLayout = /\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/[^/]+$/

/**
 * Absolute addresses of one and the same body, the page's own first. Only `sources` are added to it, because only
 * they were made equal by the user. Empty when the page's address is no web address.
 */
export function placesOf({ project, part, listed, from }: Wanted, sources: readonly PageSource[]): string[] {
  const written = part === 'provenance' ? (listed.provenance ?? '') : listed.url
  const own = sources.find(({ id }) => id === from) ?? sources[0]
  const first = own === undefined ? undefined : resolve(written, listed.base, pageAddress(own, project))
  if (first === undefined) return []
  const places = [first]
  for (const source of sources) {
    if (source.id === own?.id || source.origin || part === 'provenance') continue
    const other = elsewhere(first, written, listed.base, source, project)
    if (other !== undefined) places.push(other)
  }
  return [...new Set(places.map((url) => withEnding(url, part)))]
}

/** The same path below another source: where the page's address is relative, or lies in the shared layout. */
function elsewhere(
  first: URL,
  written: string,
  base: string | undefined,
  source: PageSource,
  project: string,
): URL | undefined {
  const [shared] = sharedLayout.exec(first.pathname) ?? []
  if (shared !== undefined) {
    const root = source.url.replace(/\/simple\/?$/, '')
    return root === source.url ? undefined : resolve(root + shared, undefined, source.url)
  }
  const isRelative = !/^(?:[a-z][a-z0-9+.-]*:|\/)/i.test(written) && base === undefined
  return isRelative ? resolve(written, undefined, pageAddress(source, project)) : undefined
}

export function pageAddress({ url }: Pick<PageSource, 'url'>, project: string): string {
  return `${url}/${project}/`
}

/** Credentials never come along: they belong to the host, and the transport knows them. */
function resolve(written: string, base: string | undefined, page: string): URL | undefined {
  const start = base === undefined ? page : URL.parse(base, page)?.href
  const url = URL.parse(written, start)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  url.username = ''
  url.password = ''
  url.hash = ''
  return url
}

/** The parts beside a file have its address with an ending, before the query (PEP 658, PEP 503). */
function withEnding(url: URL, part: FilePart): string {
  if (part !== 'metadata' && part !== 'signature') return url.href
  const ended = new URL(url)
  ended.pathname += part === 'metadata' ? '.metadata' : '.asc'
  return ended.href
}
