import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { columns, cutEnd, cutMiddle, printable } from './terminal-text.ts'

test.each([
  ['plain /go/x@v1', 'plain /go/x@v1'],
  ['\x1b[2J', '\\x1b[2J'],
  ['a\r\nb', 'a\\x0d\\x0ab'],
  ['\u202eabc', '\\u202eabc'],
  ['\u009b31m', '\\x9b31m'],
  ['中文', '中文'],
])('printable %j', (text, expected) => {
  expect(printable(text)).toBe(expected)
})

describe('cutting', () => {
  test('keeps both ends of a path, the last one longer', () => {
    expect(cutMiddle('/go/golang.org/x/text/@v/v0.3.0.zip', 20)).toBe('/go/gol…v/v0.3.0.zip')
  })
  test('counts Chinese characters as two columns', () => {
    expect(columns('a中文')).toBe(5)
    expect(cutEnd('中文中文', 6)).toBe('中文…')
  })
  test('property: never wider than asked, and untouched when it fits', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '/', '中', '😀', 'é') })
    fc.assert(
      fc.property(text, fc.nat(30), (line, width) => {
        for (const cut of [cutEnd(line, width), cutMiddle(line, width)]) {
          expect(columns(cut)).toBeLessThanOrEqual(width)
          if (columns(line) <= width) expect(cut).toBe(line)
        }
      }),
    )
  })
})
