import { expect } from 'bun:test'
import { labTest } from './lab-test.ts'
import { chainLab, type NetLab, whyNoLab, whyNoTool } from './net-lab.ts'
import { hostsOf, trace } from './traced.ts'

const noLab = await whyNoLab()
const everything = process.env.POSTHASTE_TEST_ALL === '1'
const besideTraceroute = labTest(noLab ?? (await whyNoTool('traceroute', '--version')))
const noMtr = noLab ?? (await whyNoTool('mtr', '--version'))
const besideMtr = labTest(noMtr)
const besideMtrAtLength = labTest(noMtr ?? (everything ? undefined : 'npm run test:all measures loss'))

besideTraceroute('the same hops as traceroute', async () => {
  await using lab = await chainLab()
  const kinds = [
    ['--tcp', ['-T', '-p', '443']],
    ['--udp', ['-U', '-p', '33434']],
    ['--icmp', ['-I']],
  ] as const
  for (const host of ['10.9.4.2', 'fd09:4::2']) {
    const found = await Promise.all(
      kinds.flatMap(([protocol, flags]) => [
        trace(lab, host, protocol, '--rounds', '1').then(hostsOf),
        lab.must('a', 'traceroute', '-n', '-q', '1', '-w', '2', ...flags, host).then(hopsOfTraceroute),
      ]),
    )
    expect(new Set(found.map((hosts) => hosts.join(' '))).size).toBe(1)
    expect(found[0]).toHaveLength(4)
  }
})

besideMtr('the same hops as mtr', async () => {
  await using lab = await chainLab()
  const [ours, theirs] = await Promise.all([trace(lab, '10.9.4.2', '--rounds', '3'), mtr(lab, 3, 0.3)])
  expect(hostsOf(ours)).toEqual(theirs.map(({ host }) => host))
})

besideMtrAtLength(
  'loss as mtr measures it, within chance',
  async () => {
    await using lab = await chainLab()
    await lab.script(
      'r2',
      `nft add table inet f
       nft add chain inet f w { type filter hook forward priority 0 ; }
       nft add rule inet f w numgen random mod 100 < 20 drop`,
    )
    const rounds = 200
    // ICMP, because mtr counts a SYN that the kernel repeated as one that arrived.
    const ours = await trace(lab, '10.9.4.2', '--icmp', '--rounds', `${rounds}`)
    const theirs = await mtr(lab, rounds, 0.2)
    for (const [index, hop] of ours.hops.entries()) {
      const share = hop.lossPercent / 100
      const other = (theirs[index]?.loss ?? Number.NaN) / 100
      // Four standard deviations of the difference of two shares of about a fifth; nothing where nothing is lost.
      const chance = index < 2 ? 0.01 : 4 * Math.sqrt((2 * 0.36 * 0.64) / rounds)
      expect(Math.abs(share - other)).toBeLessThanOrEqual(chance)
    }
    expect(ours.verdict).toMatchObject({ id: 'path.loss', where: { afterTtl: 2, fromTtl: 3 } })
  },
  180_000,
)

function hopsOfTraceroute(text: string): string[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => /^\s*\d+\s+(\S+)/.exec(line)?.[1] ?? [])
}

async function mtr(lab: NetLab, count: number, interval: number) {
  const flags = ['-n', '-j', '-G', '1', '-c', `${count}`, '-i', `${interval}`]
  const { stdout } = await lab.run('a', ['mtr', ...flags, '10.9.4.2'], { timeoutMs: 120_000 })
  const { report } = JSON.parse(stdout) as { report: { hubs: { host: string; 'Loss%': number }[] } }
  return report.hubs.map((hub) => ({ host: hub.host, loss: Number(hub['Loss%']) }))
}
