import { describe, expect, test } from 'bun:test'
import { LagLedger } from './lag-ledger.ts'

const hour = 3_600_000
const ledgerWith = (origin?: string) => new LagLedger((_, source) => source === origin)
const saw = (ledger: LagLedger, source: string, atMs: number, ...versions: string[]) =>
  ledger.saw({ list: 'go', source, name: 'm.example/x', versions, atMs })

describe('against the origin', () => {
  test('versions that it names and a mirror does not are counted, from when they were first seen', () => {
    const ledger = ledgerWith('origin')
    saw(ledger, 'origin', 0, 'v1.0.0', 'v1.9.0', 'v1.10.0')
    saw(ledger, 'mirror', 2 * hour, 'v1.0.0')
    expect(ledger.lagOf('go', 'mirror', 2 * hour)).toEqual({
      behind: 2,
      atLeastMs: 2 * hour,
      at: 'm.example/x',
      lacks: 'v1.10.0',
      measuredAtMs: 2 * hour,
    })
    expect(ledger.lagOf('go', 'origin', 2 * hour)).toBeUndefined()
  })

  test('a mirror that has them all is level; what it has beside them does not matter', () => {
    const ledger = ledgerWith('origin')
    saw(ledger, 'origin', 0, 'v1.0.0')
    saw(ledger, 'mirror', 1, 'v1.0.0', 'v1.1.0')
    expect(ledger.lagOf('go', 'mirror', 1)).toMatchObject({ behind: 0, atLeastMs: 0, lacks: undefined })
  })

  test('what came up after the mirror was last asked is not held against it', () => {
    const ledger = ledgerWith('origin')
    saw(ledger, 'mirror', 1, 'v1.0.0')
    saw(ledger, 'origin', 2, 'v1.0.0', 'v1.1.0')
    expect(ledger.lagOf('go', 'mirror', 3)).toMatchObject({ behind: 0 })
  })

  test('a mirror that catches up lags no more', () => {
    const ledger = ledgerWith('origin')
    saw(ledger, 'origin', 0, 'v1.0.0')
    saw(ledger, 'mirror', 1)
    expect(ledger.lagOf('go', 'mirror', 1)).toMatchObject({ behind: 1 })
    saw(ledger, 'mirror', 2, 'v1.0.0')
    expect(ledger.lagOf('go', 'mirror', 2)).toMatchObject({ behind: 0 })
  })

  test('old versions that a mirror leaves out are no lag', () => {
    const ledger = ledgerWith('origin')
    const many = Array.from({ length: 50 }, (_, index) => `v1.${index}.0`)
    saw(ledger, 'origin', 0, ...many)
    saw(ledger, 'mirror', 1, ...many.slice(-20))
    expect(ledger.lagOf('go', 'mirror', 1)).toMatchObject({ behind: 0 })
  })
})

describe('without an origin', () => {
  test('equals are compared with each other', () => {
    const ledger = ledgerWith()
    saw(ledger, 'a', 0, 'v1.0.0', 'v1.1.0')
    saw(ledger, 'b', 0, 'v1.0.0')
    expect(ledger.lagOf('go', 'b', 0)).toMatchObject({ behind: 1, atLeastMs: 0, lacks: 'v1.1.0' })
    expect(ledger.lagOf('go', 'a', 0)).toMatchObject({ behind: 0 })
  })

  test('one alone is compared with nobody, and yesterday says nothing', () => {
    const ledger = ledgerWith()
    saw(ledger, 'a', 0, 'v1.0.0')
    expect(ledger.lagOf('go', 'a', 0)).toBeUndefined()
    saw(ledger, 'b', 0)
    expect(ledger.lagOf('go', 'b', 0)).toMatchObject({ behind: 1 })
    expect(ledger.lagOf('go', 'b', 25 * hour)).toBeUndefined()
    expect(ledger.lagOf('go-sumdb', 'b', 0)).toBeUndefined()
  })
})

describe('a file that an equal one has', () => {
  const lacked = (ledger: LagLedger, path: string, atMs: number) =>
    ledger.lacked({ list: 'go', source: 'mirror', path, atMs })

  test('counts as one version, whichever of its files it is', () => {
    const ledger = ledgerWith()
    lacked(ledger, 'm.example/x/@v/v1.1.0.info', 0)
    lacked(ledger, 'm.example/x/@v/v1.1.0.zip', 60_000)
    lacked(ledger, 'm.example/x/@v/v1.1.0.info', 60_000)
    expect(ledger.lagOf('go', 'mirror', 60_000)).toMatchObject({ behind: 1, atLeastMs: 60_000 })
    expect(ledger.lagOf('go', 'other', 60_000)).toBeUndefined()
  })

  test('is forgotten after an hour: most sources fetch what they were asked for', () => {
    const ledger = ledgerWith()
    lacked(ledger, 'm.example/x/@v/v1.1.0.info', 0)
    expect(ledger.lagOf('go', 'mirror', hour)).toBeUndefined()
  })

  test('takes bounded memory, however many there are', () => {
    const ledger = ledgerWith()
    for (let index = 0; index < 1000; index++) lacked(ledger, `m.example/x/@v/v1.${index}.0.mod`, 0)
    expect(ledger.lagOf('go', 'mirror', 0)?.behind).toBe(256)
  })
})
