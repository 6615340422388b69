import type { SecureContext } from 'node:tls'
import { blockList } from './address.ts'
import { Dialer } from './dial.ts'
import { HttpClient } from './http-client.ts'
import type { UpstreamLimits } from './limits.ts'
import { NameCache } from './name-cache.ts'
import { systemNetwork } from './network.ts'
import type { UpstreamOptions } from './options.ts'
import { loadTrust } from './tls-trust.ts'

/** @throws RangeError for an `allowPrivate` entry that is neither a range nor a host name */
export function httpClientFor(
  options: UpstreamOptions,
  limits: UpstreamLimits,
  now: () => number,
): HttpClient {
  const network = options.network ?? systemNetwork(options.resolvers)
  const names = new NameCache({ lookup: (host) => network.lookup(host), now, dnsMs: limits.dnsMs })
  const env = options.env ?? {}
  let trusted: Promise<SecureContext> | undefined
  const trust = () => {
    trusted ??= loadTrust({ caFile: options.caFile, sslCertFile: env.SSL_CERT_FILE }).catch((error) => {
      trusted = undefined
      throw error
    })
    return trusted
  }
  const allowed = options.allowPrivate ?? []
  const isRange = (text: string) => /^[0-9a-f:.]+(\/\d+)?$/i.test(text) && /[.:]/.test(text)
  return new HttpClient({
    dialer: new Dialer({ network, names, limits, trust }),
    limits,
    env,
    allowPrivate: blockList(allowed.filter(isRange)),
    allowPrivateHosts: new Set(allowed.filter((text) => !isRange(text))),
    commonHeaders: { 'User-Agent': `posthaste/${options.version}`, 'Posthaste-Hop': options.instanceId },
  })
}
