import { expect, test } from 'bun:test'
import { holdsMarker, isMarkerName, markerModule, newMarker } from './marker.ts'

test('a marker is new each time, and known again as a name', () => {
  const [one, other] = [newMarker(), newMarker()]
  expect(one).toMatch(/^posthaste-verify-[0-9a-f]{16}$/)
  expect(one).not.toBe(other)
  expect([one, markerModule(one)].map(isMarkerName)).toEqual([true, true])
  expect(holdsMarker(`/go/${markerModule(one)}/@v/v0.0.0.info`)).toBe(true)
})

test.each([
  'posthaste-verify',
  'posthaste-verify-0123',
  'x-posthaste-verify-0123456789abcdef',
  'github.com/a/posthaste-verify-0123456789abcdef',
  'posthaste-verify-0123456789abcdef0',
])('%s is a name like any other', (name) => expect(isMarkerName(name)).toBe(false))
