import { unique } from '../seen.ts'
import { type Conclusion, median, type Rule } from './rule.ts'

/** How long Node waits for each address before the next (20 to 24; 500 ms from 26 on). */
const node250Ms = 250

/** Names with several addresses: one family that does not work, and clients that give each too little time. */
export const familyRules: readonly Rule[] = [
  {
    id: 'v6.broken_aaaa',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const connects = seen.of('tcp', endpoint).filter(({ purpose }) => purpose === 'target')
        const six = connects.filter(({ family }) => family === 6)
        const four = connects.filter(({ family, outcome }) => family === 4 && outcome === 'open')
        const [network] = seen.of('machine.network')
        const lost = six.filter(({ outcome }) => outcome !== 'open')
        const costs = six.some(({ outcome }) => outcome === 'silent') || network?.defaultRoute6 === true
        if (six.length === 0 || lost.length < six.length || four.length === 0 || !costs) return []
        return [
          {
            target: endpoint,
            confidence: lost.length >= 2 ? 'likely' : 'possible',
            from: lost,
            control: { key: 'other-family', from: four.slice(0, 1) },
            params: {
              address: lost[0]?.address ?? '',
              ms: Math.round(median(lost.map(({ tookMs }) => tookMs))),
            },
          },
        ]
      }),
  },
  {
    id: 'node.he250',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const isNode = seen.targets.some(
          (target) =>
            target.ecosystem === 'npm' &&
            target.role !== 'control' &&
            endpoint.startsWith(`${target.url.hostname}:`),
        )
        const open = seen
          .of('tcp', endpoint)
          .filter(({ outcome, purpose }) => outcome === 'open' && purpose === 'target')
        const addresses = unique(seen.of('tcp', endpoint).map(({ address }) => address))
        const fastest = Math.min(...open.map(({ tookMs }) => tookMs))
        if (!isNode || addresses.length < 2 || open.length < 2 || fastest <= node250Ms) return []
        return [
          {
            target: endpoint,
            confidence: 'likely',
            from: open,
            control: { key: 'repeat', from: open, params: { ms: Math.round(fastest) } },
            params: { ms: Math.round(fastest), addresses: addresses.length },
          },
        ]
      }),
  },
]
