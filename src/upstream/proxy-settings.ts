/** HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, as curl and Go read them. */

import { type BlockList, isIP } from 'node:net'
import { blockList, classOfHost, within } from './address.ts'
import { broken } from './failure.ts'

export interface ForwardProxy {
  readonly scheme: 'http' | 'https' | 'socks5'
  readonly host: string
  readonly port: number
  /** From the address's user information. */
  readonly credentials: { readonly user: string; readonly password: string } | undefined
  /** The variable or setting that named it, for messages. */
  readonly foundIn: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Stands beside the variables and above them: the name under which a configured proxy is passed on. */
export const configuredProxy = 'upstream.proxy'

/**
 * The proxy for an address, or undefined for a direct connection. Loopback is never proxied (as in Go).
 * ALL_PROXY is curl's; it serves where the scheme's own variable is absent.
 * @throws UpstreamError `proxy` when the variable holds no usable address
 */
export function proxyFor(url: URL, env: Environment): ForwardProxy | undefined {
  const names =
    url.protocol === 'https:'
      ? ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']
      : ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']
  const name = [configuredProxy, ...names].find((candidate) => (env[candidate] ?? '').trim() !== '')
  if (name === undefined) return undefined
  if (classOfHost(url.hostname) === 'loopback') return undefined
  if (isExempt(url, env.NO_PROXY || env.no_proxy || '')) return undefined
  return parseProxy((env[name] ?? '').trim(), name)
}

function parseProxy(text: string, foundIn: string): ForwardProxy {
  const url = URL.parse(/^[a-z0-9]+:\/\//i.test(text) ? text : `http://${text}`)
  const scheme = url?.protocol.replace(/:$/, '')
  const known = scheme === 'http' || scheme === 'https' || scheme === 'socks5' || scheme === 'socks5h'
  if (url === null || !known || url.hostname === '') {
    throw broken('proxy', `${foundIn} holds no usable proxy address`, {
      hint: `Set ${foundIn} to http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT, or unset it.`,
    })
  }
  const kind = scheme === 'socks5h' ? 'socks5' : scheme
  const defaultPort = kind === 'http' ? 80 : kind === 'https' ? 443 : 1080
  return {
    scheme: kind,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? defaultPort : Number(url.port),
    credentials:
      url.username === ''
        ? undefined
        : { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) },
    foundIn,
  }
}

/** Go's rules: `*`, `host`, `.suffix`, `*.suffix`, `address`, `address/bits`, each but the range with `:port`. */
function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => entryMatches(entry.toLowerCase(), host, port))
}

function entryMatches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) {
    const range = parseRange(entry)
    return range !== undefined && within(range, host)
  }
  const [pattern, wantedPort] = splitPort(entry)
  if (wantedPort !== undefined && wantedPort !== port) return false
  if (isIP(pattern) !== 0) return isIP(host) !== 0 && sameAddress(pattern, host)
  if (isIP(host) !== 0) return false
  if (pattern.startsWith('*.') || pattern.startsWith('.')) return host.endsWith(pattern.replace(/^\*/, ''))
  return host === pattern || host.endsWith(`.${pattern}`)
}

function splitPort(entry: string): [string, string | undefined] {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry)
  if (bracketed !== null) return [bracketed[1] ?? '', bracketed[2]]
  if (isIP(entry) === 6) return [entry, undefined]
  const plain = /^(.*?)(?::(\d+))?$/.exec(entry)
  return [plain?.[1] ?? entry, plain?.[2]]
}

/** An entry that is no range matches nothing, as in Go; it must not stop every request. */
function parseRange(entry: string): BlockList | undefined {
  try {
    return blockList([entry])
  } catch {
    return undefined
  }
}

function sameAddress(left: string, right: string): boolean {
  return within(blockList([left]), right)
}
