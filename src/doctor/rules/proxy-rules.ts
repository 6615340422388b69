import type { EvidenceOf, TunnelFact } from '../evidence.ts'
import { type Seen, unique } from '../seen.ts'
import type { VerdictId } from '../verdict.ts'
import { type Conclusion, type Control, median, type Rule } from './rule.ts'

const slowMs = 1_000

/** Proxies, and the variables that name them. */
export const proxyRules: readonly Rule[] = [
  {
    id: 'proxy.invalid',
    find: (seen) => {
      const wrong = seen.of('proxy.choice').filter(({ outcome }) => outcome === 'unusable')
      return unique(wrong.map(({ foundIn = '' }) => foundIn)).map((foundIn) => ({
        target: foundIn,
        confidence: 'certain',
        from: wrong.filter((one) => one.foundIn === foundIn),
        control: setting,
        params: { foundIn },
      }))
    },
  },
  { id: 'proxy.dead', find: (seen) => wrongTunnels(seen, isDead) },
  { id: 'proxy.scheme', find: (seen) => wrongTunnels(seen, isOtherScheme) },
  {
    id: 'proxy.auth',
    find: (seen) => {
      const plain = seen.of('http').filter(({ status }) => status === 407)
      return [...wrongTunnels(seen, wantsLogin), ...wrongAnswers(seen, plain)]
    },
  },
  {
    id: 'proxy.denied',
    find: (seen) => [
      ...wrongTunnels(seen, denies),
      ...seen.of('tls.hello').flatMap((hello): Conclusion[] => {
        const tunnel = seen.of('proxy.tunnel', hello.target).filter(({ outcome }) => outcome === 'open')
        const cut = ['reset', 'closed', 'silent'].includes(hello.outcome) && hello.purpose === 'target'
        if (!cut || tunnel.length === 0 || seen.of('tls.hello', hello.target)[0] !== hello) return []
        return [
          {
            target: tunnel[0]?.proxy ?? '',
            confidence: 'likely',
            from: [hello, ...tunnel.slice(0, 1)],
            control: otherTunnel(seen, tunnel[0]?.proxy ?? '', hello.target) ?? setting,
            params: {
              proxy: tunnel[0]?.proxy ?? '',
              foundIn: tunnel[0]?.foundIn ?? '',
              hosts: hello.host,
              status: 0,
            },
          },
        ]
      }),
    ],
  },
  {
    id: 'proxy.slow',
    find: (seen) => {
      const open = seen.of('proxy.tunnel').filter(({ outcome }) => outcome === 'open')
      return unique(open.map(({ proxy }) => proxy)).flatMap((proxy): Conclusion[] => {
        const own = open.filter((tunnel) => tunnel.proxy === proxy)
        const ms = median(own.map(({ tookMs, connectMs = 0 }) => tookMs - connectMs))
        if (ms < slowMs) return []
        return [
          {
            target: proxy,
            confidence: own.length >= 2 ? 'likely' : 'possible',
            from: own,
            control:
              own.length >= 2
                ? { key: 'repeat', from: own.slice(1), params: { ms: Math.round(ms) } }
                : undefined,
            cause: 'unexplained',
            params: {
              proxy,
              ms: Math.round(ms),
              connectMs: Math.round(own[0]?.connectMs ?? 0),
              foundIn: own[0]?.foundIn ?? '',
            },
          },
        ]
      })
    },
  },
  settingRule('proxy.case'),
  settingRule('proxy.credentials'),
  settingRule('proxy.no_proxy'),
  settingRule('proxy.ignored'),
  settingRule('config.broken'),
]

const setting: Control = { key: 'setting', from: [] }

/** A setting that is wrong by itself. */
export function settingRule(id: VerdictId): Rule {
  return {
    id,
    find: (seen) =>
      seen
        .of('setting')
        .filter(({ problem }) => problem === id)
        .map((fact) => ({
          target: fact.name,
          confidence: 'certain',
          from: [fact],
          control: setting,
          params: {
            name: fact.name,
            value: fact.value,
            foundIn: fact.foundIn,
            detail: fact.detail ?? '',
            client: fact.client ?? '',
          },
        })),
  }
}

type Matches = (tunnel: Pick<TunnelFact, 'outcome'>) => boolean

const isDead: Matches = ({ outcome }) => outcome === 'dead' || outcome === 'silent' || outcome === 'reset'
const isOtherScheme: Matches = ({ outcome }) => outcome === 'bad-tls' || outcome === 'not-proxy'
const wantsLogin: Matches = ({ outcome }) => outcome === 'auth'
const denies: Matches = ({ outcome }) => outcome === 'denied'

const spareRule = (id: VerdictId, matches: Matches): Rule => ({
  id,
  find: (seen) => wrongTunnels(seen, matches, 'spare'),
})

/** Proxies of clients' own that no target is gone to by: what stands in the targets' way comes first. */
export const spareProxyRules: readonly Rule[] = [
  spareRule('proxy.dead', isDead),
  spareRule('proxy.scheme', isOtherScheme),
  spareRule('proxy.auth', wantsLogin),
  spareRule('proxy.denied', denies),
]

/** One verdict for a proxy, whatever number of hosts it fails. `taken`: targets are gone to by it. */
function wrongTunnels(seen: Seen, matches: Matches, use: 'taken' | 'spare' = 'taken'): Conclusion[] {
  const wrong = seen.of('proxy.tunnel').filter(matches)
  const taken = unique(wrong.filter(({ toward }) => toward === undefined).map(({ proxy }) => proxy))
  const spare = unique(wrong.map(({ proxy }) => proxy)).filter((proxy) => !taken.includes(proxy))
  return (use === 'taken' ? taken : spare).map((proxy) => {
    const own = wrong.filter((tunnel) => tunnel.proxy === proxy)
    const [first] = own
    return {
      target: proxy,
      confidence: 'certain',
      from: own,
      control: otherTunnel(seen, proxy, first?.target ?? '') ?? { key: 'protocol', from: [] },
      params: {
        proxy,
        foundIn: first?.foundIn ?? '',
        places: unique(own.map(({ foundIn }) => foundIn)).join(' + '),
        status: first?.status ?? 0,
        schemes: (first?.schemes ?? []).join(', '),
        reason: first?.reason ?? first?.outcome ?? '',
        hosts: unique(own.map(({ target, toward = target }) => toward)).join(', '),
      },
    }
  })
}

function wrongAnswers(seen: Seen, answers: readonly EvidenceOf<'http'>[]): Conclusion[] {
  const [first] = answers
  if (first === undefined) return []
  const [choice] = seen.of('proxy.choice', first.target).filter(({ outcome }) => outcome === 'proxy')
  const proxy = choice?.proxy ?? first.target
  return [
    {
      target: proxy,
      confidence: 'certain',
      from: answers,
      control: { key: 'protocol', from: [] },
      params: {
        proxy,
        foundIn: choice?.foundIn ?? '',
        status: 407,
        schemes: '',
        reason: '',
        hosts: first.host,
      },
    },
  ]
}

function otherTunnel(seen: Seen, proxy: string, than: string): Control | undefined {
  const open = seen
    .of('proxy.tunnel')
    .filter((tunnel) => tunnel.proxy === proxy && tunnel.outcome === 'open' && tunnel.target !== than)
  return open.length === 0
    ? undefined
    : { key: 'other-host', from: open.slice(0, 1), params: { host: open[0]?.target ?? '' } }
}
