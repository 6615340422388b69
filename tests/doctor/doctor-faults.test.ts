import { afterAll, expect, test } from 'bun:test'
import { ConfusionMatrix } from './confusion-matrix.ts'
import { DoctorLab } from './doctor-lab.ts'
import { namesOf } from './fault-row.ts'
import { faultTable } from './fault-table.ts'

const rowMs = 30_000
/** Most of a row is waiting, but its honest answers need a share of the processors. */
const sideBySide = 4

function turns(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

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
