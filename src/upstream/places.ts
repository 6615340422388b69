import { classOfHost } from './address.ts'
import { sourceId } from './source-id.ts'
import { hostOf, type Source, type SourceList, type Stop } from './source-list.ts'

/** Metadata may name any number of places; so many are tried. */
const MAX_PLACES = 8
const MAX_URL_LENGTH = 2_048

/**
 * Addresses that metadata named, as one group of equal sources. A place on the host of a source of `list` is as
 * trusted as that source; any other is a stranger, bound by the rules of a redirect from the list's first source.
 * Credentials go to no host of another list (`otherHosts`), and to no plain http in place of https: metadata could
 * name them to have us fetch what it may not see. Undefined when none of the addresses can be asked.
 */
export function placesAsStops(
  places: readonly string[],
  list: SourceList,
  otherHosts: ReadonlySet<string> = new Set(),
): readonly Stop[] | undefined {
  const configured = list.flatMap((step) => (step.kind === 'source' ? [step] : []))
  const [first] = configured
  const named = classOfHost(URL.parse(first?.url ?? '')?.hostname ?? 'named.example')
  const sources: Source[] = []
  for (const place of places) {
    if (sources.length === MAX_PLACES) break
    const url = place.length > MAX_URL_LENGTH ? null : URL.parse(place)
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
      continue
    url.hash = ''
    if (sources.some((known) => known.url === url.href)) continue
    const onHost = configured.find((source) => hostOf(source) === url.host)
    const isDowngrade = url.protocol === 'http:' && onHost?.url.startsWith('https:') === true
    const host = isDowngrade ? undefined : onHost
    const isForeign = isDowngrade || otherHosts.has(url.host)
    sources.push({
      kind: 'source',
      id: host?.id ?? sourceId(url.origin),
      url: url.href,
      next: '|',
      foundIn: 'metadata',
      origin: host?.origin ?? false,
      placeOf: host === undefined ? { class: named, ...(isForeign ? { isForeign } : {}) } : {},
    })
  }
  return sources.length === 0 ? undefined : [{ kind: 'group', sources, goesOnAtErrors: false }]
}
