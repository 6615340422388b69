import { expect, test } from 'bun:test'
import { remembered } from './remembered.ts'

function counted() {
  let calls = 0
  const judge = remembered((value: string) => {
    calls++
    return value === '' ? undefined : value.length
  })
  return { judge, calls: () => calls }
}

test('a spelling is judged once, whatever the judgement is', () => {
  const { judge, calls } = counted()
  expect([judge('a'), judge('a'), judge(''), judge(''), judge('bb')]).toEqual([1, 1, undefined, undefined, 2])
  expect(calls()).toBe(3)
})

test('made-up spellings neither fill the memory nor keep usual ones out', () => {
  const { judge, calls } = counted()
  for (let at = 0; at < 10_000; at++) judge(`made up ${at}`)
  judge('usual')
  const before = calls()
  for (let at = 0; at < 50; at++) judge('usual')
  expect(calls()).toBe(before)
})

test('a long one is judged each time', () => {
  const { judge, calls } = counted()
  const long = 'x'.repeat(10_000)
  expect([judge(long), judge(long)]).toEqual([10_000, 10_000])
  expect(calls()).toBe(2)
})
