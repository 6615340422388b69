import { isIP } from 'node:net'
import type { QueryOutcome } from '../evidence.ts'
import { type Seen, unique } from '../seen.ts'
import type { VerdictId } from '../verdict.ts'
import { names, ownHosts, type Query } from './queries.ts'
import { type Conclusion, type Control, median, type Rule } from './rule.ts'

const slowMedianMs = 100
const slowTailMs = 500
/** Outcomes without an answer; an answer that names no address came through all the same. */
const unheard: readonly QueryOutcome[] = ['silent', 'down', 'unreachable', 'malformed']

/** What name servers do, whatever they are asked for. */
export const nameServerRules: readonly Rule[] = [
  serverRule('dns.server_down', ['down']),
  serverRule('dns.timeout', ['silent']),
  answerRule('dns.servfail', 'servfail'),
  answerRule('dns.refused', 'refused'),
  answerRule('dns.formerr', 'formerr', 'malformed'),
  answerRule('dns.notimp', 'notimp'),
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
        // A busy machine delays some questions, a slow server all that it has not kept.
        const fresh = again.filter(({ name, host }) => name !== host).map(({ tookMs }) => tookMs)
        if (Math.min(...fresh) <= slowMedianMs / 2) return []
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
    id: 'dns.tcp_blocked',
    find: (seen) =>
      seen.hosts.flatMap((host): Conclusion[] => {
        const cut = names(seen, host).filter(
          ({ outcome, transport }) => outcome === 'truncated' && transport === 'udp',
        )
        const failed = names(seen, host).filter(
          ({ transport, outcome, server }) =>
            transport === 'tcp' && unheard.includes(outcome) && cut.some((query) => query.server === server),
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
]

function serverRule(id: VerdictId, own: readonly QueryOutcome[]): Rule {
  return {
    id,
    find: (seen) => {
      const servers = serversOf(seen)
      // One that no datagram can be sent to costs nothing beside others: systems go on to the next at once.
      const isAlone =
        id === 'dns.timeout' && !seen.of('dns.query').some(({ outcome }) => outcome === 'answer')
      const outcomes = isAlone ? ([...own, 'unreachable'] as const) : own
      const found = servers.flatMap((server): Conclusion[] => {
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
                control ??
                (lost.length >= 2
                  ? {
                      key: 'repeat',
                      from: lost,
                      params: { ms: Math.round(median(lost.map(({ tookMs }) => tookMs))) },
                    }
                  : undefined),
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
      })
      return together(found, servers)
    },
  }
}

/** Servers that all fail are one fault, that of the way to them, and one verdict. */
function together(found: readonly Conclusion[], servers: readonly string[]): readonly Conclusion[] {
  const [first, ...rest] = found.filter(({ target }) => servers.includes(target))
  if (first === undefined || rest.length === 0 || rest.length + 1 < servers.length) return found
  const from = [first, ...rest].flatMap((one) => one.from)
  return [{ ...first, from, params: { ...first.params, server: servers.join(', ') } }]
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
