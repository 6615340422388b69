import { isSlow, rateOf } from '../http-stage.ts'
import { hostOfEndpoint, type Seen } from '../seen.ts'
import type { Conclusion, Rule, RuleContext } from './rule.ts'

const perConnectionGain = 1.6

/** A slow transfer: of each connection (two at once bring twice as much), or of the whole path. */
export const throttledRule: Rule = { id: 'http.throttled', find: throttled }

function throttled(seen: Seen, { catalogues }: RuleContext): Conclusion[] {
  return seen.endpoints.flatMap((endpoint): Conclusion[] => {
    const slow = seen
      .of('http', endpoint)
      .filter((answer) => (answer.purpose === 'medium' || answer.purpose === 'page') && isSlow(answer))
    const [first] = slow
    if (first === undefined) return []
    const parallel = seen.of('http', endpoint).filter(({ purpose }) => purpose === 'parallel')
    const rate = rateOf(first)
    const sum = parallel.reduce((total, answer) => total + rateOf(answer), 0)
    const other = seen
      .of('http')
      .filter(
        ({ purpose, target, outcome }) => purpose === 'medium' && target !== endpoint && outcome === 'answer',
      )
    const ecosystem = seen.targets.find(({ url }) => url.hostname === hostOfEndpoint(endpoint))?.ecosystem
    const bytes = (ecosystem === undefined ? undefined : catalogues[ecosystem]?.reference.bytes) ?? 83_000_000
    const otherRate = other[0] === undefined ? 0 : rateOf(other[0])
    const perConnection = parallel.length >= 2 && sum >= perConnectionGain * rate
    return [
      {
        target: endpoint,
        confidence: parallel.length >= 2 ? 'likely' : 'possible',
        from: slow,
        control:
          perConnection || other.length === 0
            ? { key: 'parallel', from: parallel, params: { rate: Math.round(sum / 1000) } }
            : { key: 'other-host', from: other.slice(0, 1), params: { host: other[0]?.host ?? '' } },
        cause: perConnection ? 'gateway' : 'everywhere',
        params: {
          rate: Math.round(rate / 1000),
          bytes,
          seconds: Math.round(bytes / rate),
          other: other[0]?.host ?? '',
          otherSeconds:
            otherRate === 0 || otherRate === Infinity ? 0 : Math.max(1, Math.round(bytes / otherRate)),
        },
      },
    ]
  })
}
