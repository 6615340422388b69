import { afterAll, expect } from 'bun:test'
import { labTest } from '../trace/lab-test.ts'
import { whyNoLab, whyNoTool } from '../trace/net-lab.ts'
import { ConfusionMatrix } from './confusion-matrix.ts'
import { namesOf } from './fault-row.ts'
import { examineFrom, openChain, resetFaults } from './reset-faults.ts'

const inLab = labTest((await whyNoLab()) ?? (await whyNoTool('iptables', '--version')))
const matrix = new ConfusionMatrix()
afterAll(() => process.stdout.write(matrix.text()))

// The rows filter different names: one path is enough for all.
inLab('who cuts the handshakes of a name, and where', async () => {
  const { lab, authority } = await openChain()
  await using _ = lab
  const fine = await examineFrom(lab, authority, 'fine.example')
  expect(namesOf(fine, ['cert.wrong_host'])).toEqual(['cert.wrong_host'])
  for (const { fault, verdicts, place, cut, name } of resetFaults) {
    await cut(lab)
    const report = await examineFrom(lab, authority, name)
    const found = namesOf(report, verdicts)
    matrix.add(verdicts, found)
    expect({ fault, found }).toEqual({ fault, found: [...verdicts].sort() })
    const [verdict] = report.verdicts
    expect(verdict?.title).toContain(place)
    if (place === '') continue
    const located = report.evidence.find((record) => record.probe === 'reset.place')
    expect(verdict?.evidenceIds).toContain(located?.id ?? '')
    expect(verdict?.control).toContain('www.example.com')
  }
})
