import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { diffLines, mergeThree } from './line-diff.ts'

const text = fc
  .array(fc.constantFrom('a\n', 'b\n', 'c\n', 'd\n', '\n'), { maxLength: 12 })
  .map((lines) => lines.join(''))

describe('a diff', () => {
  test('holds both texts whole', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const script = diffLines(before, after)
        const side = (other: 'added' | 'removed') =>
          script.flatMap(({ kind, line }) => (kind === other ? [] : [line])).join('')
        expect([side('added'), side('removed')]).toEqual([before, after])
      }),
    )
  })

  test('keeps a line that only lost its end apart', () => {
    expect(diffLines('a\nb', 'a\nb\n').map(({ kind }) => kind)).toEqual(['same', 'removed', 'added'])
  })

  test('of large texts without a line in common is still exact', () => {
    const lines = (word: string) => Array.from({ length: 3000 }, (_, n) => `${word}${n}\n`).join('')
    const script = diffLines(lines('a'), lines('b'))
    expect(script.filter(({ kind }) => kind === 'removed')).toHaveLength(3000)
  })
})

/** Texts whose last line may have no end. */
const open = fc.tuple(text, fc.constantFrom('', 'a', 'b')).map(([lines, last]) => lines + last)

describe('a merge', () => {
  test.each([
    ['what nobody else touched', 'a\nX\nc\n', 'a\nb\nc\n', 'a\nX\nc\n', 'a\nb\nc\n'],
    ['a line added elsewhere', 'a\nX\nc\nd\n', 'a\nb\nc\nd\n', 'a\nX\nc\nd\nmine\n', 'a\nb\nc\nd\nmine\n'],
    ['a line changed elsewhere', 'a\nX\nc\nd\n', 'a\nb\nc\nd\n', 'A\nX\nc\nd\n', 'A\nb\nc\nd\n'],
    ['our added line', 'a\nX\n', 'a\n', '0\na\nX\n', '0\na\n'],
    ['the same change on both sides', 'X\n', 'a\n', 'a\n', 'a\n'],
    ['our end of the last line, but for lines that follow now', 'a\nX\n', 'a', 'a\nX\nmine\n', 'a\nmine\n'],
    ['the same in a file with CRLF', 'a\r\nX\r\n', 'a', 'a\r\nX\r\nmine\r\n', 'a\r\nmine\r\n'],
  ])('takes back %s', (_, written, before, now, merged) => {
    expect(mergeThree(written, before, now)).toBe(merged)
  })

  test.each([
    ['the same line', 'a\nX\nc\n', 'a\nb\nc\n', 'a\nY\nc\n'],
    ['the same place', 'a\nX\n', 'a\n', 'a\nX mine\n'],
  ])('gives up where both changed %s', (_, written, before, now) => {
    expect(mergeThree(written, before, now)).toBeUndefined()
  })

  test('with one side unchanged gives the other', () => {
    fc.assert(
      fc.property(open, open, (base, changed) => {
        expect(mergeThree(base, changed, base)).toBe(changed)
        expect(mergeThree(base, base, changed)).toBe(changed)
      }),
    )
  })

  test('joins no two lines', () => {
    fc.assert(
      fc.property(open, open, open, (base, ours, theirs) => {
        const known = new Set(`\n${base}\n${ours}\n${theirs}`.split('\n'))
        for (const line of (mergeThree(base, ours, theirs) ?? '').split('\n')) expect(known).toContain(line)
      }),
    )
  })
})
