/** Refusals as npm's clients show them: a JSON object whose `error` is the message. */

import type { Refusal, Rendered, Sought } from '../ecosystem.ts'

/** npm prints it on one line behind the status and the address. */
const maxMessageLength = 600

const PUBLIC_SETTING = 'npm.upstream'

/**
 * Maps a refusal to status, headers and text. An outage never becomes a 404. `isPrivate`: the name has sources of
 * its own, and nobody is told to name one among the public ones.
 */
export function renderRefusal(said: Refusal, sought: Sought, isPrivate = false): Rendered {
  const refusal = isPrivate ? ofPrivateSources(said) : said
  switch (refusal.kind) {
    case 'not-found': {
      const maxAge = Math.max(0, Math.floor(sought.missMs / 1000))
      const caching =
        refusal.fleeting === true
          ? noStore
          : { 'cache-control': `${isPrivate ? 'private' : 'public'}, max-age=${maxAge}` }
      return npmError(404, [`${sought.name}: ${refusal.reason}`, refusal.hint], caching)
    }
    case 'denied': {
      const fix = refusal.hint ?? 'ask whoever runs that registry for access'
      const challenge = refusal.status === 401 ? { 'www-authenticate': 'Bearer' } : {}
      return npmError(refusal.status, [refusal.reason, fix], { ...noStore, ...challenge })
    }
    case 'upstream-failed': {
      const text = [
        refusal.reason,
        refusal.hint ?? `try again, or name another source in ${PUBLIC_SETTING}`,
      ] as const
      if (refusal.retryAfterMs === undefined) return npmError(502, text, noStore)
      const seconds = Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))
      return npmError(503, text, { ...noStore, 'retry-after': String(seconds) })
    }
    case 'loop':
      return npmError(508, [refusal.reason, refusal.hint], noStore)
    case 'not-configured':
    case 'store-failed':
      return npmError(503, [refusal.reason, refusal.hint], noStore)
  }
}

/** A hint that names the public list leads elsewhere: to credentials, or to the list of private sources. */
function ofPrivateSources(refusal: Refusal): Refusal {
  if (refusal.kind === 'upstream-failed' && refusal.hint === undefined) {
    return { ...refusal, hint: 'try again when that registry is up: no other is asked for a private name' }
  }
  if (!('hint' in refusal) || refusal.hint?.includes(PUBLIC_SETTING) !== true) return refusal
  const needsToken = refusal.kind === 'denied' && refusal.status === 401
  const hint = needsToken
    ? 'set your token of that registry for this address in .npmrc, or its credentials in upstream.credentials'
    : refusal.hint.replaceAll(PUBLIC_SETTING, 'npm.privateUpstream')
  return { ...refusal, hint }
}

/** What a private name gets that has no source of its own. */
export function privateRefusal(name: string, pattern: string): Refusal {
  return {
    kind: 'denied',
    status: 403,
    reason: `${name} is private here (npm.private matches ${pattern}) and is asked of no public registry`,
    hint: 'set npm.privateUpstream (POSTHASTE_NPM_PRIVATE_UPSTREAM) to the registry that has it',
  }
}

const noStore = { 'cache-control': 'no-store' } as const

/** A JSON answer whose `error` holds the cause and, behind a colon, the fix. */
export function npmError(
  status: number,
  [cause, fix]: readonly [cause: string, fix: string | undefined],
  headers: Readonly<Record<string, string>> = noStore,
): Rendered {
  const text = printable(fix === undefined ? cause : `${cause.replace(/[.:\s]+$/, '')}: ${fix}`)
  const error = text.length > maxMessageLength ? `${text.slice(0, maxMessageLength - 1)}…` : text
  return npmJson(status, { error }, headers)
}

export function npmJson(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = noStore,
): Rendered {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: `${JSON.stringify(body)}\n`,
  }
}

/** One line without control characters: it ends up in a terminal. */
function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/\s+/g, ' ')
    .replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]/gu, '?')
}
