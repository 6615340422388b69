import { describe, expect, test } from 'bun:test'
import { relayPlaces } from './relay-places.ts'

const pip = { path: '/pypi/simple', ecosystem: 'pypi' } as const
const npm = { path: '/npm', ecosystem: 'npm' } as const
const base = 'http://127.0.0.1:7678'

describe.each([
  ['below a path', relayPlaces({ client: pip, address: `${base}/pypi/simple`, base })],
  ['with an address of its own', relayPlaces({ client: pip, address: 'http://127.0.0.1:7680/simple', base })],
])('%s', (_, isOurs) => {
  test.each([
    [`${base}/pypi/simple`, true],
    [`${base}/pypi/simple/six/`, true],
    ['http://localhost:7678/pypi/simple/', true],
    [`${base}/pypi/files/six-1.whl.metadata`, true],
    [`${base}/files/six-1.whl`, true],
    [`${base}/nexus/pypi/simple/six/`, false],
    [`${base}/pypi-mirror/simple/six/`, false],
    ['http://127.0.0.1:7679/pypi/simple/', false],
    ['https://127.0.0.1:7678/pypi/simple/', false],
    ['http://other.example:7678/pypi/simple/', false],
    ['http://other.example:7678/pypi/six-1.whl', false],
    ['no address', false],
  ])('%s: %p', (url, expected) => expect(isOurs(url)).toBe(expected))
})

test('an address of its own is ours from the root on', () => {
  const isOurs = relayPlaces({ client: npm, address: 'http://relay.example:7679', base })
  expect(['http://relay.example:7679/', 'http://relay.example:7679/left-pad'].map(isOurs)).toEqual([
    true,
    true,
  ])
})

test('a Posthaste below a path of a front', () => {
  const front = 'https://packages.example/posthaste'
  const isOurs = relayPlaces({ client: npm, address: `${front}/npm`, base: front })
  expect([`${front}/npm/left-pad`, 'https://packages.example/npm/left-pad'].map(isOurs)).toEqual([
    true,
    false,
  ])
})
