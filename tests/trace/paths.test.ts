import { describe, expect } from 'bun:test'
import { labTest } from './lab-test.ts'
import { chainLab, type NetLab, netLab, settled, whyNoLab } from './net-lab.ts'
import { hostsOf, trace, traced } from './traced.ts'

const noLab = await whyNoLab()
const inLab = labTest(noLab)
const isAll = process.env.POSTHASTE_TEST_ALL === '1'
const inLabAtLength = labTest(noLab ?? (isAll ? undefined : 'part of npm run test:all'))
const four = ['10.9.1.2', '10.9.2.2', '10.9.3.2', '10.9.4.2']
const six = ['fd09:1::2', 'fd09:2::2', 'fd09:3::2', 'fd09:4::2']
const target = '10.9.4.2:443'

describe('several hops', () => {
  inLab('are the same by every protocol and family, as root', async () => {
    await using lab = await chainLab()
    const runs = ['--tcp', '--udp', '--icmp'].flatMap((protocol) => [
      { protocol, host: '10.9.4.2', expected: four },
      { protocol, host: 'fd09:4::2', expected: six },
    ])
    const found = await Promise.all(
      runs.map(({ protocol, host }) => trace(lab, host, protocol, '--rounds', '2')),
    )
    for (const [index, path] of found.entries()) {
      expect(hostsOf(path)).toEqual(runs[index]?.expected ?? [])
      expect(path).toMatchObject({ code: 0, privilege: 'raw', verdict: { id: 'path.fine' }, limits: [] })
      expect(path.mtu).toEqual({ kind: 'passes', bytes: 1500 })
      expect(path.hops.every(({ sent, received }) => sent === 2 && received === 2)).toBe(true)
    }
  })

  inLab('are the same without privileges', async () => {
    await using lab = await chainLab()
    const nobody = async (...args: string[]) =>
      traced(await lab.traceAsNobody('a', ...args, '-n', '--json', '--interval', '200', '--rounds', '2'))
    const [tcp, tcpSix, udp, udpSix, icmp] = await Promise.all([
      nobody('10.9.4.2', '--tcp'),
      nobody('fd09:4::2', '--tcp'),
      nobody('10.9.4.2', '--udp'),
      nobody('fd09:4::2', '--udp'),
      nobody('10.9.4.2', '--icmp'),
    ])
    for (const path of [tcp, udp, icmp]) expect(hostsOf(path)).toEqual(four)
    for (const path of [tcpSix, udpSix]) expect(hostsOf(path)).toEqual(six)
    expect(tcp).toMatchObject({ privilege: 'unprivileged', limits: ['tcp-port-per-ttl'], code: 0 })
    expect(udp).toMatchObject({ privilege: 'unprivileged', protocol: 'udp', limits: [] })
    expect(icmp).toMatchObject({ privilege: 'unprivileged', protocol: 'udp', limits: ['icmp-not-permitted'] })
    await lab.must('a', 'sysctl', '-qw', 'net.ipv4.ping_group_range=0 2147483647')
    const pings = await Promise.all([nobody('10.9.4.2', '--icmp'), nobody('fd09:4::2', '--icmp')])
    expect(pings.map(hostsOf)).toEqual([four, six])
    for (const ping of pings)
      expect(ping).toMatchObject({ privilege: 'unprivileged', protocol: 'icmp', limits: [] })
  })
})

