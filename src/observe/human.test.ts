import { expect, test } from 'bun:test'
import { humanBytes, humanDuration, humanUptime } from './human.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1649, '1.6 kB'],
  [9_960, '10 kB'],
  [257_000, '257 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [7_000_000, '7.0 MB'],
  [21_474_836_480, '21 GB'],
  [1e18, '1000 PB'],
])('humanBytes %d', (bytes, expected) => {
  expect(humanBytes(bytes)).toBe(expected)
})

test.each([
  [0, '0.0 ms'],
  [0.42, '0.4 ms'],
  [9.96, '10 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [9_960, '10 s'],
  [75_000, '75 s'],
  [720_000, '12 min'],
])('humanDuration %d', (ms, expected) => {
  expect(humanDuration(ms)).toBe(expected)
})

test.each([
  [0, 'less than a minute'],
  [59_999, 'less than a minute'],
  [60_000, '1 min'],
  [3_599_999, '59 min'],
  [11_520_000, '3 h 12 min'],
  [86_400_000, '1 d 0 h'],
  [353_000_000, '4 d 2 h'],
])('humanUptime %d', (ms, expected) => {
  expect(humanUptime(ms)).toBe(expected)
})
