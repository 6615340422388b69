import { below } from '../../mirrors/locate-probe.ts'
import type { EvidenceOf } from '../evidence.ts'
import { hostOfEndpoint, type Seen, unique } from '../seen.ts'
import { redirectOf } from '../web.ts'
import { type Conclusion, type Control, confidenceOf, median, type Rule } from './rule.ts'
import { throttledRule } from './throttled-rule.ts'

type Exchange = EvidenceOf<'http'>

const repeats: readonly string[] = ['metadata', 'page', 'again', 'small', 'medium']
const mostRedirects = 10
const slowFirstByteMs = 1_000

/** Answers. */
export const httpRules: readonly Rule[] = [
  statusRule(
    'block.page',
    (answer) => (answer.status === 403 || answer.status === 451) && answer.isHtml && !isMirrorsOwn(answer),
  ),
  statusRule(
    'http.login_page',
    (answer) => answer.status === 401 || (answer.isHtml && isLogin(answer) && isExpectedData(answer)),
  ),
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
  statusRule(
    'http.server_error',
    ({ status, retryAfter }) => (status ?? 0) >= 500 && !(status === 503 && retryAfter !== undefined),
  ),
  statusRule(
    'http.not_found',
    (answer) =>
      (answer.status === 404 || answer.status === 405 || answer.status === 406) &&
      answer.purpose !== 'canary' &&
      answer.purpose !== 'capability' &&
      !isBareHost(answer),
  ),
  {
    id: 'http.redirect',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const first = seen
          .of('http', endpoint)
          .filter((answer) => isOwnPurpose(answer) && next(answer) !== undefined)
        const [start] = first
        const target = start === undefined ? undefined : next(start)
        if (start === undefined || target === undefined) return []
        const hops = seen.of('http').filter(({ purpose }) => purpose === 'redirected')
        const end = `${target.hostname}:${target.port || (target.protocol === 'https:' ? 443 : 80)}`
        const failures = [
          ...seen.of('dns.lookup', target.hostname).filter(({ outcome }) => outcome === 'failed'),
          ...seen
            .of('dns.query', target.hostname)
            .filter(
              ({ outcome, purpose }) => outcome !== 'answer' && outcome !== 'nodata' && purpose === 'name',
            ),
          ...seen.of('tcp', end).filter(({ outcome }) => outcome !== 'open'),
          ...seen.of('tls.hello', end).filter(({ outcome }) => outcome !== 'server-hello'),
          ...seen
            .of('tls.chain', end)
            .filter(({ outcome, hostMatches }) => outcome !== 'trusted' || !hostMatches),
        ]
        const arrived = hops.filter(({ status, outcome }) => outcome === 'answer' && (status ?? 0) < 300)
        const pages = hops.filter(({ isHtml, host }) => isHtml && host !== hostOfEndpoint(endpoint))
        const looping = hops.length > mostRedirects
        if (
          !looping &&
          pages.length === 0 &&
          (arrived.length > 0 || (failures.length === 0 && hops.length > 0))
        )
          return []
        if (!looping && pages.length === 0 && failures.length === 0) return []
        return [
          {
            target: endpoint,
            confidence: 'certain',
            from: [start, ...(looping ? hops.slice(0, 2) : pages.length > 0 ? pages : failures.slice(0, 3))],
            control: { key: 'protocol', from: [] },
            params: { to: target.host, hops: looping ? hops.length : 1 },
          },
        ]
      }),
  },
  outcomeRule('http.no_answer', 'no-answer'),
  outcomeRule('http.reset', 'reset', 'closed'),
  {
    id: 'http.not_http',
    find: (seen) =>
      perEndpoint(
        seen,
        ({ outcome }) => outcome === 'not-http',
        (endpoint, from) => ({
          target: endpoint,
          confidence: 'certain',
          from,
          control: { key: 'protocol', from: [] },
          params: { snippet: from[0]?.snippet ?? '' },
        }),
      ),
  },
  {
    id: 'http.slow_ttfb',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const answers = seen
          .of('http', endpoint)
          .filter(({ purpose, outcome }) => repeats.includes(purpose) && outcome === 'answer')
        const [first] = answers
        const roundTripMs = median(
          seen
            .of('tcp', endpoint)
            .filter(({ outcome }) => outcome === 'open')
            .map(({ tookMs }) => tookMs),
        )
        if (first === undefined || (first.firstByteMs ?? 0) < slowFirstByteMs + 3 * roundTripMs) return []
        const again = answers.filter(({ purpose }) => purpose === 'again')
        if (again.length === 0) return []
        const later = median(again.map(({ firstByteMs }) => firstByteMs ?? 0))
        const quickAgain = later < (first.firstByteMs ?? 0) / 2
        return [
          {
            target: endpoint,
            confidence: 'likely',
            from: [first, ...(quickAgain ? [] : again)],
            control: { key: 'repeat', from: again, params: { ms: Math.round(later) } },
            cause: quickAgain ? 'server' : 'everywhere',
            params: { ms: Math.round(first.firstByteMs ?? 0), again: Math.round(later) },
          },
        ]
      }),
  },
  throttledRule,
  {
    id: 'http.truncated',
    find: (seen) =>
      perEndpoint(
        seen,
        ({ outcome, purpose }) => outcome === 'truncated' && purpose !== 'range',
        (endpoint, from) => {
          const control = otherAnswer(seen, endpoint)
          return {
            target: endpoint,
            confidence: confidenceOf(from, control) === 'likely' ? 'certain' : 'likely',
            from,
            control: control ?? { key: 'protocol', from: [] },
            params: { bytes: from[0]?.bodyBytes ?? 0, declared: from[0]?.declaredBytes ?? 0 },
          }
        },
      ),
  },
  outcomeRule('http.stall', 'stalled'),
  {
    id: 'http.wrong_content',
    find: (seen) =>
      perEndpoint(
        seen,
        (answer) => answer.status === 200 && answer.isHtml && isExpectedData(answer) && !isLogin(answer),
        (endpoint, from) => ({
          target: endpoint,
          confidence: 'certain',
          from,
          control: otherAnswer(seen, endpoint) ?? { key: 'protocol', from: [] },
          params: { title: from[0]?.title ?? from[0]?.snippet ?? '', url: from[0]?.url ?? '' },
        }),
      ),
  },
  {
    id: 'integrity.mismatch',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const wrong = seen.of('integrity', endpoint).filter(({ outcome }) => outcome === 'mismatch')
        const [first] = wrong
        const truncated = seen.of('http', endpoint).some(({ outcome }) => outcome === 'truncated')
        const html = seen
          .of('http', endpoint)
          .some(({ isHtml, purpose }) => isHtml && (purpose === 'small' || purpose === 'medium'))
        if (first === undefined || truncated || html) return []
        const proved = seen
          .of('integrity')
          .filter(({ outcome, target }) => outcome === 'proved' && target !== endpoint)
        return [
          {
            target: endpoint,
            confidence: 'certain',
            from: wrong,
            control: { key: 'other-hash', from: proved.slice(0, 1) },
            params: { url: first.url, reason: first.reason ?? '' },
          },
        ]
      }),
  },
]

