import { below } from '../../mirrors/locate-probe.ts'
import { hostOfEndpoint } from '../seen.ts'
import { redirectOf } from '../web.ts'
import { type Exchange, isOwnPurpose } from './answers.ts'
import type { Conclusion, Rule } from './rule.ts'

const mostRedirects = 10

/** An answer that leads elsewhere, where nothing is to be had. */
export const redirectRule: Rule = {
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
}

function next(answer: Exchange): URL | undefined {
  const url = URL.parse(answer.url)
  return url === null ? undefined : redirectOf({ fact: answer, url: below(url, '') })
}
