import { afterAll, expect, test } from 'bun:test'
import { turns } from '../support/turns.ts'
import { ConfusionMatrix } from './confusion-matrix.ts'
import { DoctorLab } from './doctor-lab.ts'
import { namesOf } from './fault-row.ts'
import { faultTable } from './fault-table.ts'

const rowMs = 30_000
/** Most of a row is waiting, but its honest answers need a share of the processors. */
const sideBySide = 4

const inTurn = turns(sideBySide)
const matrix = new ConfusionMatrix()
afterAll(() => process.stdout.write(matrix.text()))

for (const { fault, verdicts, inject, needs } of faultTable) {
  const body = () =>
    inTurn(async () => {
      await using lab = await DoctorLab.open()
      const report = await inject(lab)
      const found = namesOf(report, verdicts)
      matrix.add(verdicts, found)
      expect(found).toEqual([...verdicts].sort())
    })
  if (needs === undefined || Bun.which(needs) !== null)
    test.concurrent(fault, body, faultTable.length * rowMs)
  else test.skip(`${fault} [skipped: there is no '${needs}' command]`, body)
}
