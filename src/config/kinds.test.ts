import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  boolean,
  choice,
  count,
  duration,
  list,
  optional,
  path,
  showDuration,
  showSize,
  size,
  word,
} from './kinds.ts'
import type { Kind } from './setting.ts'

const place = { folder: '/etc/posthaste', home: '/home/ann' }

function read<T>(kind: Kind<T>, raw: unknown): T | 'refused' {
  const parsed = kind.parse(raw, place)
  return parsed.ok ? parsed.value : 'refused'
}

describe('sizes', () => {
  test.each([
    ['20GiB', 20 * 2 ** 30],
    ['20 GiB', 20 * 2 ** 30],
    ['20gib', 20 * 2 ** 30],
    ['500MB', 500_000_000],
    ['1.5KiB', 1536],
    ['4096', 4096],
    [4096, 4096],
    ['4096B', 4096],
    ['20G', 'refused'],
    ['1023', 'refused'],
    ['-1', 'refused'],
    ['', 'refused'],
    ['lots', 'refused'],
    ['9999999TiB', 'refused'],
    [Number.NaN, 'refused'],
    [1e300, 'refused'],
    [true, 'refused'],
    [null, 'refused'],
    [['1GiB'], 'refused'],
  ] as const)('%p gives %p', (raw, expected) => expect(read(size(1024), raw)).toBe(expected))

  test('20G is refused with both things it could mean', () => {
    expect(size(0).parse('20G', place)).toMatchObject({ ok: false, hint: 'write GiB (1024) or GB (1000)' })
  })

  test('what is shown reads back as the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (bytes) => read(size(0), showSize(bytes)) === bytes),
    )
    expect(showSize(20 * 2 ** 30)).toBe('20GiB')
  })
})

describe('durations', () => {
  test.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1.5s', 1500],
    ['7d', 604_800_000],
    ['3000', 3000],
    [3000, 3000],
    [0, 0],
    ['30', 30],
    ['30 s', 'refused'],
    ['s', 'refused'],
    ['30x', 'refused'],
    ['5m30', 'refused'],
    ['-5s', 'refused'],
    [-5, 'refused'],
    ['25d', 'refused'],
    [Number.POSITIVE_INFINITY, 'refused'],
    [false, 'refused'],
    [{}, 'refused'],
  ] as const)('%p gives %p', (raw, expected) => expect(read(duration(0), raw)).toBe(expected))

  test('what is shown reads back as the same', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        (ms) => read(duration(0), showDuration(ms)) === ms,
      ),
    )
    expect(showDuration(90_000)).toBe('90s')
  })
})

test.each([
  ['true', true],
  [true, true],
  ['1', true],
  ['Yes', true],
  ['off', false],
  [0, false],
  ['false', false],
  ['maybe', 'refused'],
  [2, 'refused'],
  ['', 'refused'],
] as const)('the boolean %p gives %p', (raw, expected) => expect(read(boolean, raw)).toBe(expected))

test.each([
  ['64', 64],
  [64, 64],
  [1, 1],
  [0, 'refused'],
  [101, 'refused'],
  [1.5, 'refused'],
  ['1e2', 'refused'],
  ['', 'refused'],
] as const)('the count %p gives %p', (raw, expected) => expect(read(count(1, 100), raw)).toBe(expected))

test.each([
  ['/srv/data', '/srv/data'],
  ['data', '/etc/posthaste/data'],
  ['./data/../x', '/etc/posthaste/x'],
  ['~', '/home/ann'],
  ['~/data', '/home/ann/data'],
  ['~bob/data', '/etc/posthaste/~bob/data'],
  ['', 'refused'],
  ['a\0b', 'refused'],
  [7, 'refused'],
] as const)('the path %p gives %p', (raw, expected) => expect(read(path, raw)).toBe(expected))

test.each([
  ['a-long-enough-token', 'a-long-enough-token'],
  ['short', 'refused'],
  ['with a space in between', 'refused'],
  ['line\nbreak-line-break', 'refused'],
  [1234567890123456, 'refused'],
] as const)('the word %p gives %p', (raw, expected) => expect(read(word(16), raw)).toBe(expected))

describe('lists', () => {
  const words = list('words', choice('a', 'b', 'c'))
  test.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    ['a,b', ['a', 'b']],
    [' a , b ,', ['a', 'b']],
    ['[a, b]', ['a', 'b']],
    ['[]', []],
    [[], []],
    ['', []],
  ] as const)('%p gives %p', (raw, expected) => expect(read(words, raw)).toEqual([...expected]))

  test('a wrong item is named by its index', () => {
    expect(words.parse(['a', 'x'], place)).toMatchObject({ ok: false, path: [1] })
    expect(words.parse('a,b,x', place)).toMatchObject({ ok: false, path: [2] })
    expect(words.parse({ a: 1 }, place)).toMatchObject({ ok: false })
    expect(words.parse(7, place)).toMatchObject({ ok: false })
  })
})

test('an optional kind keeps how its values are shown', () => {
  const kind = optional(size(0))
  expect(kind.show?.(1024)).toBe('1KiB')
  expect(kind.show?.(undefined)).toBeUndefined()
})
