import type { Report } from '../../src/doctor/report.ts'
import type { Expected } from './fault-row.ts'
import { farHosts, type Namespaces } from './namespace.ts'

/** One fault that needs a network of its own: a line of the confusion matrix like the others. */
export interface PathFaultRow {
  readonly fault: string
  readonly verdicts: readonly Expected[]
  /** Runs in the long tier only. */
  readonly long?: true
  readonly inject: (network: Namespaces) => Promise<Report>
}

const [first, second] = farHosts
const plain = { targets: [{ url: `http://${first}/`, role: 'source' as const }] }
const both = {
  targets: [
    { url: `https://${first}/`, role: 'source' as const },
    { url: `https://${second}/`, role: 'control' as const },
  ],
}

const filtered = (
  fault: string,
  verdicts: readonly Expected[],
  rules: readonly string[],
  job = both,
): PathFaultRow => ({
  fault,
  verdicts,
  inject: async (network) => {
    await network.filter(rules)
    return network.examine(job)
  },
})

export const pathFaults: readonly PathFaultRow[] = [
  { fault: 'nothing, over a router', verdicts: [], inject: (network) => network.examine(both) },
  filtered('a firewall drops packets to one address', ['tcp.filtered (host)'], [`ip daddr ${first} drop`]),
  filtered('a firewall drops one port', ['tcp.filtered (port)'], [`ip daddr ${first} tcp dport 443 drop`]),
  { ...filtered('a firewall drops everything', ['tcp.filtered (unexplained)'], ['drop'], plain), long: true },
  filtered(
    'a firewall answers with a reset',
    ['tcp.refused (port)'],
    [`ip daddr ${first} tcp dport 443 reject with tcp reset`],
  ),
  filtered(
    'a router says that the host is unreachable',
    ['tcp.unreachable (host)'],
    [`ip daddr ${first} reject with icmp type host-unreachable`],
  ),
  {
    ...filtered(
      'a router says that the network is unreachable',
      ['tcp.unreachable (host)'],
      [`ip daddr ${first} reject with icmp type net-unreachable`],
    ),
    long: true,
  },
  {
    ...filtered(
      'a firewall says that it is forbidden',
      ['tcp.unreachable (host)'],
      [`ip daddr ${first} reject with icmp type admin-prohibited`],
    ),
    long: true,
  },
  {
    fault: 'the machine has no route to the host',
    long: true,
    verdicts: ['tcp.unreachable (host)'],
    inject: async (network) => {
      await network.in('c', `ip route add unreachable ${first}`)
      return network.examine(both)
    },
  },
  filtered('port 443 is dropped towards every host', ['net.443_down'], ['tcp dport 443 drop']),
  {
    fault: 'no interface has an address',
    verdicts: ['net.offline'],
    inject: async (network) => {
      await network.in('c', 'ip link del near')
      return network.examine(both)
    },
  },
  {
    fault: 'there is no default route',
    verdicts: ['net.offline'],
    inject: async (network) => {
      await network.in('c', 'ip route del default; ip -6 route del default')
      return network.examine(both)
    },
  },
  {
    fault: 'large packets are lost and the router says nothing, over HTTP',
    verdicts: ['mtu.blackhole'],
    inject: async (network) => {
      await smallTunnel(network)
      return network.examine(plain)
    },
  },
  {
    fault: 'large packets are lost and the router says nothing, over TLS',
    long: true,
    verdicts: ['mtu.blackhole'],
    inject: async (network) => {
      await smallTunnel(network)
      return network.examine({ targets: both.targets.slice(0, 1) })
    },
  },
  {
    fault: 'every third connection loses its first packet',
    verdicts: ['tcp.lossy'],
    inject: async (network) => {
      await network.filter(['tcp flags & (syn | ack) == syn numgen inc mod 3 1 drop'])
      return network.examine({ ...plain, connectMs: 3_000 })
    },
  },
  {
    fault: 'IPv6 has a route and does not work',
    verdicts: ['v6.broken_aaaa'],
    inject: async (network) => {
      await network.filter(['meta nfproto ipv6 drop'])
      return network.examine({ targets: [{ url: 'http://dual.example/', role: 'source' }] })
    },
  },
]

const npmDual = {
  targets: [{ url: 'http://dual.example/', role: 'source', ecosystem: 'npm' }],
  settings: true,
  connectMs: 3_000,
} as const

/** Connects as npm does, to a host with an address of each family. */
const connectDual = `require('net').connect({ host: 'dual.example', port: 80, lookup: (host, options, give) =>
  give(null, [{ address: '${first}', family: 4 }, { address: 'fd99:2::2', family: 6 }]) })
  .on('connect', () => { console.log('connected'); process.exit() })
  .on('error', (error) => { console.log(error.code); process.exit() })`

const patient = { NODE_OPTIONS: '--network-family-autoselection-attempt-timeout=5000' }

async function farAndWithoutIpv6(network: Namespaces): Promise<void> {
  await network.delay(400)
  await network.in('c', 'ip -6 route del default')
}

export const nodeFaults: readonly PathFaultRow[] = [
  {
    fault: 'packets take 400 ms, more than Node waits, and the last address does not work',
    verdicts: ['node.he250'],
    inject: async (network) => {
      await farAndWithoutIpv6(network)
      const said = await network.node(connectDual)
      if (said !== 'ETIMEDOUT') throw new Error(`Node was to give up, and said '${said}'`)
      return network.examine(npmDual)
    },
  },
  {
    fault: 'the same, with the fix of the verdict in NODE_OPTIONS',
    long: true,
    verdicts: [],
    inject: async (network) => {
      await farAndWithoutIpv6(network)
      const said = await network.node(connectDual, patient)
      if (said !== 'connected') throw new Error(`Node was to connect, and said '${said}'`)
      return network.examine(npmDual, `export NODE_OPTIONS=${patient.NODE_OPTIONS}`)
    },
  },
]

export const machineFaults: readonly PathFaultRow[] = [
  {
    fault: 'the hosts file leads the name to an address where nothing is',
    verdicts: ['dns.hosts_file'],
    inject: (network) =>
      network.examine(
        { ...npmDual, connectMs: 900, systemLookup: true },
        'mount -t tmpfs tmpfs /mnt && echo 10.99.2.77 dual.example > /mnt/hosts && mount --bind /mnt/hosts /etc/hosts',
      ),
  },
  {
    fault: 'the disk of the cache is full',
    verdicts: ['disk.full'],
    // `ip netns exec` has mounts of its own, so that this one ends with the run.
    inject: (network) =>
      network.examine({ ...plain, dataFolder: '/mnt' }, 'mount -t tmpfs -o size=1m tmpfs /mnt'),
  },
  {
    fault: 'only 256 files may be open',
    verdicts: ['files.low_limit'],
    inject: (network) => network.examine(plain, 'ulimit -n 256'),
  },
]

async function smallTunnel(network: Namespaces): Promise<void> {
  await network.filter([], ['icmp type destination-unreachable drop'])
  await network.in('r', 'ip link set dev near mtu 1000')
}
