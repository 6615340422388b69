import type { Kept, Refused } from '../cache/outcome.ts'
import type { Refusal, Resource } from '../ecosystems/ecosystem.ts'
import { CACHE_STATUS_HIT, cacheStatus } from './cache-status.ts'

/** How a request ended, in one word, for logs and metrics. */
export type OutcomeWord =
  | 'hit'
  | 'stale'
  | 'filled'
  | 'joined'
  | 'not-found'
  | 'denied'
  | 'upstream-failed'
  | 'local'
  | 'forwarded'

const YEAR_SECONDS = 31_536_000
/** What is said of a proved body that never changes. */
export const FIXED = {
  freshMs: Number.POSITIVE_INFINITY,
  cacheControl: `public, max-age=${YEAR_SECONDS}, immutable`,
  cacheStatus: CACHE_STATUS_HIT,
} as const

/** The value of `Cache-Control` for a kept body. */
export function cacheControlOf(resource: Resource, outcome: Kept): string {
  if (outcome.kind === 'filled' && !outcome.stored) return 'no-store'
  const whose = resource.isPrivate === true ? 'private' : 'public'
  if (outcome.object.meta.proof === 'unproved') return `${whose}, max-age=60`
  if (resource.freshMs === Number.POSITIVE_INFINITY) return `${whose}, max-age=${YEAR_SECONDS}, immutable`
  return `${whose}, max-age=${Math.floor(resource.freshMs / 1_000)}`
}

/** The value of `Cache-Status` (RFC 9211) for a kept body. */
export function cacheStatusOf(resource: Resource, outcome: Kept): string {
  const unproved = outcome.object.meta.proof === 'unproved'
  const detail = unproved ? { detail: 'unproved' } : {}
  switch (outcome.kind) {
    case 'hit':
      return resource.freshMs === Number.POSITIVE_INFINITY && !unproved
        ? CACHE_STATUS_HIT
        : cacheStatus({ kind: 'hit', ttlMs: resource.freshMs - outcome.ageMs, ...detail })
    case 'stale':
      return cacheStatus({ kind: 'hit', ttlMs: resource.freshMs - outcome.ageMs, detail: outcome.reason })
    case 'filled':
      return cacheStatus({
        kind: 'forwarded',
        reason: 'uri-miss',
        stored: outcome.stored,
        collapsed: outcome.joined,
        ...detail,
      })
  }
}

/** The same for an answer without a body of its own. */
export function cacheStatusOfRefusal({ refusal, source, remembered }: Refused): string {
  if (remembered) return cacheStatus({ kind: 'hit', detail: 'negative' })
  const fromNetwork = source !== undefined || refusal.kind === 'upstream-failed'
  return fromNetwork
    ? cacheStatus({ kind: 'forwarded', reason: 'uri-miss', detail: refusal.kind })
    : cacheStatus({ kind: 'local', detail: refusal.kind })
}

export function wordFor(refusal: Refusal): OutcomeWord {
  switch (refusal.kind) {
    case 'not-found':
    case 'denied':
    case 'upstream-failed':
      return refusal.kind
    default:
      return 'upstream-failed'
  }
}
