import { join } from 'node:path'
import type { Report } from '../../src/doctor/report.ts'
import { chainLab, type NetLab } from '../trace/net-lab.ts'
import type { Expected } from './fault-row.ts'
import { farHosts } from './namespace.ts'

/** A device that cuts the handshakes of one name, on a path of four hops: a line of the confusion matrix like the others. */
export interface ResetFaultRow {
  readonly fault: string
  readonly verdicts: readonly Expected[]
  /** What the first line says of the place. */
  readonly place: string
  readonly cut: (lab: NetLab) => Promise<unknown>
  readonly name: string
}

const holds = (name: string) => ['-p', 'tcp', '-m', 'string', '--algo', 'bm', '--string', name]
const reset = ['-j', 'REJECT', '--reject-with', 'tcp-reset']

export const resetFaults: readonly ResetFaultRow[] = [
  {
    fault: 'the second of three routers resets the handshakes of one name',
    verdicts: ['tls.reset (sni_filter)'],
    place: 'between hop 2 (10.9.2.2) and hop 3',
    cut: (lab) => lab.must('r2', 'iptables', '-A', 'FORWARD', ...holds('cut.example'), ...reset),
    name: 'cut.example',
  },
  {
    fault: 'the server itself resets the handshakes of one name',
    verdicts: ['tls.reset (server)'],
    place: 'from as far away as the server (hop 4)',
    cut: (lab) =>
      lab.must('b', 'iptables', '-A', 'INPUT', '-d', farHosts[0], ...holds('refused.example'), ...reset),
    name: 'refused.example',
  },
  {
    fault: 'the second of three routers drops the handshakes of one name',
    verdicts: ['tls.silent (sni_filter)'],
    place: '',
    cut: (lab) => lab.must('r2', 'iptables', '-A', 'FORWARD', ...holds('silent.example'), '-j', 'DROP'),
    name: 'silent.example',
  },
  {
    fault: 'the second of three routers drops all packets to the address of a name',
    verdicts: ['tcp.filtered (host)'],
    place: '',
    cut: (lab) => lab.must('r2', 'iptables', '-A', 'FORWARD', '-d', farHosts[1], '-j', 'DROP'),
    name: farHosts[1],
  },
]

/** The path, with the hosts of the far network at its end; resolves with the authority to trust. */
export async function openChain(): Promise<{ lab: NetLab; authority: string }> {
  const lab = await chainLab()
  try {
    for (const host of farHosts) await lab.must('b', 'ip', 'address', 'add', `${host}/32`, 'dev', 'lo')
    await lab.must('r3', 'ip', 'route', 'add', '10.99.2.0/24', 'via', '10.9.4.2')
    await lab.must('b', 'ip', 'address', 'add', 'fd99:2::2/128', 'dev', 'lo')
    const ready = await lab.keep('b', join(import.meta.dirname, 'namespace-server.ts'))
    return { lab, authority: String(JSON.parse(ready.replace(/^ready /, ''))) }
  } catch (error) {
    await lab[Symbol.asyncDispose]()
    throw error
  }
}

/** Runs the doctor at the near end. */
export async function examineFrom(lab: NetLab, authority: string, name: string): Promise<Report> {
  const control = farHosts.toReversed().find((host) => host !== name) ?? farHosts[0]
  const job = {
    authority,
    locate: true,
    targets: [
      { url: `https://${name}/`, role: 'source' },
      { url: `https://${control}/`, role: 'control' },
    ],
  }
  const client = [process.execPath, join(import.meta.dirname, 'namespace-client.ts'), JSON.stringify(job)]
  const { stdout, stderr } = await lab.run('a', client, { timeoutMs: 60_000 })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Report
}
