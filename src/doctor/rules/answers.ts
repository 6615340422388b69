import type { EvidenceOf } from '../evidence.ts'
import { type Seen, unique } from '../seen.ts'
import type { Conclusion, Control, Rule } from './rule.ts'

export type Exchange = EvidenceOf<'http'>

export function statusRule(id: Rule['id'], matches: (answer: Exchange) => boolean): Rule {
  return {
    id,
    find: (seen) =>
      perEndpoint(
        seen,
        (answer) => answer.outcome === 'answer' && matches(answer),
        (endpoint, from) => ({
          target: endpoint,
          confidence:
            from.length >= 2 || !['http.server_error', 'http.not_found'].includes(id) ? 'certain' : 'likely',
          from,
          control: otherAnswer(seen, endpoint) ?? { key: 'protocol', from: [] },
          params: {
            status: from[0]?.status ?? 0,
            url: from[0]?.url ?? '',
            title: from[0]?.title ?? from[0]?.snippet ?? '',
            retryAfter: from[0]?.retryAfter ?? '',
          },
        }),
      ),
  }
}

export function perEndpoint(
  seen: Seen,
  matches: (answer: Exchange) => boolean,
  conclude: (endpoint: string, from: readonly Exchange[]) => Conclusion | undefined,
): Conclusion[] {
  return seen.endpoints.flatMap((endpoint): Conclusion[] => {
    const from = seen.of('http', endpoint).filter((answer) => isOwnPurpose(answer) && matches(answer))
    if (from.length === 0) return []
    const conclusion = conclude(endpoint, from)
    return conclusion === undefined ? [] : [conclusion]
  })
}

export function isOwnPurpose({ purpose }: Exchange): boolean {
  return ![
    'portal',
    'plain',
    'other-agent',
    'redirected',
    'parallel',
    'range',
    'missing',
    'announced',
  ].includes(purpose)
}

/** Only a file or metadata is certain to be no web page; an address that was given may well be one. */
export function isExpectedData({ purpose }: Exchange): boolean {
  return purpose === 'metadata' || purpose === 'small' || purpose === 'medium'
}

/** The host answers, and has nothing there. */
export function isAbsent({ status }: Exchange): boolean {
  return status === 404 || status === 405 || status === 406
}

/** Many registries have nothing at the root of their host. */
export function isBareHost({ purpose, url }: Exchange): boolean {
  return purpose === 'page' && URL.parse(url)?.pathname === '/'
}

export function isLogin({ title = '', snippet = '' }: Exchange): boolean {
  return /\b(log ?in|sign ?in|single sign-on|sso|authenticate)\b|登录|登錄|认证/i.test(`${title} ${snippet}`)
}

/** The mirror itself refuses: its page names a reason or an identifier for its operators. */
export function isMirrorsOwn({ title = '', snippet = '' }: Exchange): boolean {
  return /\b(identifier|request id|user-agent|mirror|rate|abuse)\b|镜像|镜像站/i.test(`${title} ${snippet}`)
}

export function otherAnswer(seen: Seen, endpoint: string): Control | undefined {
  const good = seen
    .othersOf(endpoint)
    .flatMap((other) =>
      seen
        .of('http', other)
        .filter(({ outcome, status, isHtml }) => outcome === 'answer' && status === 200 && !isHtml),
    )
  const hosts = unique(good.map(({ host }) => host))
  return good.length === 0
    ? undefined
    : { key: 'other-host', from: good.slice(0, 1), params: { host: hosts[0] ?? '' } }
}
