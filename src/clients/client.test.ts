import { describe, expect, test } from 'bun:test'
import { isOurs } from './client.ts'
import { clients } from './clients.ts'

describe('an address is ours', () => {
  test.each([
    ['http://127.0.0.1:7678/npm', 'http://127.0.0.1:7678/npm/', [], true],
    ['http://127.0.0.1:7678/npm', 'http://localhost:9/npm', [], true],
    ['http://127.0.0.1:7678/cargo', 'sparse+http://[::1]:9/cargo/', [], true],
    ['https://packages.corp.example/pypi/simple', 'http://127.0.0.1:7678/pypi/simple/', [], true],
    ['http://127.0.0.1:7678/npm', 'http://localhost:4873/', [], false],
    ['http://127.0.0.1:7678/npm', 'http://npm.corp.example/npm', [], false],
    // A registry of its own at the root, or a mirror: the path says nothing there.
    ['http://127.0.0.1:7679', 'http://127.0.0.1:7679/', [], true],
    ['http://127.0.0.1:7679', 'http://localhost:4873/', [], false],
    ['http://127.0.0.1:7679', 'http://localhost:7680/', ['http://localhost:7680'], true],
    ['https://registry.npmmirror.com', 'http://localhost:4873', [], false],
    ['https://mirror.example/repository/npm', 'http://localhost:8081/repository/npm/', [], false],
  ])('where %s is wanted: %s, after %j: %j', (address, value, earlier, expected) => {
    expect(isOurs(value, { address, earlier })).toBe(expected)
  })
})

test.each(clients.map(({ title, path }) => [title, path]))(
  '%s: a relay on this machine is known by %s',
  (_, path) => {
    const wanted = { address: `https://packages.corp.example${path}`, earlier: [] }
    expect(isOurs(`http://localhost:7678${path}/`, wanted)).toBe(true)
  },
)
