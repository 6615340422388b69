import type { Evidence } from '../evidence.ts'
import { redirectsOf } from '../redirect-chain.ts'
import type { Seen } from '../seen.ts'
import type { Confidence } from '../verdict.ts'
import { isRedirect, mostRedirects } from '../web.ts'
import { type Exchange, isAbsent, isBareHost, isExpectedData, isOwnPurpose } from './answers.ts'
import type { Conclusion, Rule } from './rule.ts'

/** An answer that leads elsewhere, where nothing is to be had. Each chain is judged by itself. */
export const redirectRule: Rule = {
  id: 'http.redirect',
  find: (seen) =>
    seen.endpoints.flatMap((endpoint): Conclusion[] => {
      const ends = seen
        .of('http', endpoint)
        .filter(isOwnPurpose)
        .flatMap((start) => deadEnd(seen, start) ?? [])
      const byPlace = Map.groupBy(ends, ({ to }) => to)
      return [...byPlace].flatMap(([to, [first, ...more]]): Conclusion[] => {
        if (first === undefined) return []
        return [
          {
            target: endpoint,
            confidence: first.confidence,
            from: [first, ...more].flatMap(({ from }) => from),
            control: { key: 'protocol', from: [] },
            params: { to, hops: first.hops },
          },
        ]
      })
    }),
}

interface DeadEnd {
  readonly to: string
  readonly hops: number
  readonly confidence: Confidence
  readonly from: readonly Evidence[]
}

/** Where a chain that was followed ends without what was asked for; undefined when it does not, or is not at its end. */
function deadEnd(seen: Seen, start: Exchange): DeadEnd | undefined {
  const hops = redirectsOf(seen.evidence, start)
  const [first] = hops
  const last = hops.at(-1)
  if (first === undefined || last === undefined) return undefined
  const at = (confidence: Confidence, place: Exchange, from: readonly Evidence[]): DeadEnd => ({
    to: URL.parse(place.url)?.host ?? place.host,
    hops: hops.length,
    confidence,
    from: [start, ...from],
  })
  if (isRedirect(last.status))
    return hops.length > mostRedirects ? at('certain', first, hops.slice(0, 2)) : undefined
  if (last.outcome === 'unsent') {
    const failures = failuresOnTheWay(seen, last)
    return failures.length === 0 ? at('possible', last, [last]) : at('certain', last, failures.slice(0, 3))
  }
  if (['no-answer', 'closed', 'reset', 'not-http'].includes(last.outcome)) return at('possible', last, [last])
  const status = last.status ?? 0
  if (status >= 400)
    return isAbsent(last) && (start.purpose === 'canary' || isBareHost(start))
      ? undefined
      : at(status < 500 ? 'certain' : 'likely', last, [last])
  const isPage = last.isHtml && last.host !== start.host && isExpectedData(start)
  return isPage ? at('certain', last, [last]) : undefined
}

function failuresOnTheWay(seen: Seen, { target, host }: Exchange): Evidence[] {
  return [
    ...seen.of('proxy.choice', target).filter(({ outcome }) => outcome === 'unusable'),
    ...seen.of('proxy.tunnel', target).filter(({ outcome }) => outcome !== 'open'),
    ...seen.of('dns.lookup', host).filter(({ outcome }) => outcome === 'failed'),
    ...seen
      .of('dns.query', host)
      .filter(({ outcome, purpose }) => outcome !== 'answer' && outcome !== 'nodata' && purpose === 'name'),
    ...seen.of('tcp', target).filter(({ outcome }) => outcome !== 'open'),
    ...seen.of('tls.hello', target).filter(({ outcome }) => outcome !== 'server-hello'),
    ...seen
      .of('tls.chain', target)
      .filter(({ outcome, hostMatches }) => outcome !== 'trusted' || !hostMatches),
  ]
}
