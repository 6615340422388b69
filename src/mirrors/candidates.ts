import type { Source, SourceList } from '../upstream/source-list.ts'
import { withoutSlash } from './apply-order.ts'
import { type Catalogue, standingOf } from './catalogue.ts'
import type { Candidate } from './measurement.ts'

export interface CandidateOptions {
  readonly catalogue: Catalogue
  /** The list that is in use now. */
  readonly inUse: SourceList
  /** The place that all others copy from, as the toolchain names it. */
  readonly origins: readonly Source[]
  readonly nowMs: number
}

/**
 * What can be measured: the catalogue's entries, the origin, and the sources in use that neither of them is. Each
 * address once; `file:` sources are left out. Ids are made unique.
 */
export function candidatesOf({ catalogue, inUse, origins, nowMs }: CandidateOptions): Candidate[] {
  const sources = inUse.filter((step) => step.kind === 'source')
  const placeOf = (addresses: readonly string[]) => {
    const place = sources.findIndex(({ url }) => addresses.includes(withoutSlash(url)))
    return place === -1 ? undefined : place
  }
  const listed = catalogue.mirrors.map(
    (entry): Candidate => ({
      id: entry.id,
      role: 'catalogue',
      region: entry.region,
      isp: entry.isp,
      domain: entry.domain,
      addresses: entry.addresses,
      inUse: placeOf(entry.addresses),
      standing: standingOf(entry, nowMs),
      entry,
    }),
  )
  const known = new Set(listed.flatMap(({ addresses }) => addresses))
  const ids = new Set(listed.map(({ id }) => id))
  const others = [...origins, ...sources].flatMap((source): Candidate[] => {
    const address = withoutSlash(source.url)
    if (known.has(address) || !/^https?:/.test(address)) return []
    known.add(address)
    const role = source.origin ? 'origin' : 'yours'
    const id = ids.has(source.id) ? `${source.id} (${role})` : source.id
    return [
      {
        id,
        role,
        region: 'world',
        isp: undefined,
        domain: id,
        addresses: [address],
        inUse: placeOf([address]),
        standing: undefined,
        entry: undefined,
      },
    ]
  })
  return [...others, ...listed]
}

/** The addresses that an order of ours may leave out. */
export function managedAddresses(candidates: readonly Candidate[]): ReadonlySet<string> {
  return new Set(candidates.flatMap(({ role, addresses }) => (role === 'yours' ? [] : addresses)))
}
