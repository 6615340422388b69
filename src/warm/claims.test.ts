import { beforeEach, describe, expect, test } from 'bun:test'
import { Claims } from './claims.ts'

const MiB = 1024 * 1024
const MINUTE = 60_000

let nowMs: number
let claims: Claims
beforeEach(() => {
  nowMs = 1_000_000
  claims = new Claims(() => nowMs)
})

describe('the balance', () => {
  test('what is fetched is unclaimed until a client uses it', () => {
    claims.fetched('a', 10)
    claims.fetched('b', 20)
    claims.used('a')
    expect(claims.balance()).toEqual({
      fetches: 2,
      fetchedBytes: 30,
      usedBytes: 10,
      wastedBytes: 0,
      unclaimedBytes: 20,
    })
  })

  test('using twice, or what nobody fetched ahead, counts nothing', () => {
    claims.fetched('a', 10)
    for (const key of ['a', 'a', 'never']) claims.used(key)
    expect(claims.balance()).toMatchObject({ usedBytes: 10, unclaimedBytes: 0 })
  })

  test('what nobody wants for ten minutes is wasted, and using it then comes too late', () => {
    claims.fetched('a', 10)
    nowMs += 10 * MINUTE - 1
    claims.pays()
    expect(claims.balance()).toMatchObject({ wastedBytes: 0, unclaimedBytes: 10 })
    nowMs += 1
    claims.pays()
    claims.used('a')
    expect(claims.balance()).toMatchObject({ usedBytes: 0, wastedBytes: 10, unclaimedBytes: 0 })
  })

  test('what is fetched again, because it went missing unused, was wasted the first time', () => {
    claims.fetched('a', 10)
    claims.fetched('a', 10)
    expect(claims.balance()).toMatchObject({ fetchedBytes: 20, wastedBytes: 10, unclaimedBytes: 10 })
    claims.used('a')
    expect(claims.balance()).toMatchObject({ usedBytes: 10, unclaimedBytes: 0 })
  })

  test('what is fetched again keeps nobody behind it from running out', () => {
    claims.fetched('a', 1)
    claims.fetched('b', 2)
    nowMs += 5 * MINUTE
    claims.fetched('a', 1)
    nowMs += 5 * MINUTE
    claims.pays()
    expect(claims.balance()).toMatchObject({ wastedBytes: 3, unclaimedBytes: 1 })
  })

  test('only so many are remembered', () => {
    for (let at = 0; at < 50_010; at++) claims.fetched(`key ${at}`, 1)
    expect(claims.balance()).toMatchObject({ unclaimedBytes: 50_000, wastedBytes: 10 })
    claims.used('key 9')
    expect(claims.balance().usedBytes).toBe(0)
    claims.used('key 10')
    expect(claims.balance().usedBytes).toBe(1)
  })
})

describe('it pays', () => {
  const waste = (bytes: number) => {
    claims.fetched(`wasted at ${nowMs}`, bytes)
    nowMs += 10 * MINUTE
  }

  test('while little is wasted, whatever the share', () => {
    waste(63 * MiB)
    expect(claims.pays()).toBe(true)
  })

  test('while a quarter of what was used is wasted, not more', () => {
    claims.fetched('used', 400 * MiB)
    claims.used('used')
    waste(100 * MiB)
    expect(claims.pays()).toBe(true)
    waste(1)
    expect(claims.pays()).toBe(false)
  })

  test('again after ten minutes, and then only new waste counts', () => {
    waste(64 * MiB)
    expect(claims.pays()).toBe(false)
    nowMs += 10 * MINUTE - 1
    expect(claims.pays()).toBe(false)
    nowMs += 1
    expect(claims.pays()).toBe(true)
    waste(63 * MiB)
    expect(claims.pays()).toBe(true)
    waste(1 * MiB)
    expect(claims.pays()).toBe(false)
  })
})
