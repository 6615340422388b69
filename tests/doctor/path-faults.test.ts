import { afterAll, expect } from 'bun:test'
import { testUnless } from '../support/test-unless.ts'
import { ConfusionMatrix } from './confusion-matrix.ts'
import { namesOf } from './fault-row.ts'
import { Namespaces, whyNoNamespaces } from './namespace.ts'
import { machineFaults, pathFaults } from './path-faults.ts'

const testIn = testUnless(whyNoNamespaces())

const matrix = new ConfusionMatrix()
afterAll(() => process.stdout.write(matrix.text()))
const all = process.env.POSTHASTE_TEST_ALL === '1'

for (const { fault, verdicts, inject } of [...pathFaults, ...machineFaults].filter(
  ({ long }) => all || !long,
)) {
  testIn(fault, async () => {
    await using network = await Namespaces.open()
    const report = await inject(network)
    const found = namesOf(report, verdicts)
    matrix.add(verdicts, found)
    expect(found).toEqual([...verdicts].sort())
  })
}
