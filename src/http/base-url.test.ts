import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { BaseUrls, baseUrlFor, isOfThisMachine } from './base-url.ts'

const FALLBACK = 'http://127.0.0.1:7678'

test.each([
  ['build.example:7678', 'http://build.example:7678'],
  ['Build.Example', 'http://build.example'],
  ['[::1]:7678', 'http://[::1]:7678'],
  ['10.0.0.9:80', 'http://10.0.0.9:80'],
  [null, FALLBACK],
  ['', FALLBACK],
  ['a;rm -rf ~', FALLBACK],
  ['$(id):7678', FALLBACK],
  ['a.example:99999', FALLBACK],
  ['u@a.example', FALLBACK],
])('Host %j → %s', (host, expected) => {
  expect(baseUrlFor(host, FALLBACK)).toBe(expected)
})

test('property: nothing that a shell would read', () => {
  fc.assert(
    fc.property(fc.string(), (host) => {
      expect(baseUrlFor(host, FALLBACK)).toMatch(/^http:\/\/[a-z0-9._:[\]-]+$/)
    }),
  )
})

test('made-up names are believed up to a bound; they take no place from those that are ours', () => {
  const bases = new BaseUrls(FALLBACK, ({ name, port }) => name === 'go.corp.example' && port === 7678)
  for (const junk of ['', 'a;b', 'u@x', 'a.example:99999']) expect(bases.of(junk)).toBe(FALLBACK)
  const made = Array.from({ length: 1_000 }, (_, at) => bases.of(`h${at}.example`))
  expect(new Set(made).size).toBe(33)
  expect([bases.of('H3.Example'), bases.of('h3.example')]).toEqual(['http://h3.example', 'http://h3.example'])
  expect(bases.of('late.example')).toBe(FALLBACK)
  expect(bases.of('go.corp.example:7678')).toBe('http://go.corp.example:7678')
  expect(bases.of('go.corp.example:7679')).toBe(FALLBACK)
})

test('this machine is known by its addresses', () => {
  expect(['127.0.0.1', 'localhost', '::1'].map(isOfThisMachine)).toEqual([true, true, true])
  expect(['203.0.113.5', 'a.example'].map(isOfThisMachine)).toEqual([false, false])
})
