import { expect, test } from 'bun:test'
import { simpleFold } from './simple-fold.ts'

/** What Go's unicode.SimpleFold puts into one orbit, and what it keeps apart. */
test.each([
  ['A', 'a'],
  ['K', '\u212a'],
  ['k', '\u212a'],
  ['s', '\u017f'],
  ['å', '\u212b'],
  ['ß', 'ẞ'],
  ['σ', 'ς'],
  ['Σ', 'ς'],
  ['ω', '\u2126'],
  ['θ', 'ϴ'],
  ['ϑ', 'ϴ'],
  ['µ', 'μ'],
  ['ι', '\u0345'],
  ['ι', '\u1fbe'],
  ['ᾳ', 'ᾼ'],
  ['Ǆ', 'ǅ'],
  ['ǆ', 'ǅ'],
  ['ẛ', 'Ṡ'],
  ['в', '\u1c80'],
  ['Ꭰ', 'ꭰ'],
  ['𐐀', '𐐨'],
])('%s and %s are the same', (a, b) => {
  expect(simpleFold(`x${a}y`)).toBe(simpleFold(`X${b}Y`))
})

test.each([
  ['i', 'ı'],
  ['i', 'İ'],
  ['I', 'İ'],
  ['ß', 'ss'],
  ['ŉ', 'ʼn'],
  ['ﬁ', 'fi'],
  ['e', 'é'],
  ['é', 'e\u0301'],
])('%s and %s are not', (a, b) => {
  expect(simpleFold(a)).not.toBe(simpleFold(b))
})
