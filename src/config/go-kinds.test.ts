import { expect, test } from 'bun:test'
import { goProxyList, goSumdb, privatePattern } from './go-kinds.ts'
import type { Kind } from './setting.ts'

const place = { folder: '/', home: '/' }
const key = `a.example/db+0123abcd+${'A'.repeat(43)}=`

function accepts(kind: Kind<string>, raw: unknown): boolean {
  return kind.parse(raw, place).ok
}

test.each([
  'https://a.example',
  'https://a.example/base,https://b.example|direct',
  'https://user:secret@a.example,direct',
  'a.example/base',
  'file:///srv/modules',
  'direct',
  'off',
  ' https://a.example , , direct',
  'off,ftp://never.read.example',
])('the list %p is accepted', (list) => expect(accepts(goProxyList, list)).toBe(true))

test.each([
  [''],
  [',|,'],
  ['ftp://a.example'],
  ['https://a.example,htps://b.example'],
  ['https://a b.example'],
  ['https://a.example?x=1'],
  ['https://a.example/#x'],
  ['file://host/path'],
  ['https://'],
  [7],
])('the list %p is refused', (list) => expect(accepts(goProxyList, list)).toBe(false))

test('a refused list names the entry', () => {
  expect(goProxyList.parse('https://a.example,ftp://b.example', place)).toMatchObject({
    hint: 'entry 2: the scheme ftp is none of http, https, file',
  })
})

test.each([
  ['off', true],
  ['sum.golang.google.cn', true],
  ['sum.golang.google.cn https://a.example/sumdb', true],
  [key, true],
  [`${key} https://a.example`, true],
  ['off https://a.example', false],
  ['a.example https://b.example https://c.example', false],
  ['a.example+0123abcd', false],
  ['a.example+0123abcX+AAAA', false],
  ['a.example ftp://b.example', false],
  ['', false],
  [true, false],
])('the database %p: %p', (raw, good) => expect(accepts(goSumdb, raw)).toBe(good))

test.each([
  ['*.corp.example', true],
  ['github.com/acme/*', true],
  ['a.example/[a-z]x', true],
  ['a.example/[^a]', true],
  ['a.example/\\*', true],
  ['a.example/?', true],
  ['a.example/[', false],
  ['a.example/[]', false],
  ['a.example/[a-]', false],
  ['a.example/[^]', false],
  ['a.example/\\', false],
  ['a b', false],
  ['a,b', false],
  ['', false],
])('the pattern %p: %p', (raw, good) => expect(accepts(privatePattern, raw)).toBe(good))
