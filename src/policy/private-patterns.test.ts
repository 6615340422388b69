import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { compilePatterns, malformedPatterns } from './private-patterns.ts'

const cases: readonly [patterns: string, name: string, matches: boolean][] = [
  ['*/quote', 'rsc.io/quote', true],
  ['*/quo', 'rsc.io/quote', false],
  ['*/quo??', 'rsc.io/quote', true],
  ['*/quo*', 'rsc.io/quote', true],
  ['*quo*', 'rsc.io/quote', false],
  ['rsc.io', 'rsc.io/quote', true],
  ['*.io', 'rsc.io/quote', true],
  ['rsc.io/', 'rsc.io/quote', true],
  ['rsc.io//', 'rsc.io/quote', false],
  ['rsc', 'rsc.io/quote', false],
  ['rsc*', 'rsc.io/quote', true],
  ['rsc.io', 'rsc.io/quote/v3', true],
  ['*/quote', 'rsc.io/quote/v3', true],
  ['*/quote/*', 'rsc.io/quote/v3', true],
  ['*/v3', 'rsc.io/quote/v3', false],
  ['*/*/v3', 'rsc.io/quote/v3', true],
  ['*/*/*', 'rsc.io/quote/v3', true],
  ['*/*/*', 'rsc.io/quote', false],
  ['*/*/*,,', 'rsc.io/quote', false],
  ['*/*/*,,*/quote', 'rsc.io/quote', true],
  [',,*/quote', 'rsc.io/quote', true],
  ['', 'rsc.io/quote', false],
  [',', 'rsc.io/quote', false],
  ['*', 'rsc.io/quote', true],
  [' rsc.io', 'rsc.io/quote', false],
  ['corp.example/team', 'corp.example/team', true],
  ['corp.example/team', 'corp.example/team/repo/v2', true],
  ['corp.example/team', 'corp.example/teams', false],
  ['corp.example/team', 'corp.example', false],
  ['*.corp.example', 'git.corp.example/x', true],
  ['*.corp.example', 'corp.example/x', false],
  ['*.corp.example', 'evil.example/git.corp.example', false],
  ['CORP.example', 'corp.example/x', false],
  ['corp.example/[a-c]*', 'corp.example/beta', true],
  ['corp.example/[a-c]*', 'corp.example/delta', false],
  ['corp.example/[^a-c]*', 'corp.example/delta', true],
  ['corp.example/[a,b]', 'corp.example/a', false],
  ['corp.example/\\*', 'corp.example/*', true],
  ['corp.example/\\*', 'corp.example/x', false],
  ['a*b*c', 'a.x.b.y.b.c', true],
  ['a*b*c', 'a.x.b.y.b.cd', false],
  ['a*a*a*a*b', `${'a'.repeat(2000)}c`, false],
  ['a[^b]c', 'a/c', false],
  ['a?c', 'a/c', false],
  ['[]*]', ']', false],
  ['corp.example/[', 'corp.example/[', false],
  ['corp.example/[a', 'corp.example/a', false],
  ['corp.example/[a-]', 'corp.example/a', false],
  ['corp.example/\\', 'corp.example/x', false],
  ['corp.example/[,corp.example/b', 'corp.example/b', true],
]

describe('private patterns', () => {
  for (const [patterns, name, matches] of cases) {
    test(`${JSON.stringify(patterns)} ${matches ? 'matches' : 'leaves'} ${name.slice(0, 40)}`, () => {
      expect(compilePatterns([patterns])(name)).toBe(matches)
      expect(compilePatterns(patterns.split(','))(name)).toBe(matches)
    })
  }

  test('no pattern matches nothing', () => {
    expect(compilePatterns([])('corp.example/x')).toBe(false)
  })

  test('malformed patterns are named', () => {
    expect(malformedPatterns(['a,b[,c', 'x\\', 'fine/*/'])).toEqual(['b[', 'x\\'])
  })

  const pattern = fc.stringMatching(/^[ab.*?/[\]^\\,-]{0,10}$/)
  const name = fc.stringMatching(/^[ab./-]{0,14}$/)

  test('a list matches exactly when one of its parts does', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 4 }), name, (patterns, target) => {
        const together = compilePatterns(patterns)(target)
        expect(together).toBe(patterns.some((one) => compilePatterns([one])(target)))
        expect(compilePatterns([patterns.join(',')])(target)).toBe(together)
      }),
    )
  })

  test('a pattern that is a path prefix of a name matches it', () => {
    const element = fc.stringMatching(/^[a-z.-]{1,6}$/)
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 5 }), fc.nat(4), (elements, count) => {
        const prefix = elements.slice(0, count + 1)
        expect(compilePatterns([prefix.join('/')])(elements.join('/'))).toBe(true)
        expect(compilePatterns([prefix.map(() => '*').join('/')])(elements.join('/'))).toBe(true)
        expect(compilePatterns([`${prefix.join('/')}x`])(prefix.join('/'))).toBe(false)
      }),
    )
  })
})
