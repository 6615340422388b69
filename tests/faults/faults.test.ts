import { expect, test } from 'bun:test'
import { FaultLab } from './fault-lab.ts'
import { faultTable } from './fault-table.ts'

const rowMs = 60_000
/** Most of a row is waiting, but its honest answers need a share of the processors. */
const sideBySide = 3

/** Runs the rows in the order of the table, a few at a time. */
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

test.concurrent.each(faultTable.map((row) => [row.id, row] as const))(
  '%s',
  async (_, row) => {
    await inTurn(async () => {
      await using lab = new FaultLab()
      await row.check(lab)
    })
  },
  faultTable.length * rowMs,
)

test('every fault has a name of its own', () => {
  expect(new Set(faultTable.map(({ id }) => id)).size).toBe(faultTable.length)
})
