import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { Refusal } from '../ecosystems/ecosystem.ts'
import { cameByProxy } from './came-by-proxy.ts'
import type { Entrance } from './entrance.ts'
import { isLoopbackAddress, parseHost } from './loopback.ts'

/**
 * Whether a client may see private packages: it is on this machine and calls us by a name that no web page can
 * have made point here, or it sends one of `tokens` as a bearer token or as a password. Undefined when it may.
 */
export function refusePrivate(
  request: Request,
  entrance: Pick<Entrance, 'peer' | 'isOwnName'>,
  tokens: readonly string[],
  name: string,
): Refusal | undefined {
  const given = tokenOf(request.headers.get('authorization'))
  if (given !== undefined && tokens.some((token) => isEqual(given, token))) return undefined
  if (isLoopbackAddress(entrance.peer(request)) && !cameByProxy(request.headers)) {
    const host = parseHost(request.headers.get('host') ?? '')?.name
    if (host === undefined || isSafeName(host) || entrance.isOwnName(host)) return undefined
    return {
      kind: 'denied',
      status: 403,
      reason: `${name} is private here, and ${host} is no name by which this server is known`,
      hint: `use 127.0.0.1 or localhost, or set publicUrl to the address with ${host}`,
    }
  }
  return {
    kind: 'denied',
    status: tokens.length > 0 ? 401 : 403,
    reason: `${name} is private here, and shown only to clients with a token`,
    hint:
      tokens.length > 0
        ? 'send one of access.tokens as a bearer token or as the password'
        : 'set access.tokens (POSTHASTE_ACCESS_TOKENS) on the server, and send one of them',
  }
}

/** A page's own name has a dot; addresses and this machine's short names are not anybody's to point here. */
function isSafeName(host: string): boolean {
  return (
    !host.includes('.') ||
    isIP(host) !== 0 ||
    host.endsWith('.localhost') ||
    host === hostname().toLowerCase()
  )
}

/** The secret in an `Authorization` header: a bearer token, or the password of a pair. */
export function tokenOf(authorization: string | null): string | undefined {
  const [, scheme = '', rest = ''] = /^(\w+) +(\S+) *$/.exec(authorization ?? '') ?? []
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return rest
    case 'basic': {
      const pair = Buffer.from(rest, 'base64').toString('utf8')
      const colon = pair.indexOf(':')
      return colon < 0 ? undefined : pair.slice(colon + 1)
    }
    default:
      return undefined
  }
}

/** Digests first, so that neither the content nor the length shows in the time taken. */
function isEqual(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
