import { expect, test } from 'bun:test'
import { addressOf } from './greeting.ts'

const own = [{ id: 'npm', url: 'http://127.0.0.1:7679' }] as const

test.each([
  ['go', 'http://127.0.0.1:7678', 'http://127.0.0.1:7678/go'],
  ['npm', 'http://127.0.0.1:7678', 'http://127.0.0.1:7679'],
  ['npm', 'http://relay.corp.example:7678', 'http://relay.corp.example:7679'],
  ['npm', 'http://[::1]:7678', 'http://[::1]:7679'],
] as const)('%s for a client of %s is at %s', (id, url, address) => {
  expect(addressOf(id, url, own)).toBe(address)
})
