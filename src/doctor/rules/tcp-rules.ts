import type { ConnectOutcome, EvidenceOf } from '../evidence.ts'
import { type Seen, unique } from '../seen.ts'
import type { Cause, VerdictId } from '../verdict.ts'
import { type Conclusion, type Control, confidenceOf, median, type Rule } from './rule.ts'

const retransmitMs = 900
const ordinaryMs = 500

/** Connections. */
export const tcpRules: readonly Rule[] = [
  connectRule('tcp.refused', ['refused']),
  connectRule('tcp.filtered', ['silent']),
  connectRule('tcp.unreachable', ['host-unreachable', 'net-unreachable', 'no-protocol', 'failed']),
  {
    id: 'tcp.reset_on_connect',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const connects = own(seen, endpoint).filter(
          ({ outcome }) => outcome === 'reset' || outcome === 'closed',
        )
        if (connects.length < own(seen, endpoint).length || connects.length === 0) return []
        const control = otherHost(seen, endpoint)
        return [
          {
            target: endpoint,
            confidence: confidenceOf(connects, control),
            from: connects,
            control,
            cause: control === undefined ? 'unexplained' : 'host',
          },
        ]
      }),
  },
  {
    id: 'tcp.lossy',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const every = own(seen, endpoint)
        const working = new Set(
          every.filter(({ outcome }) => outcome === 'open').map(({ address }) => address),
        )
        const all = every.filter(({ address }) => working.has(address))
        const open = all.filter(({ outcome }) => outcome === 'open')
        const late = open.filter(({ tookMs }) => tookMs >= retransmitMs)
        const lost = all.filter(({ outcome }) => outcome === 'silent')
        const quick = open.filter(({ tookMs }) => tookMs < ordinaryMs)
        if (open.length < 3 || quick.length === 0 || late.length + lost.length < 2) return []
        return [
          {
            target: endpoint,
            confidence: 'likely',
            from: [...late, ...lost],
            control: {
              key: 'repeat',
              from: quick,
              params: { ms: Math.round(median(quick.map(({ tookMs }) => tookMs))) },
            },
            params: {
              late: late.length + lost.length,
              of: all.length,
              ms: Math.round(median(late.map(({ tookMs }) => tookMs))),
            },
          },
        ]
      }),
  },
  {
    id: 'mtu.blackhole',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const hellos = seen.of('tls.hello', endpoint)
        const silent = hellos.filter(
          ({ purpose, outcome }) => ['target', 'control-name'].includes(purpose) && outcome === 'silent',
        )
        const spoke = hellos.some(
          ({ purpose, outcome }) => ['target', 'control-name'].includes(purpose) && outcome !== 'silent',
        )
        const small = hellos.filter(({ purpose, outcome }) => purpose === 'small' && outcome === 'alert')
        const big = seen
          .of('http', endpoint)
          .filter(
            ({ outcome, bodyBytes, purpose }) =>
              purpose !== 'range' && outcome === 'no-answer' && bodyBytes === 0,
          )
        const range = seen
          .of('http', endpoint)
          .filter(({ purpose, outcome }) => purpose === 'range' && ['answer', 'cut-off'].includes(outcome))
        const byTls = silent.length >= 3 && !spoke && small.length > 0
        const byHttp = big.length >= 2 && range.length > 0
        if (!byTls && !byHttp) return []
        return [
          {
            target: endpoint,
            confidence: 'likely',
            from: byTls ? silent : big,
            control: { key: 'small-answer', from: byTls ? small : range },
            params: {},
          },
        ]
      }),
  },
]

type Connect = EvidenceOf<'tcp'>

function own(seen: Seen, endpoint: string): Connect[] {
  return seen.of('tcp', endpoint).filter(({ purpose }) => purpose === 'target')
}

function connectRule(id: VerdictId, outcomes: readonly ConnectOutcome[]): Rule {
  return {
    id,
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const all = own(seen, endpoint)
        const failed = all.filter(({ outcome }) => outcomes.includes(outcome))
        if (failed.length === 0 || all.some(({ outcome }) => outcome === 'open')) return []
        // Several addresses may fail in several ways: the first one's is what a client tells.
        if (!outcomes.includes(all[0]?.outcome ?? 'open')) return []
        const { control, cause } = compare(seen, endpoint)
        return [
          {
            target: endpoint,
            confidence: confidenceOf(failed, control),
            from: failed,
            control,
            cause,
            params: {
              address: unique(failed.map(({ address }) => address)).join(', '),
              port: failed[0]?.port ?? 0,
              ms: Math.round(median(failed.map(({ tookMs }) => tookMs))),
              outcome: failed[0]?.outcome ?? '',
            },
          },
        ]
      }),
  }
}

function compare(seen: Seen, endpoint: string): { control: Control | undefined; cause: Cause } {
  const sibling = seen
    .of('tcp', endpoint)
    .filter(({ purpose, outcome }) => purpose === 'sibling' && outcome === 'open')
  if (sibling.length > 0) return { control: { key: 'other-port', from: sibling }, cause: 'port' }
  const other = otherHost(seen, endpoint)
  if (other !== undefined) return { control: other, cause: 'host' }
  return { control: undefined, cause: 'unexplained' }
}

/** Another host that could be connected to in the same run. */
export function otherHost(seen: Seen, endpoint: string): Control | undefined {
  const open = seen
    .othersOf(endpoint)
    .flatMap((other) => own(seen, other))
    .filter(({ outcome }) => outcome === 'open')
  return open.length === 0
    ? undefined
    : { key: 'other-host', from: open.slice(0, 1), params: { host: open[0]?.host ?? '' } }
}
