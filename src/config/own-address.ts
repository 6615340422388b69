import { isIPv4, isIPv6 } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import type { ListenAddress } from './network-kinds.ts'

export interface OwnAddress {
  readonly listen: ListenAddress
  /** This machine's own addresses and names, which count when the server listens on all of them. */
  readonly local: readonly string[]
  /** The path at which an ecosystem stands, for a server on any free port. @default '/go' */
  readonly prefix?: string
}

/** This machine's own addresses and names, as the system tells them. */
export function localNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return [hostname(), ...addresses.map(({ address }) => address)]
}

/**
 * True when a URL of a GOPROXY list leads to our own server, in any spelling of the loopback. A server on any
 * free port (port 0) cannot know which port a former start had: there `prefix` on the loopback is taken for ours.
 */
export function isOwnAddress(entry: string, { listen, local, prefix = '/go' }: OwnAddress): boolean {
  const url = parseSource(entry)
  if (!url) return false
  const port = Number(url.port || (url.protocol === 'http:' ? 80 : 443))
  const host = bareHost(url.hostname)
  if (listen.port === 0 ? url.pathname.replace(/\/+$/, '') !== prefix : port !== listen.port) return false
  const ours = bareHost(listen.host)
  if (host === ours) return true
  if (isAny(ours)) return isLoopback(host) || isAny(host) || local.some((own) => bareHost(own) === host)
  return isLoopback(ours) && (isLoopback(host) || isAny(host))
}

/** As `go` reads an entry: without a scheme it is https. */
function parseSource(entry: string): URL | undefined {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(entry) ? entry : `https://${entry}`
  if (!URL.canParse(written)) return undefined
  const url = new URL(written)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}

function bareHost(host: string): string {
  const bare = host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase()
  if (!isIPv6(bare)) return bare
  const short = new URL(`http://[${bare.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short)
  if (!mapped) return short
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    (isIPv4(host) && host.startsWith('127.'))
  )
}

/** Connecting to the unspecified address reaches this machine. */
function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
