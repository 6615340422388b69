/** Refusals as the go command shows them: plain text, cause and fix in the first line. */

import { compilePatterns } from '../../policy/private-patterns.ts'
import type { Refusal, Rendered, Sought } from '../ecosystem.ts'

export interface RefusalRules {
  /** What an outage of every source means to a public name (Go's `,` goes on after 404 only). */
  readonly onOutage: 'error' | 'notFound'
  readonly isPrivate: (name: string) => boolean
}

/** cmd/go shows at most 8 lines, and nothing at all of a body that holds a control character. */
const maxLines = 8
const maxBytes = 600

/** Maps a refusal to status, headers and text. A private name never gets a 404 for an outage. */
export function renderRefusal(refusal: Refusal, sought: Sought, rules: RefusalRules): Rendered {
  switch (refusal.kind) {
    case 'not-found': {
      const maxAge = Math.max(0, Math.floor(sought.missMs / 1000))
      const caching = refusal.fleeting === true ? noStore : { 'cache-control': `public, max-age=${maxAge}` }
      // A source's own words are what its users look for; ours would only stand in the way.
      const spelling =
        refusal.quoted === true ? undefined : 'check the spelling of the module path and the version'
      const fix = refusal.hint ?? majorVersionHint(sought) ?? spelling
      return plain(404, [refusal.reason, fix], caching)
    }
    case 'denied': {
      const fix = refusal.hint ?? 'ask whoever runs that source for access'
      return plain(refusal.status, [refusal.reason, fix], noStore)
    }
    case 'upstream-failed': {
      const text = [
        refusal.reason,
        refusal.hint ?? 'try again, or name another source in go.upstream',
      ] as const
      if (rules.onOutage === 'notFound' && !rules.isPrivate(sought.name)) return plain(404, text, noStore)
      if (refusal.retryAfterMs === undefined) return plain(502, text, noStore)
      const seconds = Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))
      return plain(503, text, { ...noStore, 'retry-after': String(seconds) })
    }
    case 'loop':
      return plain(508, [refusal.reason, refusal.hint], noStore)
    case 'not-configured':
    case 'store-failed':
      return plain(503, [refusal.reason, refusal.hint], noStore)
  }
}

/** What a private name gets that has no source of its own. `patterns` are those of go.private. */
export function privateRefusal(name: string, patterns: readonly string[]): Refusal {
  const pattern = patterns.flatMap((list) => list.split(',')).find((one) => compilePatterns([one])(name))
  return {
    kind: 'denied',
    status: 403,
    reason: `${name} is private here (go.private matches ${pattern ?? name})`,
    hint: `set GOPRIVATE=${pattern ?? name} so that go asks the version control itself`,
  }
}

const noStore = { 'cache-control': 'no-store' } as const

/** A plain text answer: cause and fix in the first line, within what cmd/go shows. */
export function plain(
  status: number,
  [cause, fix]: readonly [cause: string, fix: string | undefined],
  headers: Readonly<Record<string, string>>,
): Rendered {
  const [first = '', ...more] = printable(cause)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
  const tail = fix === undefined ? '' : `: ${cut(printable(fix).replaceAll('\n', ' '), maxBytes / 2)}`
  const room = maxBytes - Buffer.byteLength(tail) - 1
  const head = `${cut(first.replace(/[.:]$/, ''), room)}${tail}`
  const body = cut([head, ...more].slice(0, maxLines).join('\n'), maxBytes - 1)
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: `${body}\n`,
  }
}

function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, ' ')
    .replace(/[^\n\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]/gu, '?')
}

/** At most so many bytes of UTF-8, cut between characters. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  const ellipsis = '…'
  const room = bytes - Buffer.byteLength(ellipsis)
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(Math.max(0, room)))
  return `${text.slice(0, read)}${ellipsis}`
}

function majorVersionHint(sought: Sought): string | undefined {
  const major = /\/@v\/v([0-9]+)\.[^/]*\.(?:info|mod|zip)$/.exec(sought.path)?.[1]
  const suffixed = /[./]v[0-9]+(?:-unstable)?$/.test(sought.name)
  if (major !== undefined && Number(major) >= 2 && !suffixed && !sought.path.includes('incompatible')) {
    return `from v2 on the module path itself ends in the major version: try ${sought.name}/v${major}`
  }
  return undefined
}
