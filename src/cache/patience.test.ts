import { describe, expect, test } from 'bun:test'
import { withPatience } from './patience.ts'

const never = new Promise<{ value: number }>(() => undefined)

describe('patience', () => {
  test('gives what comes in time', async () => {
    expect(await withPatience(Promise.resolve({ value: 1 }), 60_000)).toEqual({ value: 1 })
  })

  test('passes on what goes wrong in time', async () => {
    await expect(withPatience(Promise.reject(new Error('no')), 60_000)).rejects.toThrow('no')
  })

  test('ends, and hands the work on', async () => {
    const { promise, resolve } = Promise.withResolvers<{ value: number }>()
    const result = await withPatience(promise, 1)
    if (!('late' in result)) throw new Error('it should have been late')
    resolve({ value: 2 })
    expect(await result.late).toEqual({ value: 2 })
  })

  test('of none at all still takes what is there', async () => {
    expect(await withPatience(Promise.resolve({ value: 3 }), 0)).toEqual({ value: 3 })
    expect(await withPatience(never, 0)).toHaveProperty('late')
  })
})
