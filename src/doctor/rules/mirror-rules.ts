import type { Seen } from '../seen.ts'
import { type Exchange, isMirrorsOwn, perEndpoint, statusRule } from './answers.ts'
import type { Conclusion, Rule } from './rule.ts'

/** What a mirror refuses, gave up or lacks. */
export const mirrorRules: readonly Rule[] = [
  {
    id: 'mirror.forbidden',
    find: (seen) =>
      perEndpoint(
        seen,
        (answer) => answer.status === 403 && (!answer.isHtml || isMirrorsOwn(answer)),
        (endpoint, from) => {
          const admitted = seen
            .of('http', endpoint)
            .filter(({ purpose, status }) => purpose === 'other-agent' && status === 200)
          return {
            target: endpoint,
            confidence: 'certain',
            from,
            control:
              admitted.length > 0 ? { key: 'other-agent', from: admitted } : { key: 'protocol', from: [] },
            ...(admitted.length > 0 ? { cause: 'user_agent' as const } : {}),
            params: { snippet: from[0]?.title ?? from[0]?.snippet ?? '', url: from[0]?.url ?? '' },
          }
        },
      ),
  },
  statusRule(
    'mirror.ratelimited',
    ({ status, retryAfter }) => status === 429 || (status === 503 && retryAfter !== undefined),
  ),
  statusRule('mirror.retired', ({ status }) => status === 410 || status === 418),
  {
    id: 'mirror.missing_cap',
    find: (seen) =>
      perEndpoint(
        seen,
        ({ purpose, status }) => purpose === 'capability' && status !== 200 && status !== 403,
        (endpoint, from) => {
          const relays = seen
            .of('http')
            .filter(
              ({ purpose, status, target }) =>
                purpose === 'capability' && status === 200 && target !== endpoint,
            )
          const database = seen.targets.some(({ role }) => role === 'database')
          const reached = seen
            .of('http')
            .some(
              ({ target, status, purpose }) =>
                status === 200 && purpose === 'metadata' && isDatabase(seen, target),
            )
          if (relays.length > 0 || (database && reached) || !database) return undefined
          return {
            target: endpoint,
            confidence: 'certain',
            from,
            control: { key: 'protocol', from: [] },
            params: { url: from[0]?.url ?? '', status: from[0]?.status ?? 0 },
          }
        },
      ),
  },
  {
    id: 'mirror.wrong_missing',
    find: (seen) => probed(seen, 'missing', ({ status = 0 }) => !isMissing(status) && !isUndecided(status)),
  },
  {
    id: 'mirror.metadata_absent',
    find: (seen) => probed(seen, 'announced', ({ status = 0 }) => isMissing(status)),
  },
  {
    // A whole answer to a question for a part is allowed (RFC 9110 14.2); it matters once answers break off.
    id: 'mirror.no_ranges',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const answers = seen.of('http', endpoint)
        const whole = answers.filter(({ purpose, status }) => purpose === 'range' && status === 200)
        const broken = answers.filter(
          ({ outcome, bodyBytes, purpose }) =>
            purpose !== 'range' && ['truncated', 'stalled'].includes(outcome) && bodyBytes > 0,
        )
        if (whole.length === 0 || broken.length === 0) return []
        return [
          {
            target: endpoint,
            confidence: 'certain',
            from: whole,
            control: { key: 'protocol', from: [] },
            params: { url: whole[0]?.url ?? '' },
          },
        ]
      }),
  },
  {
    id: 'mirror.stale',
    find: (seen) =>
      seen.of('freshness').flatMap((fact): Conclusion[] => {
        if (fact.outcome !== 'behind') return []
        const other = seen.of('http', fact.comparedWith).filter(({ purpose }) => purpose === 'canary')
        return [
          {
            target: fact.target,
            confidence: 'likely',
            from: [fact],
            control: { key: 'other-host', from: other.slice(0, 1), params: { host: fact.comparedWith } },
            params: {
              name: fact.name,
              missing: fact.missing.length,
              newest: fact.missing.at(-1) ?? '',
              other: fact.comparedWith,
            },
          },
        ]
      }),
  },
]

function isDatabase(seen: Seen, endpoint: string): boolean {
  return seen.targets.some(({ role, url }) => role === 'database' && endpoint.startsWith(`${url.hostname}:`))
}

/** What an endpoint says to a question that is asked for its status alone. */
function probed(
  seen: Seen,
  purpose: Exchange['purpose'],
  isWrong: (answer: Exchange) => boolean,
): Conclusion[] {
  return seen.endpoints.flatMap((endpoint): Conclusion[] => {
    const from = seen
      .of('http', endpoint)
      .filter((answer) => answer.purpose === purpose && answer.outcome === 'answer' && isWrong(answer))
    const [first] = from
    if (first === undefined) return []
    return [
      {
        target: endpoint,
        confidence: 'certain',
        from,
        control: { key: 'protocol', from: [] },
        params: { url: first.url, status: first.status ?? 0 },
      },
    ]
  })
}

/** Says nothing of the package: it lies elsewhere, or the mirror has no time. */
function isUndecided(status: number): boolean {
  return (status >= 300 && status < 400) || status === 429 || status === 503
}

/** 410 counts as 404 for Go and npm; 451 too for Cargo's sparse index. */
function isMissing(status: number): boolean {
  return status === 404 || status === 410 || status === 451
}