function statusRule(id: Rule['id'], matches: (answer: Exchange) => boolean): Rule {
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

function outcomeRule(id: Rule['id'], ...outcomes: readonly Exchange['outcome'][]): Rule {
  return {
    id,
    find: (seen) =>
      perEndpoint(
        seen,
        ({ outcome, purpose }) => outcomes.includes(outcome) && purpose !== 'range',
        (endpoint, from) => {
          const control = otherAnswer(seen, endpoint)
          return {
            target: endpoint,
            confidence: confidenceOf(from, control),
            from,
            control,
            cause: control === undefined ? 'unexplained' : 'host',
            params: {
              url: from[0]?.url ?? '',
              bytes: from[0]?.bodyBytes ?? 0,
              ms: Math.round(median(from.map(({ tookMs }) => tookMs))),
            },
          }
        },
      ),
  }
}

function perEndpoint(
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

function isOwnPurpose({ purpose }: Exchange): boolean {
  return !['portal', 'plain', 'other-agent', 'redirected', 'parallel', 'range'].includes(purpose)
}

function next(answer: Exchange): URL | undefined {
  const url = URL.parse(answer.url)
  return url === null ? undefined : redirectOf({ fact: answer, url: below(url, '') })
}

/** Only a file or metadata is certain to be no web page; an address that was given may well be one. */
function isExpectedData({ purpose }: Exchange): boolean {
  return purpose === 'metadata' || purpose === 'small' || purpose === 'medium'
}

/** Many registries have nothing at the root of their host. */
function isBareHost({ purpose, url }: Exchange): boolean {
  return purpose === 'page' && URL.parse(url)?.pathname === '/'
}

function isLogin({ title = '', snippet = '' }: Exchange): boolean {
  return /\b(log ?in|sign ?in|single sign-on|sso|authenticate)\b|登录|登錄|认证/i.test(`${title} ${snippet}`)
}

/** The mirror itself refuses: its page names a reason or an identifier for its operators. */
function isMirrorsOwn({ title = '', snippet = '' }: Exchange): boolean {
  return /\b(identifier|request id|user-agent|mirror|rate|abuse)\b|镜像|镜像站/i.test(`${title} ${snippet}`)
}

function isDatabase(seen: Seen, endpoint: string): boolean {
  return seen.targets.some(({ role, url }) => role === 'database' && endpoint.startsWith(`${url.hostname}:`))
}

function otherAnswer(seen: Seen, endpoint: string): Control | undefined {
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
