/** The seam to the machine's sockets and name service; tests put faults here. */

import { lookup, Resolver } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

export interface Resolved {
  readonly addresses: readonly Address[]
  readonly ttlMs: number
}

export interface Network {
  /** Starts a connection; the socket reports by its events. */
  connect(address: Address, port: number): Socket
  /** Rejects with the resolver's error code when there is no answer. */
  lookup(host: string): Promise<Resolved>
}

/** getaddrinfo tells no TTL; this is how long its answer is taken as fresh. */
const hostsTtlMs = 30_000

/** Without `resolvers` the system's own way is used, which honours the hosts file. */
export function systemNetwork(resolvers: readonly string[] = []): Network {
  return {
    connect: ({ address, family }, port) =>
      connect({ host: address, port, family, noDelay: true, keepAlive: true }),
    lookup: resolvers.length === 0 ? systemLookup : resolverLookup(resolvers),
  }
}

async function systemLookup(host: string): Promise<Resolved> {
  const found = await lookup(host, { all: true, order: 'verbatim' })
  return {
    addresses: found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })),
    ttlMs: hostsTtlMs,
  }
}

function resolverLookup(servers: readonly string[]): (host: string) => Promise<Resolved> {
  // A real wait is about twice the option: the default of Node's own resolver is 23 s and more.
  const resolver = new Resolver({ timeout: 1000, tries: 2 })
  resolver.setServers(servers)
  return async (host) => {
    // No name server knows this machine (RFC 6761 6.3).
    if (/(^|\.)localhost\.?$/i.test(host)) return systemLookup(host)
    const [six, four] = await Promise.allSettled([
      resolver.resolve6(host, { ttl: true }),
      resolver.resolve4(host, { ttl: true }),
    ])
    const records = [
      ...(six.status === 'fulfilled' ? six.value.map((r) => ({ ...r, family: 6 as const })) : []),
      ...(four.status === 'fulfilled' ? four.value.map((r) => ({ ...r, family: 4 as const })) : []),
    ]
    if (records.length === 0)
      throw four.status === 'rejected' ? four.reason : (six as PromiseRejectedResult).reason
    const ttlSeconds = Math.min(...records.map((record) => record.ttl))
    return {
      addresses: records.map(({ address, family }) => ({ address, family })),
      ttlMs: Math.max(1, ttlSeconds) * 1000,
    }
  }
}
