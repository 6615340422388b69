import { expect, test } from 'bun:test'
import { turns } from '../support/turns.ts'
import { FaultLab } from './fault-lab.ts'
import { faultTable } from './fault-table.ts'

const rowMs = 60_000
/** Most of a row is waiting, but its honest answers need a share of the processors. */
const sideBySide = 3

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
