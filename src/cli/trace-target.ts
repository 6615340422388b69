import { isIPv6 } from 'node:net'

export type ReadTarget =
  | { readonly ok: true; readonly host: string; readonly port?: number }
  /** One sentence for the user. */
  | { readonly ok: false; readonly message: string }

const schemePorts: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 }

/** `HOST`, `HOST:PORT`, `[IPV6]:PORT`, a bare IPv6 address, or the URL of a registry. */
export function readTarget(written: string): ReadTarget {
  if (written.includes('://')) return readUrl(written)
  if (written.includes('@'))
    return { ok: false, message: `'${withoutUser(written)}': HOST or HOST:PORT stands without a user` }
  if (written.includes('%'))
    return { ok: false, message: `'${written}': addresses with a zone cannot be traced` }
  if (isIPv6(written)) return { ok: true, host: written }
  const match = /^(?:\[([^\]]+)\]|([^:[\]/@\s]+))(?::([^:]*))?$/.exec(written)
  const bracketed = match?.[1]
  const host = bracketed ?? match?.[2]
  if (host === undefined || (bracketed !== undefined && !isIPv6(bracketed))) {
    return {
      ok: false,
      message: `'${written}' is no HOST or HOST:PORT (an IPv6 address with a port: [::1]:443)`,
    }
  }
  const port = match?.[3]
  if (port === undefined) return { ok: true, host }
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    return { ok: false, message: `'${port}' is no port: 1 to 65535` }
  }
  return { ok: true, host, port: Number(port) }
}

/** What was written, for a message: all up to the last `@` may be a password. */
export function withoutUser(written: string): string {
  return written.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1***@')
}

function readUrl(written: string): ReadTarget {
  if (!URL.canParse(written)) return { ok: false, message: `'${withoutUser(written)}' is no URL` }
  const { protocol, hostname, port } = new URL(written)
  const known = port === '' ? schemePorts[protocol] : Number(port)
  if (hostname === '' || known === undefined) {
    return { ok: false, message: `the port of '${withoutUser(written)}' is not known: name HOST:PORT` }
  }
  return { ok: true, host: hostname.replace(/^\[(.*)\]$/, '$1'), port: known }
}
