import { expect, test } from 'bun:test'
import { LateOpening } from './late-opening.ts'

test('who comes before they can be asked waits for the real answer', async () => {
  const opening = new LateOpening()
  const told: string[] = []
  const first = opening.open().then(() => told.push('opened'))
  await Promise.resolve()
  opening.enable(async () => {
    told.push('asked')
  })
  await first
  expect(told).toEqual(['asked', 'opened'])
})

test('they are asked once, for all who need them', async () => {
  const opening = new LateOpening()
  let asked = 0
  opening.enable(async () => {
    asked++
  })
  await Promise.all([opening.open(), opening.open()])
  await opening.open()
  expect(asked).toBe(1)
})

test('nothing is waited for where nobody needed them', async () => {
  const opening = new LateOpening()
  await opening.idle()
  opening.enable(() => new Promise(() => undefined))
  await opening.idle()
})
