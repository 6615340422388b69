import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { EvictionQueues } from './eviction.ts'
import { field, KeyTable } from './key-table.ts'

/** A cache of sizes only, evicted as the store evicts. */
function simulate(maxBytes: number) {
  const table = new KeyTable(1)
  const queues = new EvictionQueues(table, maxBytes)
  const keys = new Map<number, string>()
  const evict = (onlySmall = false): boolean => {
    const id = queues.victim(() => false, onlySmall)
    if (id === 0) return false
    queues.remember(id)
    queues.drop(id)
    table.remove(id)
    keys.delete(id)
    return true
  }
  return {
    queues,
    keys,
    evict,
    has: (key: string) => table.find(key) !== 0,
    touch: (key: string) => queues.touch(table.find(key)),
    add(key: string, sizeBytes: number) {
      while (queues.bytes + sizeBytes > maxBytes) if (!evict()) return
      const id = table.add(key)
      table.set(id, field.length, sizeBytes)
      keys.set(id, key)
      queues.admit(id)
    },
  }
}

test('a hot set survives a scan of five times the bound', () => {
  const cache = simulate(100_000)
  const hot = Array.from({ length: 40 }, (_, n) => `hot${n}`)
  for (const key of hot) cache.add(key, 1000)
  for (const key of hot) cache.touch(key)
  for (let n = 0; n < 500; n++) cache.add(`scan${n}`, 1000)
  expect(hot.filter(cache.has)).toHaveLength(40)
})

test('huge objects go through the small queue and leave most of what is used', () => {
  const cache = simulate(100_000)
  for (let n = 0; n < 60; n++) {
    cache.add(`hot${n}`, 1000)
    cache.touch(`hot${n}`)
  }
  for (let n = 0; n < 40; n++) cache.add(`cold${n}`, 1000)
  const hotCount = () => [...cache.keys.values()].filter((key) => key.startsWith('hot')).length
  for (let n = 0; n < 20; n++) {
    cache.add(`huge${n}`, 39_000)
    expect(hotCount()).toBeGreaterThanOrEqual(50)
  }
})

test('who comes back soon after its eviction is not on probation again', () => {
  const cache = simulate(10_000)
  for (let n = 0; n < 11; n++) cache.add(`k${n}`, 1000)
  expect(cache.has('k0')).toBe(false)
  cache.add('k0', 1000)
  expect(cache.queues.mainBytes).toBe(1000)
})

test('what is spared is never the victim', () => {
  const cache = simulate(10_000)
  for (let n = 0; n < 10; n++) cache.add(`k${n}`, 1000)
  for (let n = 0; n < 3; n++) cache.touch(`k${n}`)
  const held = new Set(['k1', 'k4'])
  for (;;) {
    const id = cache.queues.victim((candidate) => held.has(cache.keys.get(candidate) ?? ''), false)
    if (id === 0) break
    cache.queues.drop(id)
    cache.keys.delete(id)
  }
  expect([...cache.keys.values()].toSorted()).toEqual(['k1', 'k4'])
})

test('the bytes that are counted are those of what is kept', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 60 }),
    size: fc.integer({ min: 1, max: 3000 }),
    touch: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const cache = simulate(20_000)
      const sizes = new Map<string, number>()
      for (const { key, size, touch } of steps) {
        const name = `k${key}`
        if (cache.has(name)) {
          if (touch) cache.touch(name)
          continue
        }
        cache.add(name, size)
        sizes.set(name, size)
      }
      let sum = 0
      for (const key of cache.keys.values()) sum += sizes.get(key) ?? 0
      expect(cache.queues.bytes).toBe(sum)
      expect(sum).toBeLessThanOrEqual(20_000)
      for (let more = true; more; ) more = cache.evict()
      const { bytes, mainBytes, coldBytes } = cache.queues
      expect({ bytes, mainBytes, coldBytes }).toEqual({ bytes: 0, mainBytes: 0, coldBytes: 0 })
    }),
  )
})
