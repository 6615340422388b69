import { expect, test } from 'bun:test'
import { HostPaces, type Leave } from './host-paces.ts'

const host = 'mirror.example'
const limits = { withinMs: 60_000, signal: new AbortController().signal }
const demanded = () => false
const ahead = () => true

/** So many requests at once, each with its place. */
function crowd(paces: HostPaces, count: number): Leave[] {
  return Array.from({ length: count }, () => {
    const leave = paces.enter(host, demanded, limits)
    if (leave instanceof Promise) throw new Error('it has to wait')
    return leave
  })
}

test('a host that never complained takes all', () => {
  expect(crowd(new HostPaces(), 500)).toHaveLength(500)
})

test('one that said too many gets fewer at a time, and those who are waited for first', async () => {
  const paces = new HostPaces()
  const places = crowd(paces, 6)
  paces.tooMany(host)
  const begun: string[] = []
  const enter = async (name: string, isAhead: () => boolean) => {
    const leave = await paces.enter(host, isAhead, limits)
    begun.push(name)
    return leave
  }
  const first = enter('ahead', ahead)
  const second = enter('demanded', demanded)
  for (const leave of places.slice(0, 3)) leave(true)
  await Promise.resolve()
  expect(begun).toEqual([])
  places[3]?.(true)
  ;(await second)?.()
  await first
  expect(begun).toEqual(['demanded', 'ahead'])
})

test('a place is freed once', async () => {
  const paces = new HostPaces()
  const [one] = crowd(paces, 2)
  paces.tooMany(host)
  one?.(true)
  one?.(true)
  expect(paces.enter(host, demanded, { ...limits, withinMs: 1 })).toBeInstanceOf(Promise)
})

test('whoever gets no place in time, or is no longer wanted, is told so and leaves no trace', async () => {
  const paces = new HostPaces()
  const [, last] = crowd(paces, 2)
  paces.tooMany(host)
  expect(await paces.enter(host, demanded, { ...limits, withinMs: 1 })).toBeUndefined()
  const gone = new AbortController()
  const waiting = paces.enter(host, demanded, { ...limits, signal: gone.signal })
  gone.abort(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
  last?.()
})

test('after good answers it gets more again', () => {
  const paces = new HostPaces()
  const places = crowd(paces, 2)
  paces.tooMany(host)
  for (const leave of places) leave(true)
  for (let answers = 0; answers < 50; answers++) crowd(paces, 1)[0]?.()
  expect(crowd(paces, 2)).toHaveLength(2)
  expect(paces.enter(host, demanded, { ...limits, withinMs: 1 })).toBeInstanceOf(Promise)
})
