import { expect, test } from 'bun:test'
import { openingOf } from './opening.ts'

test('what is known at the start waits for nothing', () => {
  const npm = { found: false, reason: 'there is none' } as const
  const pip = { index: undefined, builtIn: undefined, reason: undefined, notes: [] }
  expect(openingOf({ toolchains: { npm, pip }, opening: async () => undefined }).size).toBe(0)
  expect(openingOf({ toolchains: {} }).size).toBe(0)
})

test('the rest waits once, whatever comes of it', async () => {
  let asked = 0
  const waits = openingOf({
    toolchains: {},
    opening: async () => {
      asked++
    },
  })
  expect([...waits.keys()]).toEqual(['npm', 'pypi'])
  await waits.get('npm')?.()
  expect([asked, waits.size]).toEqual([1, 0])
})