describe('faults', () => {
  inLab('a black hole: the last hop that answers is named', async () => {
    await using lab = await chainLab()
    await forwardRule(lab, 'r2', 'drop')
    const [tcp, udp] = await Promise.all([
      trace(lab, target, '--rounds', '3', '--max-hops', '8'),
      trace(lab, '10.9.4.2', '--udp', '--rounds', '3', '--max-hops', '8'),
    ])
    expect(tcp).toMatchObject({
      code: 1,
      verdict: { id: 'path.blackhole', ttl: 2, host: '10.9.2.2', confidence: 'likely' },
    })
    expect(hostsOf(tcp)).toEqual(['10.9.1.2', '10.9.2.2', ''])
    expect(udp).toMatchObject({ code: 2, verdict: { id: 'path.target_silent', ttl: 2 } })
  })

  inLab('a firewall that says so, and a router without a way', async () => {
    await using lab = await chainLab()
    await forwardRule(lab, 'r2', 'tcp dport 443 reject with icmpx type admin-prohibited')
    await forwardRule(lab, 'r2', 'tcp dport 80 reject with icmpx type port-unreachable')
    const paths = await Promise.all([
      trace(lab, target, '--rounds', '2'),
      trace(lab, '[fd09:4::2]:443', '--rounds', '2'),
      trace(lab, '10.9.4.2:80', '--rounds', '2'),
    ])
    for (const path of paths) {
      expect(path).toMatchObject({
        code: 1,
        verdict: { id: 'path.prohibited', ttl: 2, byTarget: false, confidence: 'certain' },
      })
    }
    // As a router's ICMP, not as a route of type unreachable: Linux limits what such a route answers, for all tests.
    await forwardRule(lab, 'r2', 'tcp dport 81 reject with icmp type net-unreachable')
    await forwardRule(lab, 'r2', 'tcp dport 82 reject with icmp type host-unreachable')
    await forwardRule(lab, 'r2', 'tcp dport 82 reject with icmpv6 type no-route')
    const unreachable = await Promise.all([
      trace(lab, '10.9.4.2:81', '--rounds', '2'),
      trace(lab, '10.9.4.2:82', '--rounds', '2'),
      trace(lab, '[fd09:4::2]:82', '--rounds', '2'),
    ])
    expect(unreachable.map(({ verdict }) => verdict && 'meaning' in verdict && verdict.meaning)).toEqual([
      'net',
      'host',
      'net',
    ])
    for (const path of unreachable)
      expect(path).toMatchObject({ code: 1, verdict: { id: 'path.unreachable', ttl: 2 } })
  })

  inLabAtLength('packets that go round in a circle', async () => {
    await using lab = await chainLab()
    await lab.script('r2', 'ip route add 10.9.77.0/24 via 10.9.2.1')
    const path = await trace(lab, '10.9.77.1', '--rounds', '2', '--max-hops', '10')
    expect(path).toMatchObject({ code: 1, verdict: { id: 'path.loop', ttl: 1 } })
  })

  inLab('no route, and a firewall of this machine', async () => {
    await using lab = await chainLab()
    await lab.script(
      'a',
      'nft add table inet f\n nft add chain inet f o { type filter hook output priority 0 ; }',
    )
    await lab.script('a', 'nft add rule inet f o tcp dport 443 drop')
    expect(await trace(lab, target, '--rounds', '2')).toMatchObject({
      code: 1,
      verdict: { id: 'path.local_firewall', error: 'EPERM', confidence: 'certain' },
    })
    await lab.script('a', 'ip route del default')
    expect(await trace(lab, target, '--rounds', '2')).toMatchObject({
      code: 1,
      verdict: { id: 'path.no_route' },
    })
  })

  inLab('loss: where it begins, and not where a router only answers rarely', async () => {
    await using lab = await chainLab()
    await lab.script('r1', 'sysctl -qw net.ipv4.icmp_ratelimit=1000')
    const limited = await trace(lab, target, '--rounds', '12')
    expect(limited).toMatchObject({ code: 0, verdict: { id: 'path.fine' } })
    expect(limited.hops[0]?.lossPercent).toBeGreaterThan(40)
    expect(limited.notes).toContainEqual(expect.objectContaining({ id: 'path.rate_limited' }))
    // Every fifth of the two packets of each round that get so far: both hops lose a fifth.
    await forwardRule(lab, 'r2', 'ip daddr 10.9.4.2 numgen inc mod 5 == 0 drop')
    const lossy = await trace(lab, target, '--rounds', '30')
    expect(lossy).toMatchObject({
      code: 1,
      verdict: { id: 'path.loss', confidence: 'likely', where: { afterTtl: 2, fromTtl: 3 } },
    })
    expect(lossy.target?.lossPercent).toBeGreaterThan(12)
    expect(lossy.target?.lossPercent).toBeLessThan(28)
  })

  inLab('MTU: what a router says, and a hole where it says nothing', async () => {
    await using lab = await chainLab()
    await lab.script('r2', 'ip link set v3l mtu 1300')
    const [tcp, udpSix] = await Promise.all([
      trace(lab, target, '--rounds', '1'),
      trace(lab, 'fd09:4::2', '--udp', '--rounds', '1'),
    ])
    expect(tcp).toMatchObject({ code: 0, mtu: { kind: 'reported', bytes: 1300, by: '10.9.2.2' } })
    expect(tcp.notes).toContainEqual(expect.objectContaining({ id: 'path.mtu_low', bytes: 1300 }))
    expect(udpSix).toMatchObject({ code: 0, mtu: { kind: 'reported', bytes: 1300, by: 'fd09:2::2' } })
    await lab.script(
      'r2',
      'nft add table inet f\n nft add chain inet f o { type filter hook output priority 0 ; }',
    )
    await lab.script('r2', 'nft add rule inet f o icmp type destination-unreachable drop')
    await lab.script('r2', 'nft add rule inet f o icmpv6 type packet-too-big drop')
    const holes = await Promise.all([
      trace(lab, target, '--rounds', '1'),
      trace(lab, 'fd09:4::2', '--udp', '--rounds', '1'),
    ])
    for (const hole of holes) {
      expect(hole).toMatchObject({
        code: 1,
        verdict: { id: 'path.mtu_hole', bytes: 1300, where: { afterTtl: 2, fromTtl: 3 } },
      })
    }
  })
})

