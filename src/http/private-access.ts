import { createHash, timingSafeEqual } from 'node:crypto'
import type { Refusal } from '../ecosystems/ecosystem.ts'
import { isLoopbackAddress } from './loopback.ts'

/** Headers by which a proxy says that the peer is not who is asking. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'via'] as const

/**
 * Whether a client may see private packages: it is on this machine, or it sends one of `tokens` as a bearer
 * token or as a password. Undefined when it may.
 */
export function refusePrivate(
  request: Request,
  peer: string,
  tokens: readonly string[],
  name: string,
): Refusal | undefined {
  const given = tokenOf(request.headers.get('authorization'))
  if (given !== undefined && tokens.some((token) => isEqual(given, token))) return undefined
  const isForwarded = FORWARDED.some((header) => request.headers.has(header))
  if (isLoopbackAddress(peer) && !isForwarded) return undefined
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
