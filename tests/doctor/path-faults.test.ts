import { afterAll, expect, test } from 'bun:test'
import { turns } from '../support/turns.ts'
import { ConfusionMatrix } from './confusion-matrix.ts'
import { namesOf } from './fault-row.ts'
import { Namespaces, whyNoNamespaces } from './namespace.ts'
import { machineFaults, nodeFaults, pathFaults } from './path-faults.ts'

const rowMs = 60_000
const inTurn = turns(3)
const all = process.env.POSTHASTE_TEST_ALL === '1'
const rows = [...pathFaults, ...nodeFaults, ...machineFaults].filter(({ long }) => all || !long)
const reason = whyNoNamespaces()
const matrix = new ConfusionMatrix()
afterAll(() => process.stdout.write(matrix.text()))

for (const { fault, verdicts, inject } of rows) {
  const body = () =>
    inTurn(async () => {
      await using network = await Namespaces.open()
      const report = await inject(network)
      const found = namesOf(report, verdicts)
      matrix.add(verdicts, found)
      expect(found).toEqual([...verdicts].sort())
    })
  if (reason === undefined) test.concurrent(fault, body, rows.length * rowMs)
  else test.skip(`${fault} [skipped: ${reason}]`, body)
}
