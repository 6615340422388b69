import type { EvidenceOf } from '../evidence.ts'
import { hostOfEndpoint, type Seen, unique } from '../seen.ts'
import type { Rule } from './rule.ts'

const dayMs = 86_400_000
const hardFailures: readonly string[] = ['silent', 'host-unreachable', 'net-unreachable', 'failed']

/** The network as a whole: no link, no port 443, a portal in between, a wrong clock. */
export const netRules: readonly Rule[] = [
  {
    id: 'net.offline',
    find: (seen) => {
      const [network] = seen.of('machine.network')
      if (network === undefined) return []
      const from = [network]
      if (network.outcome === 'down')
        return isLocalOnly(seen)
          ? []
          : [{ target: 'machine', confidence: 'certain', from, control: { key: 'protocol', from: [] } }]
      const connects = seen.of('tcp').filter(({ purpose }) => purpose === 'target')
      const unreachable = [...connects, ...seen.of('dns.query')].filter(({ outcome }) =>
        ['net-unreachable', 'unreachable'].includes(outcome),
      )
      const answered =
        connects.some(({ outcome }) => !hardFailures.includes(outcome)) ||
        seen.of('dns.query').some(({ outcome }) => !['silent', 'unreachable'].includes(outcome)) ||
        seen.of('proxy.tunnel').some(({ outcome, reason }) => outcome !== 'dead' || reason === 'refused')
      if (
        network.defaultRoute4 !== false ||
        network.defaultRoute6 === true ||
        unreachable.length === 0 ||
        answered
      )
        return []
      return [
        {
          target: 'machine',
          confidence: 'certain',
          from: [...from, ...unreachable.slice(0, 3)],
          control: { key: 'protocol', from: [] },
        },
      ]
    },
  },
  {
    id: 'net.443_down',
    find: (seen) => {
      const on443 = unique(
        seen
          .of('tcp')
          .filter(({ port, purpose }) => port === 443 && purpose === 'target')
          .map(({ target }) => target),
      )
      const broken = on443.filter((target) => isLost(seen, target))
      const plain = seen.of('tcp').filter(({ port, outcome }) => port !== 443 && outcome === 'open')
      const hosts = unique(broken.map(hostOfEndpoint))
      if (hosts.length < 2 || broken.length < on443.length || plain.length === 0) return []
      const from = broken
        .flatMap((target) => [...seen.of('tcp', target), ...seen.of('tls.hello', target)])
        .filter(({ outcome }) => outcome !== 'open')
      return [
        {
          target: 'machine',
          confidence: 'likely',
          from,
          control: { key: 'other-port', from: plain.slice(0, 2) },
          params: { count: hosts.length },
        },
      ]
    },
  },
  {
    id: 'captive.portal',
    find: (seen) => {
      const caught = seen
        .of('http')
        .filter(
          (answer) =>
            answer.purpose === 'portal' &&
            answer.outcome === 'answer' &&
            isPortalsOwn(answer) &&
            !seen.of('proxy.choice', answer.target).some(({ outcome }) => outcome === 'proxy'),
        )
      const [first] = caught
      if (first === undefined) return []
      return [
        {
          target: 'machine',
          confidence: 'certain',
          from: caught,
          control: { key: 'protocol', from: [] },
          params: { location: first.location ?? first.url },
        },
      ]
    },
  },
  {
    id: 'clock.skew',
    find: (seen) => {
      const dated = seen.of('http').filter(({ clockAheadMs }) => Math.abs(clockAheadMs ?? 0) > dayMs)
      const right = seen
        .of('http')
        .filter(({ clockAheadMs }) => clockAheadMs !== undefined && Math.abs(clockAheadMs) <= dayMs)
      const datedHosts = unique(dated.map(({ host }) => host))
      const chains = seen.of('tls.chain')
      const wrongTime = chains.filter(
        ({ code }) => code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID',
      )
      const chainHosts = unique(wrongTime.map(({ host }) => host))
      const inTime = chains.filter(({ outcome }) => outcome === 'trusted')
      if (right.length > 0 || inTime.length > 0) {
        if (right.length > 0 || datedHosts.length < 2) return []
      }
      if (
        datedHosts.length < 2 &&
        chainHosts.length < 2 &&
        !(datedHosts.length === 1 && chainHosts.length === 1)
      )
        return []
      const aheadMs = dated[0]?.clockAheadMs ?? 0
      return [
        {
          target: 'machine',
          confidence: datedHosts.length >= 2 ? 'certain' : 'likely',
          from: [...dated.slice(0, 4), ...wrongTime],
          control: { key: 'other-clock', from: dated.slice(0, 2) },
          params: { days: Math.round(aheadMs / dayMs), hosts: unique([...datedHosts, ...chainHosts]).length },
        },
      ]
    },
  },
]

/** What a login page says (RFC 6585 6: 511); a page that refuses is a filter's, or the portal address's own. */
function isPortalsOwn({ status = 0, isHtml }: EvidenceOf<'http'>): boolean {
  return (status >= 300 && status < 400) || status === 511 || (status === 200 && isHtml)
}

function isLost(seen: Seen, target: string): boolean {
  const connects = seen.of('tcp', target).filter(({ purpose, port }) => purpose === 'target' && port === 443)
  if (connects.length > 0 && connects.every(({ outcome }) => outcome !== 'open')) return true
  const hellos = seen
    .of('tls.hello', target)
    .filter(({ purpose }) => purpose === 'target' || purpose === 'control-name')
  return hellos.length > 0 && hellos.every(({ outcome }) => ['reset', 'silent', 'closed'].includes(outcome))
}

function isLocalOnly(seen: Seen): boolean {
  return seen.hosts.every((host) => host === 'localhost' || host.startsWith('127.') || host === '::1')
}
