import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { baseUrlFor } from './base-url.ts'

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
