/** Who is on this machine: peers by address, and names by what a `Host` header says. */

import { isIPv4, isIPv6 } from 'node:net'

/** True for 127/8 and ::1, also written as IPv4-mapped IPv6 or with a zone. Never true for a name. */
export function isLoopbackAddress(address: string): boolean {
  if (isIPv4(address)) return address.startsWith('127.')
  const bare = address.replace(/%.*$/, '')
  if (!isIPv6(bare)) return false
  const canonical = new URL(`http://[${bare}]/`).hostname
  return canonical === '[::1]' || canonical.startsWith('[::ffff:7f')
}

export interface HostHeader {
  /** Lower case, without port, brackets or a final dot. */
  readonly name: string
  readonly port: number | undefined
}

/** Undefined for what is no `host[:port]` (RFC 9110 7.2). */
export function parseHost(host: string): HostHeader | undefined {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(host)
  if (parts === null) return undefined
  const port = parts[3] === undefined ? undefined : Number(parts[3])
  if (parts[1] !== undefined) return isIPv6(parts[1]) ? { name: parts[1].toLowerCase(), port } : undefined
  const name = (parts[2] ?? '').toLowerCase().replace(/\.$/, '')
  return name === '' ? undefined : { name, port }
}

/** `localhost` and loopback addresses: names that a web page elsewhere cannot make point at this machine. */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || isLoopbackAddress(name)
}
