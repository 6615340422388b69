import { attemptTimeoutName } from '../probes/node-settings.ts'
import { hostOfEndpoint, unique } from '../seen.ts'
import { type Conclusion, median, type Rule } from './rule.ts'

/** How long Node 20 to 24 waits for each address before the next, where the machine's own Node does not tell. */
const usualMs = 250

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
    // Node leaves each address but the last after its time: it fails when all but the last are slow and the last is broken.
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
        const own = seen.of('tcp', endpoint).filter(({ purpose }) => purpose === 'target')
        const byFamily = own.toSorted((left, right) => left.family - right.family)
        const addresses = unique(byFamily.map(({ address }) => address))
        const inOrder = seen.of('dns.lookup', hostOfEndpoint(endpoint)).at(-1)?.addresses ?? addresses
        const last = inOrder.at(-1) ?? ''
        const lost = own.filter(({ address }) => address === last)
        const fastest = Math.min(...open.map(({ tookMs }) => tookMs))
        const [told] = seen.of('setting').filter(({ name }) => name === attemptTimeoutName)
        const patienceMs = told === undefined ? usualMs : Number(told.value)
        const fails = lost.length > 0 && lost.every(({ outcome }) => outcome !== 'open')
        if (!isNode || addresses.length < 2 || open.length < 2 || !fails || fastest <= patienceMs) return []
        return [
          {
            target: endpoint,
            confidence: 'likely',
            from: [...open, ...lost, ...(told === undefined ? [] : [told])],
            control: { key: 'repeat', from: open, params: { ms: Math.round(fastest) } },
            params: { ms: Math.round(fastest), patienceMs, last },
          },
        ]
      }),
  },
]
