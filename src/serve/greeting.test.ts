import { expect, test } from 'bun:test'
import { addressOf } from './greeting.ts'

test.each([
  ['go', 'http://127.0.0.1:7678', 'http://127.0.0.1:7678/go'],
  ['npm', 'http://127.0.0.1:7678', 'http://127.0.0.1:7679'],
  ['npm', 'http://relay.corp.example:7678', 'http://relay.corp.example:7679'],
  ['npm', 'http://[::1]:7678', 'http://[::1]:7679'],
  ['npm', 'https://relay.corp.example', 'https://relay.corp.example/npm'],
] as const)('a door everywhere: %s for a client of %s is at %s', (id, url, address) => {
  const own = [{ id: 'npm', url: 'http://127.0.0.1:7679', isEverywhere: true }] as const
  expect(addressOf(id, url, own)).toBe(address)
})

test.each([
  ['http://127.0.0.1:7678', 'http://[::1]:7679', 'http://[::1]:7679'],
  ['http://localhost:7678', 'http://10.1.2.3:7679', 'http://10.1.2.3:7679'],
  ['http://relay.corp.example:7678', 'http://10.1.2.3:7679', 'http://10.1.2.3:7679'],
  ['http://relay.corp.example:7678', 'http://127.0.0.1:7679', 'http://relay.corp.example:7678/npm'],
] as const)('a door at one address: for a client of %s with the door %s it is %s', (url, door, address) => {
  expect(addressOf('npm', url, [{ id: 'npm', url: door, isEverywhere: false }])).toBe(address)
})
