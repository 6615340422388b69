import { expect } from 'bun:test'
import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { posthaste } from '../support/product.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { labTest } from './lab-test.ts'
import { netLab, whyNoLab } from './net-lab.ts'
import { hostsOf, trace, traced } from './traced.ts'
import type { TunNetwork } from './tun-router.ts'

const noTun = await access('/dev/net/tun').then(
  () => undefined,
  () => 'no /dev/net/tun',
)
const inLab = labTest((await whyNoLab()) ?? noTun)
const target = '10.77.99.1'
const hosts = ['10.77.1.1', '10.77.2.1', '10.77.3.1', target]

async function behindTun(network: TunNetwork) {
  const lab = await netLab('a')
  await lab.keep('a', join(import.meta.dirname, 'tun-router.ts'), JSON.stringify(network))
  return lab
}

inLab('MPLS labels are shown, as root and without privileges', async () => {
  await using lab = await behindTun({ hops: [{}, { labels: [24_001, 17] }, {}] })
  const runs = await Promise.all([
    trace(lab, target, '--tcp', '--rounds', '1'),
    trace(lab, target, '--udp', '--rounds', '1'),
    trace(lab, target, '--icmp', '--rounds', '1'),
    lab.traceAsNobody('a', target, '--udp', '-n', '--json', '--rounds', '1').then(traced),
    lab.traceAsNobody('a', target, '--tcp', '-n', '--json', '--rounds', '1').then(traced),
  ])
  for (const path of runs) {
    expect(hostsOf(path)).toEqual(hosts)
    expect(path.hops.map((hop) => hop.hosts[0]?.labels.map(({ label }) => label))).toEqual([
      [],
      [24_001, 17],
      [],
      [],
    ])
  }
})

inLab(
  'routers that quote 8 bytes only are matched; without privileges each TTL gets its own port',
  async () => {
    await using lab = await behindTun({ hops: [{}, { shortQuote: true }, { shortQuote: true }] })
    const [tcp, udp, icmp, nobody] = await Promise.all([
      trace(lab, target, '--tcp', '--rounds', '1'),
      trace(lab, target, '--udp', '--rounds', '1'),
      trace(lab, target, '--icmp', '--rounds', '1'),
      lab
        .traceAsNobody('a', target, '--udp', '-n', '--json', '--rounds', '3', '--interval', '200')
        .then(traced),
    ])
    for (const path of [tcp, udp, icmp, nobody]) expect(hostsOf(path)).toEqual(hosts)
    expect(tcp.limits).toEqual([])
    expect(nobody.limits).toEqual(['udp-port-per-ttl'])
  },
)

inLab('short quotes that come when later probes are on their way are credited to none of them', async () => {
  const short = { shortQuote: true }
  const hops = [{}, { ...short, delayMs: 60 }, short, short, short, short, short, short]
  await using lab = await behindTun({ hops })
  const path = traced(
    await lab.traceAsNobody('a', target, '--udp', '-n', '--json', '--rounds', '3', '--interval', '400'),
  )
  expect(hostsOf(path)).toEqual([...hops.map((_, index) => `10.77.${index + 1}.1`), target])
  expect(path.limits).toEqual(['udp-port-per-ttl'])
})

inLab("a UDP service's answers are credited to the TTL that reached it, with their own time", async () => {
  const hopsBefore = (count: number) => Array.from({ length: count }, () => ({}))
  for (const [hops, rounds] of [
    [hopsBefore(1), '1'],
    [hopsBefore(1), '3'],
    [hopsBefore(4), '3'],
  ] as const) {
    await using lab = await behindTun({ hops, udp: { answers: 'datagram', delayMs: 60 } })
    const wanted = [target, '--udp', '-n', '--json', '--rounds', rounds, '--interval', '400'] as const
    const runs = await Promise.all([lab.trace('a', ...wanted), lab.traceAsNobody('a', ...wanted)])
    for (const path of runs.map(traced)) {
      expect(hostsOf(path)).toEqual([...hops.map((_, index) => `10.77.${index + 1}.1`), target])
      expect(path.hops.map(({ lossPercent }) => lossPercent)).toEqual([...hops.map(() => 0), 0])
      expect(path.target?.bestMs).toBeGreaterThanOrEqual(60)
      expect(path).toMatchObject({ code: 0, verdict: { id: 'path.fine' }, limits: ['udp-port-per-ttl'] })
      expect(path.mtu).toEqual({ kind: 'passes', bytes: 1500 })
    }
  }
})

inLab('a late answer to a large probe for the first hop says nothing of one for the whole path', async () => {
  await using lab = await behindTun({
    hops: [{ delayMs: 30, mtuBytes: 1400 }, {}],
    udp: { answers: 'nothing' },
  })
  const reported = { kind: 'reported', bytes: 1400, by: '10.77.1.1' } as const
  const runs = await Promise.all([
    trace(lab, target, '--udp', '--rounds', '1'),
    trace(lab, target, '--icmp', '--rounds', '1'),
    lab.traceAsNobody('a', target, '--udp', '-n', '--json', '--rounds', '1').then(traced),
  ])
  expect(runs.map(({ mtu }) => mtu)).toEqual([reported, reported, reported])
})

inLab('garbage beside the answers changes nothing', async () => {
  await using lab = await behindTun({ hops: [{}, {}, {}], garbage: true })
  const runs = await Promise.all([
    trace(lab, target, '--tcp', '--rounds', '2'),
    trace(lab, target, '--udp', '--rounds', '2'),
    trace(lab, target, '--icmp', '--rounds', '2'),
    lab.traceAsNobody('a', target, '--tcp', '-n', '--json', '--rounds', '2').then(traced),
  ])
  for (const path of runs) {
    expect(hostsOf(path)).toEqual(hosts)
    expect(path).toMatchObject({ code: 0, verdict: { id: 'path.fine' } })
  }
})

inLab('delay and jitter are placed where they begin and stay; a slow hop alone is nothing', async () => {
  await using lab = await behindTun({ hops: [{}, { delayMs: 400 }, { silent: true }] })
  const slow = await trace(lab, target, '--rounds', '3')
  expect(slow).toMatchObject({ code: 1, verdict: { id: 'path.delay', where: { afterTtl: 1, fromTtl: 2 } } })
  expect(slow.target?.bestMs).toBeGreaterThanOrEqual(400)
  await using unsteady = await behindTun({ hops: [{}, { jitterMs: 120 }, {}] })
  const varying = await trace(unsteady, target, '--rounds', '20', '--flows', '1')
  expect(varying).toMatchObject({
    code: 1,
    verdict: { id: 'path.unsteady', where: { afterTtl: 1, fromTtl: 2 } },
  })
  expect(varying.target?.worstMs).toBeGreaterThanOrEqual(120)
})

inLab('a silent name service does not hold a trace that is ended', async () => {
  await using lab = await behindTun({ hops: [] })
  await using folder = await temporaryFolder('silent-names')
  const resolver = join(folder.path, 'resolv.conf')
  // The made-up network answers for its target only.
  await writeFile(resolver, 'nameserver 10.77.0.53\noptions timeout:30 attempts:2\n')
  const trace = `exec timeout --preserve-status --kill-after 15 2 ${posthaste} trace silent.example`
  const { code, stderr } = await lab.run(
    'a',
    ['unshare', '--mount', 'sh', '-c', `mount --bind ${resolver} /etc/resolv.conf && ${trace}`],
    { timeoutMs: 30_000 },
  )
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining('stopped while the look-up of silent.example had no answer'),
  })
})
