import { expect, test } from 'bun:test'
import { encodingFor } from './content-encoding.ts'

test.each([
  [null, undefined],
  ['', undefined],
  ['identity', undefined],
  ['gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip, deflate, br', 'gzip'],
  ['br, x-gzip;q=0.5', 'gzip'],
  ['gzip;q=0', undefined],
  ['gzip;q=0.0, deflate', undefined],
  ['gzip; q=0.001', 'gzip'],
  ['*', 'gzip'],
  ['*;q=0', undefined],
  ['gzip;q=0, *', undefined],
  ['br;q=1.0, *;q=0.1', 'gzip'],
  ['notgzip;q=1', undefined],
] as const)('%p asks for %p', (header, encoding) => {
  expect(encodingFor(header)).toBe(encoding)
})
