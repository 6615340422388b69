import { expect, test } from 'bun:test'
import { verdictIds } from '../../src/doctor/verdict.ts'
import { faultTable } from './fault-table.ts'
import { machineFaults, nodeFaults, pathFaults } from './path-faults.ts'
import { resetFaults } from './reset-faults.ts'
import { decidedByHand, faultsOf } from './verdicts-page.ts'

test('every verdict has a fault that leads to it', () => {
  expect(verdictIds.filter((id) => faultsOf(id) === 0)).toEqual(Object.keys(decidedByHand) as never)
})

test('every fault has a name of its own', () => {
  const faults = [...faultTable, ...pathFaults, ...nodeFaults, ...resetFaults, ...machineFaults].map(
    ({ fault }) => fault,
  )
  expect(new Set(faults).size).toBe(faults.length)
})
