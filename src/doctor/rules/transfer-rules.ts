import { type Exchange, isExpectedData, isLogin, otherAnswer, perEndpoint } from './answers.ts'
import { type Conclusion, confidenceOf, median, type Rule } from './rule.ts'
import { throttledRule } from './throttled-rule.ts'

const repeats: readonly string[] = ['metadata', 'page', 'again', 'small', 'medium']
const slowFirstByteMs = 1_000

/** How answers come: late, slowly, cut short, or with other bytes than were published. */
export const transferRules: readonly Rule[] = [
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
