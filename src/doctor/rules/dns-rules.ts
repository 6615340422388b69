import { isIP } from 'node:net'
import { blockList, classOf, within } from '../../upstream/address.ts'
import type { EvidenceOf, QueryOutcome } from '../evidence.ts'
import { hostOfEndpoint, type Seen, unique } from '../seen.ts'
import type { VerdictId } from '../verdict.ts'
import { type Conclusion, type Control, median, type Rule, type RuleContext } from './rule.ts'

type Query = EvidenceOf<'dns.query'>

const slowMedianMs = 100
const slowTailMs = 500
const slowSearchMs = 100
const documentation = blockList(['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'])
/** One proxy program's pool for invented addresses, beside 198.18.0.0/15. */
const fakePool = blockList(['28.0.0.0/16'])

/** What name servers did, and what their answers lead to. */
export const dnsRules: readonly Rule[] = [
  serverRule('dns.server_down', ['down']),
  serverRule('dns.timeout', ['silent']),
  answerRule('dns.servfail', 'servfail'),
  answerRule('dns.refused', 'refused'),
  answerRule('dns.formerr', 'formerr', 'malformed'),
  answerRule('dns.notimp', 'notimp'),
  {
    id: 'dns.nxdomain',
    find: (seen) =>
      unresolved(seen).flatMap((host): Conclusion[] => {
        const denied = names(seen, host).filter(({ outcome, type }) => outcome === 'nxdomain' && type === 'A')
        const failed = seen
          .of('dns.lookup', host)
          .filter(({ code }) => code === 'ENOTFOUND' || code === 'EAI_NONAME')
        if (denied.length === 0 && (failed.length === 0 || names(seen, host).length > 0)) return []
        const known = names(seen, host).filter(({ outcome }) => outcome === 'answer')
        const servers = unique(denied.map(({ server }) => server))
        const others = otherNames(seen, host)
        const control: Control | undefined =
          known.length > 0
            ? { key: 'other-server', from: known }
            : servers.length > 1
              ? { key: 'other-server-too', from: denied }
              : others.length > 0
                ? { key: 'other-name', from: others.slice(0, 1) }
                : undefined
        const confidence =
          servers.length > 1 || known.length > 0 ? 'certain' : control === undefined ? 'possible' : 'likely'
        return [
          {
            target: host,
            confidence,
            from: [...denied, ...failed],
            control,
            cause: known.length > 0 ? 'resolver' : control === undefined ? 'unexplained' : 'host',
            params: { host, server: servers.join(', ') },
          },
        ]
      }),
  },
  {
    id: 'dns.nodata',
    find: (seen) =>
      unresolved(seen).flatMap((host): Conclusion[] => {
        const asked = names(seen, host).filter(({ transport }) => transport === 'udp')
        const empty = asked.filter(({ outcome }) => outcome === 'nodata')
        if (empty.length < 2 || empty.length < asked.length) return []
        const others = otherNames(seen, host)
        return [
          {
            target: host,
            confidence: 'certain',
            from: empty,
            control:
              others.length > 0
                ? { key: 'other-name', from: others.slice(0, 1) }
                : { key: 'protocol', from: [] },
            params: { host, server: empty[0]?.server ?? '' },
          },
        ]
      }),
  },
  {
    id: 'dns.slow',
    find: (seen) =>
      serversOf(seen).flatMap((server): Conclusion[] => {
        const all = seen
          .of('dns.query')
          .filter((query) => query.server === server && query.transport === 'udp')
        const again = all.filter(({ purpose }) => purpose === 'again')
        const samples = all.filter(({ outcome, purpose }) => outcome !== 'silent' && purpose !== 'search')
        const times = samples.map(({ tookMs }) => tookMs)
        if (again.length < 4) return []
        const middle = median(times)
        const tail = times.toSorted((left, right) => left - right)[Math.floor(times.length * 0.95)] ?? 0
        if (middle <= slowMedianMs && tail <= slowTailMs) return []
        const hosts = seen.hosts.filter((host) => isIP(host) === 0)
        const repeated = median(again.filter(({ name, host }) => name === host).map(({ tookMs }) => tookMs))
        return [
          {
            target: server,
            confidence: 'likely',
            from: samples,
            control: { key: 'repeat', from: again, params: { ms: Math.round(repeated) } },
            cause: repeated > slowMedianMs ? 'gateway' : 'server',
            params: {
              server,
              ms: Math.round(middle),
              hosts: hosts.length,
              totalMs: Math.round(middle * hosts.length),
            },
          },
        ]
      }),
  },
  {
    id: 'dns.bogus',
    find: (seen, context) =>
      seen.hosts.flatMap((host): Conclusion[] => {
        const wrong = answersFor(seen, host).filter(({ addresses }) =>
          addresses.some((address) => isBogus(address, host, context)),
        )
        if (wrong.length === 0 || isProvedByTls(seen, host)) return []
        const honest = answersFor(seen, host).filter(
          ({ addresses }) =>
            addresses.length > 0 && !addresses.some((address) => isBogus(address, host, context)),
        )
        const addresses = unique(wrong.flatMap((answer) => answer.addresses)).filter((address) =>
          isBogus(address, host, context),
        )
        return [
          {
            target: host,
            confidence: honest.length > 0 ? 'likely' : 'possible',
            from: wrong,
            control: honest.length > 0 ? { key: 'other-server', from: honest } : undefined,
            cause: honest.length > 0 ? 'resolver' : 'unexplained',
            params: { host, address: addresses.join(', ') },
          },
        ]
      }),
  },
  {
    id: 'dns.fake_ip',
    find: (seen) =>
      seen.hosts.flatMap((host): Conclusion[] => {
        const invented = answersFor(seen, host).filter(({ addresses }) => addresses.some(isFake))
        const failed = seen
          .of('tcp')
          .filter(
            ({ host: name, address, purpose }) => name === host && isFake(address) && purpose === 'target',
          )
        const works = failed.some(({ outcome }) => outcome === 'open')
        if (invented.length === 0 || works || failed.length === 0) return []
        return [
          {
            target: host,
            confidence: 'likely',
            from: [...invented, ...failed],
            control: { key: 'protocol', from: [] },
            params: { host, address: invented[0]?.addresses.find(isFake) ?? '' },
          },
        ]
      }),
  },
  {
    id: 'dns.wildcard',
    find: (seen) =>
      seen
        .of('dns.query')
        .filter(({ purpose, outcome }) => purpose === 'missing' && outcome === 'answer')
        .map((query) => ({
          target: query.server,
          confidence: 'certain',
          from: [query],
          control: { key: 'protocol', from: [] },
          params: { server: query.server, address: query.addresses.join(', '), name: query.name },
        })),
  },
  {
    id: 'dns.injected',
    find: (seen) =>
      seen.hosts.flatMap((host): Conclusion[] => {
        const doubled = names(seen, host).filter(({ others }) => others.length > 0)
        if (doubled.length === 0) return []
        const overTcp = names(seen, host).filter(
          ({ transport, outcome }) => transport === 'tcp' && outcome === 'answer',
        )
        const differs = overTcp.filter(({ addresses }) => addresses.join() !== doubled[0]?.addresses.join())
        return [
          {
            target: host,
            confidence: differs.length > 0 ? 'certain' : 'likely',
            from: doubled,
            control:
              overTcp.length > 0 ? { key: 'other-server', from: overTcp } : { key: 'repeat', from: doubled },
            params: {
              host,
              server: doubled[0]?.server ?? '',
              first: doubled[0]?.addresses.join(', ') ?? '',
              second: doubled[0]?.others[0]?.join(', ') ?? '',
            },
          },
        ]
      }),
  },
  {
    id: 'dns.tcp_blocked',
    find: (seen) =>
      seen.hosts.flatMap((host): Conclusion[] => {
        const cut = names(seen, host).filter(
          ({ outcome, transport }) => outcome === 'truncated' && transport === 'udp',
        )
        const failed = names(seen, host).filter(
          ({ transport, outcome, server }) =>
            transport === 'tcp' && outcome !== 'answer' && cut.some((query) => query.server === server),
        )
        if (failed.length === 0) return []
        return [
          {
            target: host,
            confidence: 'certain',
            from: [...cut, ...failed],
            control: { key: 'protocol', from: [] },
            params: { host, server: failed[0]?.server ?? '' },
          },
        ]
      }),
  },
  {
    id: 'dns.search_suffix',
    find: (seen) =>
      seen.hosts.flatMap((host): Conclusion[] => {
        const searched = seen.of('dns.query', host).filter(({ purpose }) => purpose === 'search')
        const caught = searched.filter(({ outcome }) => outcome === 'answer')
        const costMs = searched.reduce((sum, { tookMs }) => sum + tookMs, 0)
        if (caught.length === 0 && costMs < slowSearchMs * searched.length) return []
        const [first] = caught.length > 0 ? caught : searched
        if (first === undefined) return []
        return [
          {
            target: host,
            confidence: caught.length > 0 ? 'certain' : 'likely',
            from: caught.length > 0 ? caught : searched,
            control: { key: 'other-name', from: names(seen, host).slice(0, 1) },
            params: { host, name: first.name, ms: Math.round(costMs) },
          },
        ]
      }),
  },
]

