import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { field, KeyTable } from './key-table.ts'

test('behaves as a map, whatever is added and removed', () => {
  const key = fc.integer({ min: 0, max: 400 }).map((n) => `key/${n}`)
  const step = fc.record({ key, remove: fc.boolean(), value: fc.integer({ min: 1, max: 1e9 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1500 }), fc.integer(), (steps, seed) => {
      const table = new KeyTable(seed)
      const model = new Map<string, number>()
      for (const { key, remove, value } of steps) {
        const id = table.find(key)
        expect(id !== 0).toBe(model.has(key))
        if (remove && id !== 0) {
          table.remove(id)
          model.delete(key)
        } else if (!remove) {
          table.set(table.add(key), field.length, value)
          model.set(key, value)
        }
      }
      expect(table.count).toBe(model.size)
      for (const [key, value] of model) expect(table.get(table.find(key), field.length)).toBe(value)
      let live = 0
      for (let id = 1; id < table.end; id++) if (table.has(id)) live++
      expect(live).toBe(model.size)
    }),
    { numRuns: 40 },
  )
})

test('entries keep their numbers while the table grows', () => {
  const table = new KeyTable(7)
  const ids = Array.from({ length: 50_000 }, (_, n) => {
    const id = table.add(`k${n}`)
    table.set(id, field.length, n + 1)
    return id
  })
  for (const [n, id] of ids.entries()) {
    expect(table.find(`k${n}`)).toBe(id)
    expect(table.get(id, field.length)).toBe(n + 1)
  }
  expect(table.find('k50000')).toBe(0)
})

test('a key that was just asked for is told from the next, through growth and removal', () => {
  const table = new KeyTable(3)
  expect(table.find('')).toBe(0)
  const first = table.add('')
  table.set(first, field.length, 1)
  for (let n = 0; n < 3_000; n++) {
    const key = `k${n}`
    expect(table.find(key)).toBe(0)
    const id = table.add(key)
    table.set(id, field.length, n + 2)
    expect([table.find(key), table.find(''), table.find(key)]).toEqual([id, first, id])
    if (n % 2 === 0) continue
    table.remove(id)
    expect(table.find(key)).toBe(0)
  }
})