describe('equal paths', () => {
  inLab('show all their routers, keep a flow on one, and tell a broken one', async () => {
    await using lab = await equalPathsLab()
    await forwardRule(lab, 'y', 'ip daddr 10.9.4.3 drop')
    const [many, one, broken] = await Promise.all([
      trace(lab, target, '--flows', '16', '--rounds', '16'),
      trace(lab, target, '--flows', '1', '--rounds', '8'),
      trace(lab, '10.9.4.3', '--flows', '16', '--rounds', '32', '--max-hops', '6'),
    ])
    expect(many.hops[1]?.hosts.map(({ address }) => address).sort()).toEqual(['10.9.12.2', '10.9.13.2'])
    expect(many).toMatchObject({ code: 0, verdict: { id: 'path.fine' } })
    expect(many.notes).toContainEqual(expect.objectContaining({ id: 'path.shared_load', ttls: [2] }))
    expect(one.hops.map(({ hosts }) => hosts.length)).toEqual([1, 1, 1, 1])
    expect(broken).toMatchObject({ code: 1, verdict: { id: 'path.flow_loss', flows: 16 } })
  })
})

/** a – r1 – (x or y) – r3 – b */
async function equalPathsLab(): Promise<NetLab> {
  const lab = await netLab('a', 'r1', 'x', 'y', 'r3', 'b')
  await lab.cable(1, 'a', 'r1')
  await lab.cable(12, 'r1', 'x')
  await lab.cable(13, 'r1', 'y')
  await lab.cable(22, 'x', 'r3')
  await lab.cable(23, 'y', 'r3')
  await lab.cable(4, 'r3', 'b')
  await lab.script('a', 'ip route add default via 10.9.1.2')
  await lab.script('r1', 'ip route add 10.9.4.0/24 nexthop via 10.9.12.2 nexthop via 10.9.13.2')
  await lab.script('x', 'ip route add 10.9.4.0/24 via 10.9.22.2\n ip route add 10.9.1.0/24 via 10.9.12.1')
  await lab.script('y', 'ip route add 10.9.4.0/24 via 10.9.23.2\n ip route add 10.9.1.0/24 via 10.9.13.1')
  await lab.script('r3', 'ip route add 10.9.1.0/24 via 10.9.22.1')
  await lab.script('b', 'ip route add default via 10.9.4.1\n ip addr add 10.9.4.3/24 dev v4r')
  await settled(lab, '10.9.4.2')
  return lab
}

async function forwardRule(lab: NetLab, name: string, rule: string): Promise<void> {
  await lab.script(
    name,
    `nft add table inet f
     nft add chain inet f w { type filter hook forward priority 0 ; }
     nft add rule inet f w ${rule}`,
  )
}

inLabAtLength('a healthy path raises no alarm in 30 runs', async () => {
  await using lab = await chainLab()
  const found: string[] = []
  for (const protocol of ['--tcp', '--udp', '--icmp']) {
    for (const host of ['10.9.4.2', 'fd09:4::2']) {
      const runs = Array.from({ length: 5 }, () => trace(lab, host, protocol, '--rounds', '10'))
      found.push(...(await Promise.all(runs)).map(({ verdict }) => verdict?.id ?? ''))
    }
  }
  expect(found).toEqual(Array(30).fill('path.fine'))
})
