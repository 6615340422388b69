/** The `Cache-Status` answer header (RFC 9211): how this cache came by what it sent. */

/** Why the request went on to an upstream (RFC 9211 2.2); the words that this cache has a use for. */
export type ForwardReason = 'uri-miss' | 'stale' | 'bypass' | 'method'

/**
 * - `hit`: answered from the store. `ttlMs` is the freshness left: negative when the answer is stale and was
 *   sent at once, `Infinity` (or absent) for what never goes stale.
 * - `forwarded`: an upstream was asked before the answer went out, whatever came of it. `reason` is `stale`
 *   when the store held an old answer, also when that old answer was sent in the end because the upstream
 *   failed. `status` is what the upstream said, absent when it said nothing.
 * - `local`: neither stored nor asked for; this server made the answer up (a denial, a usage error).
 */
export type CacheHandling =
  | { readonly kind: 'hit'; readonly ttlMs?: number; readonly detail?: string }
  | {
      readonly kind: 'forwarded'
      readonly reason: ForwardReason
      readonly status?: number
      /** The answer is kept, or will be when it has arrived whole. */
      readonly stored?: boolean
      /** The request joined another one's fetch. */
      readonly collapsed?: boolean
      readonly ttlMs?: number
      /** A stable code (`timeout`) or a short sentence. */
      readonly detail?: string
    }
  | { readonly kind: 'local'; readonly detail?: string }

const CACHE = 'Posthaste'

/** The value of a plain hit on something that never goes stale. */
export const CACHE_STATUS_HIT = `${CACHE}; hit`

/** The header's value; always valid as a structured field (RFC 8941). */
export function cacheStatus(handling: CacheHandling): string {
  switch (handling.kind) {
    case 'hit':
      return CACHE_STATUS_HIT + ttl(handling.ttlMs) + detail(handling.detail)
    case 'forwarded':
      return (
        `${CACHE}; fwd=${handling.reason}` +
        (handling.status === undefined ? '' : `; fwd-status=${handling.status}`) +
        (handling.stored ? '; stored' : '') +
        (handling.collapsed ? '; collapsed' : '') +
        ttl(handling.ttlMs) +
        detail(handling.detail)
      )
    case 'local':
      return CACHE + detail(handling.detail)
  }
}

/** Whole seconds, rounded down, so that what is stale by less than a second does not look fresh. */
function ttl(ttlMs: number | undefined): string {
  return ttlMs === undefined || !Number.isFinite(ttlMs) ? '' : `; ttl=${Math.floor(ttlMs / 1000)}`
}

const TOKEN = /^[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*$/

function detail(text: string | undefined): string {
  if (text === undefined || text === '') return ''
  if (TOKEN.test(text)) return `; detail=${text}`
  const printable = text.replace(/[^\x20-\x7e]+/g, ' ').trim()
  return `; detail="${printable.replace(/["\\]/g, '\\$&')}"`
}
