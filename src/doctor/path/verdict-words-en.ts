import type { PathVerdict, Stretch } from './path-verdict.ts'
import { milliseconds as ms, percent, type TracedTarget, type VerdictWords } from './verdict-text.ts'

export function englishWords(verdict: PathVerdict, target: TracedTarget): VerdictWords {
  const name = target.protocol === 'tcp' ? `${target.host}:${target.port}` : target.host
  const protocol = target.protocol.toUpperCase()
  switch (verdict.id) {
    case 'path.fine':
      return { message: `the path to ${name} is fine` }
    case 'path.no_route':
      return {
        message: `this machine has no way to ${target.address} (${verdict.error})`,
        fix: 'Check the cable, Wi-Fi or VPN, and the default route: ip route',
      }
    case 'path.local_firewall':
      return {
        message: `this machine forbids itself to send to ${target.address} (${verdict.error})`,
        fix: 'Look at its own firewall: nft list ruleset, iptables -S OUTPUT; and at routes of type prohibit',
      }
    case 'path.prohibited':
      return {
        message: `${who(verdict)} rejects ${protocol} to ${name}: a firewall`,
        fix: verdict.byTarget
          ? 'Open the port in the firewall of the target.'
          : `Ask whoever runs ${verdict.by} to allow it, or use a proxy or another mirror (posthaste mirrors).`,
      }
    case 'path.unreachable':
      return {
        message: `${who(verdict)} knows no way to ${target.address} (${verdict.meaning} unreachable)`,
        fix: 'The fault is there or behind it: check that the address is right, then ask its network, or use another mirror.',
      }
    case 'path.loop':
      return {
        message: `packets go round in a circle from hop ${verdict.ttl} on: ${verdict.hosts.join(', ')}`,
        fix: 'The routers there are set up wrongly; only their network can mend it.',
      }
    case 'path.blackhole':
      return {
        message: `${beyond(verdict)} answers: packets to ${name} vanish there, by a firewall that drops them or a target that is down`,
        fix: `See whether another port answers (posthaste trace ${target.host}:80) and whether another mirror does (posthaste mirrors).`,
      }
    case 'path.target_silent':
      return {
        message: `${beyond(verdict)} answers to ${protocol}; many targets do not, so this proves nothing`,
        fix: `Probe the service itself: posthaste trace ${target.host}:443 --tcp`,
      }
    case 'path.unfinished':
      return {
        message: `the trace ended ${verdict.ttl === 0 ? 'before anybody answered' : `at hop ${verdict.ttl}${verdict.host ? ` (${verdict.host})` : ''}`}: too early to tell whether ${name} answers`,
        fix: 'Let it run longer; where the way is longer than --max-hops, with a larger one.',
      }
    case 'path.loss':
      return {
        message: `${percent(verdict.lossPercent)} of ${verdict.sent} packets to ${name} are lost (${percent(verdict.lowPercent)} to ${percent(verdict.highPercent)} with 95 % certainty): ${between(verdict.where)}, or on the way back`,
        fix: nearby(verdict.where),
      }
    case 'path.flow_loss':
      return {
        message: `${verdict.badFlows} of ${verdict.flows} flows to ${name} get nothing through, the others do: one of several equal paths is broken`,
        fix: 'Some connections hang and others work; tell the network, with this report. Retrying helps meanwhile.',
      }
    case 'path.delay':
      return {
        message: `${ms(verdict.bestMs)} ms to ${name} at best: ${ms(verdict.riseMs)} ms of it begin ${between(verdict.where)} and stay`,
        fix: 'A satellite, a detour or a full queue. A nearer mirror helps: posthaste mirrors',
      }
    case 'path.unsteady':
      return {
        message: `round trips to ${name} vary from ${ms(verdict.bestMs)} to ${ms(verdict.worstMs)} ms (jitter ${ms(verdict.jitterMs)} ms); it begins ${between(verdict.where)} and stays`,
        fix: nearby(verdict.where),
      }
    case 'path.mtu_hole':
      return {
        message: `packets of more than ${verdict.bytes} bytes to ${name} vanish without a word${verdict.where ? `, ${between(verdict.where)} or on the way back` : ''}: large answers hang`,
        fix: `Lower the MTU of this machine's link to ${verdict.bytes} (ip link set dev DEV mtu ${verdict.bytes}), or have TCP find out: sysctl net.ipv4.tcp_mtu_probing=1`,
      }
    case 'path.mtu_low':
      return {
        message: `the path takes packets of ${verdict.bytes} bytes${verdict.by ? `, as ${verdict.by} says` : ''} (a tunnel, PPPoE); that is handled`,
      }
    case 'path.rate_limited':
      return {
        message: `loss at ${hopList(verdict.hops)} alone is no loss: ${verdict.hops.length === 1 ? 'that router limits how often it answers' : 'those routers limit how often they answer'}`,
      }
    case 'path.shared_load':
      return { message: `several equal paths: more than one router at hop ${verdict.ttls.join(', ')}` }
    case 'path.port_closed':
      return {
        message: `${target.address} answers, but nothing listens on port ${target.port}`,
        fix: 'Check the port, and that the service runs.',
      }
  }
}

function who({ ttl, by, byTarget }: { ttl: number; by: string; byTarget: boolean }): string {
  return byTarget ? `the target ${by}` : `hop ${ttl} (${by})`
}

function beyond({ ttl, host }: { ttl: number; host?: string }): string {
  return ttl === 0 ? 'nobody, not even the first hop,' : `nobody behind hop ${ttl}${host ? ` (${host})` : ''}`
}

function between({ afterTtl, afterHost, fromTtl, fromHost }: Stretch): string {
  const after = afterTtl === 0 ? 'this machine' : `hop ${afterTtl}${afterHost ? ` (${afterHost})` : ''}`
  return `between ${after} and hop ${fromTtl}${fromHost ? ` (${fromHost})` : ''}`
}

function nearby({ afterTtl }: Stretch): string {
  return afterTtl === 0
    ? 'It is your own link: try a cable in place of Wi-Fi, look at the router and at what else uses the line.'
    : 'It is not your machine: tell the network that runs that hop, or use another mirror (posthaste mirrors).'
}

function hopList(hops: readonly { ttl: number; lossPercent: number }[]): string {
  return hops.map(({ ttl, lossPercent }) => `hop ${ttl} (${percent(lossPercent)})`).join(', ')
}
