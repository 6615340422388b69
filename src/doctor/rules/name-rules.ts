import { isIP } from 'node:net'
import { blockList, classOf, within } from '../../upstream/address.ts'
import { type Seen, unique } from '../seen.ts'
import { names, otherNames, unresolved } from './queries.ts'
import { type Conclusion, type Control, median, type Rule, type RuleContext } from './rule.ts'

const slowSearchMs = 100
/** So many hosts without a name are no mistake in typing. */
const leastUnknown = 3
const documentation = blockList(['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'])
/** One proxy program's pool for invented addresses, beside 198.18.0.0/15. */
const fakePool = blockList(['28.0.0.0/16'])

/** What the answers for one name lead to. */
export const nameRules: readonly Rule[] = [
  {
    // Names that have nothing in common are not all mistyped: the name server serves an inner network only.
    id: 'dns.no_outside',
    find: (seen) => {
      const asked = seen
        .of('dns.query')
        .filter(({ purpose, type, transport }) => purpose === 'name' && type === 'A' && transport === 'udp')
      const hosts = unique(asked.map(({ host }) => host))
      const all = asked.every(({ outcome }) => outcome === 'nxdomain')
      if (!all || hosts.length < leastUnknown || unresolved(seen).length === 0) return []
      return [
        {
          target: unique(asked.map(({ server }) => server)).join(', '),
          confidence: 'likely',
          from: asked,
          control: { key: 'other-host-too', from: asked, params: { host: hosts.slice(1).join(', ') } },
          cause: 'resolver',
          params: {
            server: unique(asked.map(({ server }) => server)).join(', '),
            count: hosts.length,
            hosts: hosts.join(', '),
          },
        },
      ]
    },
  },
  {
    id: 'dns.hosts_file',
    find: (seen) =>
      seen.of('setting').flatMap((fact): Conclusion[] => {
        const { problem, name: host, value } = fact
        const answered = seen
          .of('http')
          .some((answer) => answer.host === host && answer.outcome === 'answer' && (answer.status ?? 0) < 400)
        if (problem !== 'dns.hosts_file' || answered || isThroughProxy(seen, host)) return []
        const failed = seen.of('tcp').filter((connect) => connect.host === host && connect.outcome !== 'open')
        const told = names(seen, host).filter(
          ({ outcome, addresses }) =>
            outcome === 'answer' && !addresses.some((address) => value.includes(address)),
        )
        const ms = Math.round(median(failed.map(({ tookMs }) => tookMs)))
        const control: Control | undefined =
          told.length > 0
            ? { key: 'other-server', from: told }
            : failed.length > 1
              ? { key: 'repeat', from: failed, params: { ms } }
              : undefined
        return [
          {
            target: host,
            confidence: told.length > 0 ? 'certain' : control === undefined ? 'possible' : 'likely',
            from: [fact, ...failed.slice(0, 3)],
            control,
            cause: control === undefined ? 'unexplained' : 'address',
            params: { host, address: value },
          },
        ]
      }),
  },
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

function isThroughProxy(seen: Seen, host: string): boolean {
  return seen
    .of('proxy.choice')
    .some(({ url, outcome }) => outcome !== 'direct' && URL.parse(url)?.hostname === host)
}