function serverRule(id: VerdictId, outcomes: readonly QueryOutcome[]): Rule {
  return {
    id,
    find: (seen) =>
      serversOf(seen).flatMap((server): Conclusion[] => {
        const asked = seen
          .of('dns.query')
          .filter((query) => query.server === server && query.transport === 'udp')
        const lost = asked.filter(({ outcome }) => outcomes.includes(outcome))
        const answered = asked.filter(({ outcome }) => !outcomes.includes(outcome))
        const lostHosts = unique(
          lost.filter(({ purpose, type }) => purpose === 'name' && type === 'A').map(({ host }) => host),
        )
        if (lostHosts.length === 0) return []
        const elsewhere = seen
          .of('dns.query')
          .filter((query) => query.server !== server && query.outcome === 'answer')
        if (answered.length === 0) {
          const control: Control | undefined =
            elsewhere.length > 0 ? { key: 'other-server', from: elsewhere.slice(0, 1) } : undefined
          return [
            {
              target: server,
              confidence: lost.length >= 2 ? (id === 'dns.server_down' ? 'certain' : 'likely') : 'possible',
              from: lost,
              control:
                control ?? (lost.length >= 2 ? { key: 'repeat', from: lost, params: { ms: 0 } } : undefined),
              cause: elsewhere.length > 0 ? 'server' : 'unexplained',
              params: { server, host: lostHosts.join(', '), others: elsewhere.length },
            },
          ]
        }
        return lostHosts
          .filter((host) => ownHosts(seen).includes(host))
          .flatMap((host): Conclusion[] => {
            const own = lost.filter(
              (query) => query.host === host && query.purpose === 'name' && query.type === 'A',
            )
            if (own.length < 2 || asked.some((query) => query.host === host && query.outcome === 'answer'))
              return []
            return [
              {
                target: host,
                confidence: 'likely',
                from: own,
                control: { key: 'other-name', from: answered.slice(0, 1) },
                cause: 'host',
                params: { server, host, others: 0 },
              },
            ]
          })
      }),
  }
}

