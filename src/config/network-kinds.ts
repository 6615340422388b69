import { isIP, isIPv6 } from 'node:net'
import { simpleKind } from './kinds.ts'
import type { Kind } from './setting.ts'

export interface ListenAddress {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?$/i

/** Splits `host:port`, `[v6]:port`, `host`, `v6`; undefined when it is none of them. */
export function splitHostPort(written: string): { host: string; port: number | undefined } | undefined {
  if (isIPv6(written)) return { host: written, port: undefined }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(written)
  if (!match) return undefined
  const [, bracketed, bare, digits] = match
  const host = bracketed ?? bare ?? ''
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && port > 65_535) return undefined
  if (bracketed === undefined ? !hostName.test(host) || looksLikeBadIPv4(host) : !isIPv6(host))
    return undefined
  return { host, port }
}

function looksLikeBadIPv4(host: string): boolean {
  return /^[\d.]+$/.test(host) && isIP(host) === 0
}

export function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export const listenAddress: Kind<ListenAddress> = {
  ...simpleKind<ListenAddress>(
    {
      name: 'host:port',
      expected: 'host:port, such as 127.0.0.1:7678, [::1]:7678 or 0.0.0.0:7678 (port 0: any free one)',
      schema: { type: 'string', pattern: '^.+:[0-9]{1,5}$' },
    },
    (raw) => {
      const parts = typeof raw === 'string' ? splitHostPort(raw) : undefined
      return parts?.port === undefined ? undefined : { host: parts.host, port: parts.port }
    },
  ),
  show: ({ host, port }) => joinHostPort(host, port),
}

/** A DNS server; written as `ip` or `ip:port`, kept as `ip:port`. */
export const resolver: Kind<string> = simpleKind(
  {
    name: 'address',
    expected: 'the IP address of a DNS server, with or without a port: 9.9.9.9, [2620:fe::fe]:53',
    schema: { type: 'string' },
  },
  (raw) => {
    const parts = typeof raw === 'string' ? splitHostPort(raw) : undefined
    return parts && isIP(parts.host) !== 0 ? joinHostPort(parts.host, parts.port ?? 53) : undefined
  },
)

/** A host name, an address, or a block of addresses (CIDR). */
export const hostOrBlock: Kind<string> = simpleKind(
  {
    name: 'host or block',
    expected: 'a host name, an address or a block such as 10.0.0.0/8',
    schema: { type: 'string' },
  },
  (raw) => {
    if (typeof raw !== 'string') return undefined
    const [address = '', bits, ...rest] = raw.split('/')
    if (bits === undefined) {
      const parts = splitHostPort(raw)
      return parts && parts.port === undefined ? parts.host.toLowerCase() : undefined
    }
    const width = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    return rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= width ? raw : undefined
  },
)

/** A proxy's URL, or `off` for none whatever the environment says. */
export const proxyAddress: Kind<string> = simpleKind(
  {
    name: 'URL',
    expected: 'the URL of an HTTP proxy, such as http://proxy.corp.example:3128, or off',
    schema: { type: 'string', pattern: '^(off|https?://.+)$' },
  },
  (raw) => {
    if (raw === 'off') return raw
    if (typeof raw !== 'string' || !URL.canParse(raw)) return undefined
    return /^https?:$/.test(new URL(raw).protocol) ? raw : undefined
  },
)

/** A region or a network, as the catalogue of mirrors names it. */
export const region: Kind<string> = simpleKind(
  {
    name: 'name',
    expected: 'a name of a-z, 0-9 and hyphens, such as cn or cernet',
    schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]*$' },
  },
  (raw) => (typeof raw === 'string' && /^[a-z0-9][a-z0-9-]{0,62}$/.test(raw) ? raw : undefined),
)

/** The base address of a package index: http or https, without query and fragment. A slash at its end is dropped. */
export const sourceAddress: Kind<string> = simpleKind(
  {
    name: 'URL',
    expected: 'the http or https address of a registry, without query or fragment',
    schema: { type: 'string', pattern: '^https?://.+$' },
  },
  (raw) => {
    const url = typeof raw === 'string' && !/\s/.test(raw) ? URL.parse(raw) : null
    if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
      return undefined
    return url.href.replace(/\/+$/, '')
  },
)

/** The name of a host, as it stands in a request's `Host`, without a port. */
export const publicHost: Kind<string> = simpleKind(
  { name: 'host name', expected: 'a host name such as npm.corp.example', schema: { type: 'string' } },
  (raw) =>
    typeof raw === 'string' && hostName.test(raw) && !looksLikeBadIPv4(raw) ? raw.toLowerCase() : undefined,
)

/** A package's name, or a pattern of names in which `*` stands for any run of characters but a slash. */
export const namePattern: Kind<string> = simpleKind(
  {
    name: 'name pattern',
    expected: 'a package name in which * stands for any characters, such as @corp/* or corp-*',
    schema: { type: 'string', pattern: '^[^\\s]+$' },
  },
  (raw) =>
    typeof raw === 'string' && /^[@A-Za-z0-9*][A-Za-z0-9*._~@/-]{0,213}$/.test(raw) ? raw : undefined,
)
