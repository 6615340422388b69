import { expect, test } from 'bun:test'
import { OneByOne } from './one-by-one.ts'

test('callers go on in the order in which they came, each in a turn of its own', async () => {
  const queue = new OneByOne()
  const went: { caller: number; turn: number }[] = []
  let turn = 0
  let counting = true
  const count = () => {
    turn++
    if (counting) setImmediate(count)
  }
  setImmediate(count)

  await Promise.all([0, 1, 2, 3].map((caller) => queue.turn().then(() => went.push({ caller, turn }))))
  counting = false

  expect(went.map(({ caller }) => caller)).toEqual([0, 1, 2, 3])
  expect(new Set(went.map((one) => one.turn)).size).toBe(4)
})

test('who comes later does not wait for turns that are over', async () => {
  const queue = new OneByOne()
  await queue.turn()
  let went = false
  const leaving = queue.turn().then(() => {
    went = true
  })
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  expect(went).toBe(true)
  await leaving
})
