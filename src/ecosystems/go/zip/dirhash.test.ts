import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { hashFiles, hashModFile } from './dirhash.ts'

const sha = (text: string): string => createHash('sha256').update(text).digest('hex')

test('a go.mod file has the hash that go.sum files hold for it', () => {
  const mod = 'module "rsc.io/quote"\n\nrequire "rsc.io/sampler" v1.3.0\n'
  expect(hashModFile(Buffer.from(mod))).toBe('h1:LzX7hefJvL54yjefDEDHNONDjII0t9xZLPXsUe+TKr0=')
})

test('a set of files is hashed as sorted lines of hash, two spaces and name', () => {
  const lines = `${sha('a')}  x@v1/a\n${sha('b')}  x@v1/b\n`
  const expected = `h1:${createHash('sha256').update(lines).digest('base64')}`
  const files = [
    { name: 'x@v1/b', sha256: sha('b') },
    { name: 'x@v1/a', sha256: sha('a') },
  ]
  expect(hashFiles(files)).toBe(expected)
})

test('names are sorted by their UTF-8 bytes', () => {
  const names = [
    'a',
    'a/b',
    'a-b',
    'Z',
    'é',
    '｡',
    '\u{10400}',
    '\u{1f600}',
    '\u{1f600}a',
    'e\u0301',
    '\uffee',
  ]
  const byBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const expected = createHash('sha256').update(byBytes.map((name) => `${sha(name)}  ${name}\n`).join(''))
  expect(hashFiles(names.map((name) => ({ name, sha256: sha(name) })))).toBe(
    `h1:${expected.digest('base64')}`,
  )
})
