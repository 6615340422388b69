import { classOfHost } from './address.ts'
import { hostOf, type Source, type SourceList, type Stop } from './source-list.ts'

/** Metadata may name any number of places; so many are tried. */
const MAX_PLACES = 8
const MAX_URL_LENGTH = 2_048

/**
 * Addresses that metadata named, as one group of equal sources. A place on the host of a source of `list` is as
 * trusted as that source; any other is a stranger, bound by the rules of a redirect from the list's first source.
 */
export function placesAsStops(places: readonly string[], list: SourceList): readonly Stop[] {
  const configured = list.flatMap((step) => (step.kind === 'source' ? [step] : []))
  const [first] = configured
  const named = classOfHost(URL.parse(first?.url ?? '')?.hostname ?? 'named.example')
  const sources: Source[] = []
  for (const place of places.slice(0, MAX_PLACES)) {
    const url = place.length > MAX_URL_LENGTH ? null : URL.parse(place)
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
      continue
    url.hash = ''
    if (sources.some((known) => known.url === url.href)) continue
    const host = configured.find((source) => hostOf(source) === url.host)
    sources.push({
      kind: 'source',
      id: host?.id ?? url.host,
      url: url.href,
      next: '|',
      foundIn: 'metadata',
      origin: host?.origin ?? false,
      placeOf: host === undefined ? { class: named } : {},
    })
  }
  return [{ kind: 'group', sources, goesOnAtErrors: false }]
}
