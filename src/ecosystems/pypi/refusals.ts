/** Refusals as pip and uv meet them: plain text, cause and fix in the first line. */

import type { Refusal, Rendered, Sought } from '../ecosystem.ts'

const MAX_LINE = 500

const noStore = { 'cache-control': 'no-store' } as const

/**
 * Maps a refusal to status, headers and text. An outage is never a 404, for any name: uv goes on to the next
 * index at 404, and pip says that there is no such project. `isPrivate`: the name has sources of its own.
 */
export function renderRefusal(refusal: Refusal, sought: Sought, isPrivate = false): Rendered {
  switch (refusal.kind) {
    case 'not-found': {
      const maxAge = Math.max(0, Math.floor(sought.missMs / 1000))
      const caching =
        refusal.fleeting === true
          ? noStore
          : { 'cache-control': `${isPrivate ? 'private' : 'public'}, max-age=${maxAge}` }
      const spelling = refusal.quoted === true ? undefined : 'check the spelling of the name'
      return plain(404, refusal.reason, refusal.hint ?? spelling, caching)
    }
    case 'denied':
      return plain(refusal.status, refusal.reason, refusal.hint ?? accessHint(refusal.status), noStore)
    case 'upstream-failed': {
      const setting = isPrivate ? 'pypi.privateUpstream' : 'pypi.upstream'
      const fix = refusal.hint ?? `try again, or name another index in ${setting}`
      if (refusal.retryAfterMs === undefined) return plain(502, refusal.reason, fix, noStore)
      const seconds = Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))
      return plain(503, refusal.reason, fix, { ...noStore, 'retry-after': String(seconds) })
    }
    case 'loop':
      return plain(508, refusal.reason, refusal.hint, noStore)
    case 'not-configured':
    case 'store-failed':
      return plain(503, refusal.reason, refusal.hint, noStore)
  }
}

function accessHint(status: number): string {
  return status === 401
    ? 'put the credentials for that index into upstream.credentials'
    : 'ask whoever runs that index for access'
}

/** What a private name gets that has no source of its own. */
export function privateRefusal(name: string, pattern: string): Refusal {
  return {
    kind: 'denied',
    status: 403,
    reason: `${name} is private here (pypi.private matches ${pattern}) and is not asked of a public index`,
    hint: 'set pypi.privateUpstream to the index that has it',
  }
}

/** A plain text answer of one line, without anything that a terminal would act on. */
export function plain(
  status: number,
  cause: string,
  fix: string | undefined,
  headers: Readonly<Record<string, string>> = noStore,
): Rendered {
  const line = fix === undefined ? cause : `${cause.replace(/[.:\s]+$/, '')}: ${fix}`
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: `${printable(line)}\n`,
  }
}

function printable(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/\s+/g, ' ')
    .replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]/gu, '?')
    .trim()
  return line.length <= MAX_LINE ? line : `${line.slice(0, MAX_LINE - 1).toWellFormed()}…`
}
