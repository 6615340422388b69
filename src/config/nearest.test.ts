import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { editDistance, nearest } from './nearest.ts'

test.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['abc', 'abd', 1],
  ['abc', 'acb', 1],
  ['abc', 'ab', 1],
  ['kitten', 'sitting', 3],
] as const)('from %p to %p are %p edits', (a, b, edits) => expect(editDistance(a, b)).toBe(edits))

test('the distance is symmetric and bounded by the longer word', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const edits = editDistance(a, b)
      return (
        edits === editDistance(b, a) && edits <= Math.max(a.length, b.length) && (edits === 0) === (a === b)
      )
    }),
  )
})

const keys = ['listen', 'cache.maxBytes', 'go.upstream', 'go.ttl.missMs']

test.each([
  ['lisen', 'listen'],
  ['LISTEN', 'listen'],
  ['maxBytes', 'cache.maxBytes'],
  ['cache.maxbyte', 'cache.maxBytes'],
  ['go.upstrem', 'go.upstream'],
  ['go.missMs', 'go.ttl.missMs'],
  ['nothing-like-it', undefined],
])('%p means %p', (written, meant) => expect(nearest(written, keys)).toBe(meant))
