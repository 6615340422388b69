import { expect } from 'bun:test'
import { join } from 'node:path'
import type { ResetEvidence } from '../../src/doctor/path/locate-reset.ts'
import { labTest } from './lab-test.ts'
import { chainLab, type NetLab, whyNoLab, whyNoTool } from './net-lab.ts'

const inLab = labTest((await whyNoLab()) ?? (await whyNoTool('iptables', '--version')))

async function locate(lab: NetLab, address: string, name: string): Promise<ResetEvidence> {
  const script = [process.execPath, join(import.meta.dirname, 'locate-script.ts'), address, name]
  const { stdout, stderr } = await lab.run('a', [
    'setpriv',
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    ...script,
  ])
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

inLab('the hop that resets a handshake is found by nobody, and the server is told from it', async () => {
  await using lab = await chainLab()
  await lab.keep('b', join(import.meta.dirname, 'hello-server.ts'))
  const filter = ['-p', 'tcp', '-m', 'string', '--algo', 'bm']
  const reject = ['-j', 'REJECT', '--reject-with', 'tcp-reset']
  // The filter on the path sees the name, and resets towards the client.
  await lab.must('r2', 'iptables', '-A', 'FORWARD', ...filter, '--string', 'cut.example', ...reject)
  await lab.must('b', 'iptables', '-A', 'INPUT', ...filter, '--string', 'refused.example', ...reject)
  const [cut, refused, answered] = await Promise.all([
    locate(lab, '10.9.4.2', 'cut.example'),
    locate(lab, '10.9.4.2', 'refused.example'),
    locate(lab, '10.9.4.2', 'fine.example'),
  ])
  expect(cut.place).toEqual({ kind: 'between', afterTtl: 2, afterHost: '10.9.2.2', ttl: 3, serverTtl: 4 })
  expect(cut.steps).toEqual([
    { ttl: 1, outcome: 'expired', host: '10.9.1.2' },
    { ttl: 2, outcome: 'expired', host: '10.9.2.2' },
    { ttl: 3, outcome: 'reset' },
  ])
  expect(cut.controlSteps.at(-1)).toEqual({ ttl: 4, outcome: 'answered' })
  expect(refused.place).toEqual({ kind: 'server', ttl: 4 })
  expect(answered.place).toEqual({ kind: 'answered', ttl: 4 })
  const six = await locate(lab, 'fd09:4::2', 'fine.example')
  expect(six.place).toEqual({ kind: 'answered', ttl: 4 })
  const closed = await locate(lab, '10.9.3.2', 'fine.example')
  expect(closed.place).toEqual({ kind: 'unknown', reason: 'no connection' })
})
