import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { compareVersions, meets, parseVersion, wantsPre } from './version.ts'

const order = (text: string) => {
  const version = parseVersion(text)
  if (version === undefined) throw new Error(`${text} is no version`)
  return version
}

test('the order of PEP 440', () => {
  const ordered = [
    '1.dev0',
    '1.0.dev456',
    '1.0a1',
    '1.0a2.dev456',
    '1.0a12.dev456',
    '1.0a12',
    '1.0b1.dev456',
    '1.0b2',
    '1.0b2.post345.dev456',
    '1.0b2.post345',
    '1.0rc1.dev456',
    '1.0rc1',
    '1.0',
    '1.0.post456.dev34',
    '1.0.post456',
    '1.0.15',
    '1.1.dev1',
    '1.2',
    '1.10',
    '2012.4',
    '1!0.5',
  ]
  for (const [index, text] of ordered.entries()) {
    for (const [other, text2] of ordered.entries()) {
      expect(`${text} ${text2} ${Math.sign(compareVersions(order(text), order(text2)))}`).toBe(
        `${text} ${text2} ${Math.sign(index - other)}`,
      )
    }
  }
})

test('spellings of the same', () => {
  for (const [a, b] of [
    ['1.0', '1'],
    ['1.0-1', '1.0.post1'],
    ['1.0ALPHA1', '1.0a1'],
    ['v1.0_c2', '1.0rc2'],
    ['1.0rev', '1.0.post0'],
    ['1.0+a.b', '1.0'],
  ] as const) {
    expect(compareVersions(order(a), order(b))).toBe(0)
  }
  for (const text of ['', 'x', '1..0', '1.0-', '1.0x', '2004d', '1 0', '9'.repeat(300)])
    expect(parseVersion(text)).toBeUndefined()
})

describe('specifiers', () => {
  for (const [version, specifier, met] of [
    ['1.5', '>=1.2,<2', true],
    ['2.0', '>=1.2,<2', false],
    ['2.0rc1', '<2', false],
    ['2.0rc1', '<2.0rc2', true],
    ['1.0.post1', '>1.0', false],
    ['1.0.1', '>1.0', true],
    ['1.4.5', '~=1.4.2', true],
    ['1.5.0', '~=1.4.2', false],
    ['1.9', '~=1.4', true],
    ['1.4.7', '==1.4.*', true],
    ['1.40', '==1.4.*', false],
    ['1.4', '!=1.4.*', false],
    ['1.4', '===1.4', true],
    ['1.4', '!=1.3, >1', true],
    ['3.11.2', '>=3.8,!=3.9.*', true],
    ['1.0', '', true],
    ['1.0', 'nonsense', true],
  ] as const)
    test(`${version} ${specifier}`, () => expect(meets(order(version), specifier)).toBe(met))
})

test('a specifier that names a pre-release lets them in', () => {
  expect([wantsPre('>=1.0a1'), wantsPre('>=1.0,<2'), wantsPre('==1.0.dev3'), wantsPre('')]).toEqual([
    true,
    false,
    true,
    false,
  ])
})

test('it is total', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[0-9a-z.!+_-]{0,30}$/),
      fc.stringMatching(/^[0-9a-z.*<>=!~, ]{0,30}$/),
      (text, specifier) => {
        const version = parseVersion(text)
        if (version !== undefined) expect(typeof meets(version, specifier)).toBe('boolean')
      },
    ),
    { numRuns: 2_000 },
  )
})
