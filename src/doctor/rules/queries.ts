import type { EvidenceOf } from '../evidence.ts'
import { hostOfEndpoint, type Seen, unique } from '../seen.ts'

export type Query = EvidenceOf<'dns.query'>

export function names(seen: Seen, host: string): Query[] {
  return seen.of('dns.query', host).filter(({ purpose }) => purpose === 'name')
}

export function otherNames(seen: Seen, host: string): Query[] {
  return seen
    .of('dns.query')
    .filter((query) => query.host !== host && query.outcome === 'answer' && query.purpose === 'name')
}

/** Hosts that a client would find no address for. */
export function unresolved(seen: Seen): readonly string[] {
  return ownHosts(seen).filter((host) => {
    const lookups = seen.of('dns.lookup', host)
    if (lookups.length > 0) return lookups.every(({ outcome }) => outcome === 'failed')
    return names(seen, host).length > 0 && names(seen, host).every(({ outcome }) => outcome !== 'answer')
  })
}

/** Targets, and the proxies on the way to them. Where a redirect leads is the redirect's matter. */
export function ownHosts(seen: Seen): readonly string[] {
  const proxies = seen
    .of('proxy.choice')
    .flatMap(({ proxy }) => (proxy === undefined ? [] : [hostOfEndpoint(proxy)]))
  return unique([...seen.hosts, ...proxies])
}
