import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatHttpDate, parseHttpDate } from './http-date.ts'

const NOW = Date.UTC(2026, 0, 1)

describe('parseHttpDate', () => {
  test.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    '  Sun, 06 Nov 1994 08:49:37 GMT ',
  ])('reads %j', (text) => {
    expect(parseHttpDate(text, NOW)).toBe(784111777000)
  })

  test('two-digit years lie at most 50 years ahead', () => {
    expect(parseHttpDate('Monday, 06-Nov-76 08:49:37 GMT', NOW)).toBe(Date.UTC(2076, 10, 6, 8, 49, 37))
    expect(parseHttpDate('Monday, 06-Nov-77 08:49:37 GMT', NOW)).toBe(Date.UTC(1977, 10, 6, 8, 49, 37))
  })

  test.each([
    '',
    'yesterday',
    '1994-11-06T08:49:37Z',
    '784111777',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 +0100',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    '"Sun, 06 Nov 1994 08:49:37 GMT"',
  ])('refuses %j', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined()
  })

  test('reads back what formatHttpDate writes, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4102444800000 }), (atMs) => {
        expect(parseHttpDate(formatHttpDate(atMs))).toBe(Math.floor(atMs / 1000) * 1000)
      }),
    )
  })
})
