import type { Config } from '../config/schema.ts'
import {
  PRIVATE_JSON_SOURCES,
  PRIVATE_SOURCES,
  PYPI_JSON_SOURCES,
  PYPI_SOURCES,
} from '../ecosystems/pypi/pypi-resources.ts'
import { sourceId } from '../upstream/source-id.ts'
import type { Source, SourceList } from '../upstream/source-list.ts'

/**
 * The lists of sources that the settings mean: the simple index and, beside each `…/simple`, the JSON API at
 * `…/pypi`; public and private apart. Within a list all are equal. `origin` is the address that all others copy
 * from, as the toolchain brings it along.
 */
export function pypiLists(
  { pypi }: Pick<Config, 'pypi'>,
  origins: Readonly<Record<string, string>>,
  origin?: string,
): Readonly<Record<string, readonly Source[]>> {
  const from = (key: string) => origins[key] ?? 'default'
  const isOrigin = (url: string) => url.replace(/\/+$/, '') === origin?.replace(/\/+$/, '')
  const lists: Record<string, readonly Source[]> = {}
  const add = (name: string, urls: readonly string[], foundIn: string, judge: (url: string) => boolean) => {
    const distinct = [...new Set(urls)]
    if (distinct.length === 0) return
    lists[name] = distinct.map((url, index) => ({
      kind: 'source',
      id: sourceId(url),
      url,
      next: index < distinct.length - 1 ? '|' : undefined,
      foundIn,
      origin: judge(url),
    }))
  }
  const found = from('pypi.upstream')
  const isBuiltIn = found.includes('built in')
  add(PYPI_SOURCES, pypi.upstream, found, (url) => isBuiltIn || isOrigin(url))
  add(PYPI_JSON_SOURCES, jsonAddresses(pypi.upstream), found, (url) => {
    return isBuiltIn || isOrigin(url.replace(/\/pypi$/, '/simple'))
  })
  // Nobody copies a private index: it is its own origin.
  add(PRIVATE_SOURCES, pypi.privateUpstream, from('pypi.privateUpstream'), () => true)
  add(PRIVATE_JSON_SOURCES, jsonAddresses(pypi.privateUpstream), from('pypi.privateUpstream'), () => true)
  return lists
}

/** The JSON API stands beside a simple index that ends in `/simple`; elsewhere nobody can know. */
function jsonAddresses(urls: readonly string[]): string[] {
  return urls.flatMap((url) => (/\/simple$/.test(url) ? [url.replace(/\/simple$/, '/pypi')] : []))
}

/** The sources of a list, without its words. */
export function sourcesOf(list: SourceList | undefined): readonly Source[] {
  return (list ?? []).flatMap((step) => (step.kind === 'source' ? [step] : []))
}
