/** Who may use the admin API, as a pure decision. */

import { createHash, timingSafeEqual } from 'node:crypto'
import { isLoopbackAddress, isLoopbackName, parseHost } from './loopback.ts'

/** Header values as received, null when absent. */
export interface AdminRequest {
  readonly method: string
  /** The socket's peer address; empty when it is not known. */
  readonly peer: string
  readonly host: string | null
  readonly origin: string | null
  readonly authorization: string | null
  /** `Sec-Fetch-Site`. */
  readonly fetchSite?: string | null
  /** A proxy names itself (`X-Forwarded-For`, `X-Real-IP`, `Via` …): the peer is then not who is asking. */
  readonly forwarded?: boolean
}

export interface AdminPolicy {
  /** `admin.token`; undefined or empty when none is set, and then only this machine is let in. */
  readonly token: string | undefined
  /** Does the route change something? Such a route takes POST and DELETE only, any other GET and HEAD only. */
  readonly changes: boolean
  /** Names besides the loopback ones that a tokenless request from this machine may use as `Host`. */
  readonly hosts?: readonly string[]
}

export type Admission =
  | { readonly allowed: true }
  | {
      readonly allowed: false
      readonly status: 401 | 403 | 405
      /** Cause and fix in one sentence; holds nothing secret. */
      readonly reason: string
      readonly headers: Readonly<Record<string, string>>
    }

/**
 * Loopback peers pass with an expected `Host` (a web page can make its own name point here, but it cannot
 * choose the `Host` that its browser sends); everybody else, and who hides behind a proxy, needs the token.
 * What a page of a foreign origin sends is refused in any case, and so is a wrong token.
 */
export function admit(request: AdminRequest, policy: AdminPolicy): Admission {
  const methods = policy.changes ? ['POST', 'DELETE'] : ['GET', 'HEAD']
  if (!methods.includes(request.method)) {
    const allow = methods.join(', ')
    return refuse(405, `${request.method} is not for this address; use ${methods.join(' or ')}.`, { allow })
  }
  if (isForeign(request)) {
    return refuse(
      403,
      'This request was made by a page of another origin, which the admin API does not serve.',
    )
  }
  if (request.authorization !== null) return admitByToken(request.authorization, policy.token)
  if (!isLoopbackAddress(request.peer) || request.forwarded) return refuseStranger(policy.token)
  if (!isExpectedHost(request.host, policy.hosts ?? [])) {
    return refuse(
      403,
      'The Host header does not name this machine; use 127.0.0.1 or localhost, or send the admin token.',
    )
  }
  return { allowed: true }
}

function isForeign({ origin, host, fetchSite }: AdminRequest): boolean {
  if (origin !== null) return host === null || !isSameHost(origin, host)
  return fetchSite !== undefined && fetchSite !== null && fetchSite !== 'same-origin' && fetchSite !== 'none'
}

function isSameHost(origin: string, host: string): boolean {
  const [, scheme, authority] = /^(https?):\/\/([^/?#]+)$/i.exec(origin) ?? []
  if (scheme === undefined || authority === undefined) return false
  const ours = parseHost(host)
  const theirs = parseHost(authority)
  if (ours === undefined || theirs === undefined) return false
  const usual = scheme.toLowerCase() === 'https' ? 443 : 80
  return ours.name === theirs.name && (ours.port ?? usual) === (theirs.port ?? usual)
}

function admitByToken(authorization: string, token: string | undefined): Admission {
  if (!token) return refuseStranger(token)
  const given = /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1] ?? ''
  if (isEqual(given, token)) return { allowed: true }
  return refuse(401, 'The admin token is wrong; send Authorization: Bearer with the value of admin.token.', {
    'www-authenticate': 'Bearer realm="posthaste", error="invalid_token"',
  })
}

function refuseStranger(token: string | undefined): Admission {
  if (!token) {
    return refuse(
      403,
      'The admin API answers this machine only, because no admin.token is set; set one (POSTHASTE_ADMIN_TOKEN) to use it from elsewhere.',
    )
  }
  return refuse(401, 'The admin API needs Authorization: Bearer with the value of admin.token.', {
    'www-authenticate': 'Bearer realm="posthaste"',
  })
}

function isExpectedHost(host: string | null, more: readonly string[]): boolean {
  const parsed = host === null ? undefined : parseHost(host)
  if (parsed === undefined) return false
  return isLoopbackName(parsed.name) || more.some((name) => name.toLowerCase() === parsed.name)
}

/** Digests first, so that neither the content nor the length shows in the time taken. */
function isEqual(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

function refuse(
  status: 401 | 403 | 405,
  reason: string,
  headers: Readonly<Record<string, string>> = {},
): Admission {
  return { allowed: false, status, reason, headers }
}