/** One verdict for a server that fails every name alike, else one for each host. */
function answerRule(id: VerdictId, ...outcomes: readonly QueryOutcome[]): Rule {
  return {
    id,
    find: (seen) =>
      serversOf(seen).flatMap((server): Conclusion[] => {
        const asked = seen
          .of('dns.query')
          .filter((query) => query.server === server && query.purpose === 'name')
        const failed = asked.filter(({ outcome }) => outcomes.includes(outcome))
        const hosts = unique(failed.map(({ host }) => host))
        const fine = asked.filter(({ outcome }) => outcome === 'answer')
        const whole = fine.length === 0 && hosts.length > 1
        const elsewhere = seen
          .of('dns.query')
          .filter((query) => query.server !== server && query.outcome === 'answer')
        const control: Control =
          fine.length > 0
            ? { key: 'other-name', from: fine.slice(0, 1) }
            : elsewhere.length > 0
              ? { key: 'other-server', from: elsewhere.slice(0, 1) }
              : { key: 'protocol', from: [] }
        const one = (target: string, from: readonly Query[]): Conclusion => ({
          target,
          confidence: 'certain',
          from,
          control,
          cause: fine.length > 0 ? 'host' : elsewhere.length > 0 ? 'resolver' : 'unexplained',
          params: { server, host: unique(from.map(({ host }) => host)).join(', ') },
        })
        if (whole) return [one(server, failed)]
        return hosts
          .filter((host) => !asked.some((query) => query.host === host && query.outcome === 'answer'))
          .filter((host) => ownHosts(seen).includes(host))
          .map((host) =>
            one(
              host,
              failed.filter((query) => query.host === host),
            ),
          )
      }),
  }
}

function serversOf(seen: Seen): readonly string[] {
  return unique(seen.of('dns.query').map(({ server }) => server))
}

function names(seen: Seen, host: string): Query[] {
  return seen.of('dns.query', host).filter(({ purpose }) => purpose === 'name')
}

/** Hosts that a client would find no address for. */
function unresolved(seen: Seen): readonly string[] {
  return ownHosts(seen).filter((host) => {
    const lookups = seen.of('dns.lookup', host)
    if (lookups.length > 0) return lookups.every(({ outcome }) => outcome === 'failed')
    return names(seen, host).length > 0 && names(seen, host).every(({ outcome }) => outcome !== 'answer')
  })
}

/** Targets, and the proxies on the way to them. Where a redirect leads is the redirect's matter. */
function ownHosts(seen: Seen): readonly string[] {
  const proxies = seen
    .of('proxy.choice')
    .flatMap(({ proxy }) => (proxy === undefined ? [] : [hostOfEndpoint(proxy)]))
  return unique([...seen.hosts, ...proxies])
}

function otherNames(seen: Seen, host: string): Query[] {
  return seen
    .of('dns.query')
    .filter((query) => query.host !== host && query.outcome === 'answer' && query.purpose === 'name')
}

function answersFor(seen: Seen, host: string) {
  return [...names(seen, host), ...seen.of('dns.lookup', host)].filter(({ outcome }) => outcome === 'answer')
}

/** Who shows a trusted certificate for the name is the host, wherever it lives: a mirror inside the company. */
function isProvedByTls(seen: Seen, host: string): boolean {
  return seen
    .of('tls.chain')
    .some((chain) => chain.host === host && chain.outcome === 'trusted' && chain.hostMatches)
}

function isFake(address: string): boolean {
  return classOf(address) === 'fake-ip' || within(fakePool, address)
}

function isBogus(address: string, host: string, { allowPrivate }: RuleContext): boolean {
  if (/(^|\.)localhost\.?$/i.test(host) || isFake(address)) return false
  if (classOf(address) === 'public' && !within(documentation, address)) return false
  return !allowPrivate.some((entry) => {
    if (entry.toLowerCase() === host.toLowerCase()) return true
    const isBlock = isIP(entry.split('/')[0] ?? '') !== 0
    return isBlock && within(blockList([entry]), address)
  })
}
