import { afterAll, expect, test } from 'bun:test'
import { ConfusionMatrix } from './confusion-matrix.ts'
import { DoctorLab } from './doctor-lab.ts'
import { namesOf } from './fault-row.ts'
import { faultTable } from './fault-table.ts'
import { turns } from './turns.ts'

const rowMs = 30_000
/** Most of a row is waiting, but its honest answers need a share of the processors. */
const sideBySide = 4

const inTurn = turns(sideBySide)
const matrix = new ConfusionMatrix()
afterAll(() => process.stdout.write(matrix.text()))

test.concurrent.each(faultTable.map((row) => [row.fault, row] as const))(
  '%s',
  async (_, row) => {
    await inTurn(async () => {
      await using lab = await DoctorLab.open()
      const report = await row.inject(lab)
      const found = namesOf(report, row.verdicts)
      matrix.add(row.verdicts, found)
      expect(found).toEqual([...row.verdicts].sort())
    })
  },
  faultTable.length * rowMs,
)
