import { describe, expect, test } from 'bun:test'
import { credentials } from './credentials.ts'
import { hostOrBlock, joinHostPort, listenAddress, proxyAddress, resolver } from './network-kinds.ts'
import type { Kind } from './setting.ts'

const place = { folder: '/etc/posthaste', home: '/home/ann' }

function read<T>(kind: Kind<T>, raw: unknown): T | undefined {
  const parsed = kind.parse(raw, place)
  return parsed.ok ? parsed.value : undefined
}

test.each([
  ['127.0.0.1:7678', { host: '127.0.0.1', port: 7678 }],
  ['[::1]:7678', { host: '::1', port: 7678 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['relay.corp.example:80', { host: 'relay.corp.example', port: 80 }],
  ['127.0.0.1', undefined],
  ['::1', undefined],
  [':7678', undefined],
  ['7678', undefined],
  [7678, undefined],
  ['127.0.0.1:65536', undefined],
  ['300.0.0.1:80', undefined],
  ['[::g]:80', undefined],
  ['http://127.0.0.1:80', undefined],
  ['a b:80', undefined],
] as const)('the listen address %p gives %p', (raw, expected) => {
  const value = read(listenAddress, raw)
  expect(value).toEqual(expected)
  if (value) expect(listenAddress.show?.(value)).toBe(joinHostPort(value.host, value.port))
})

test.each([
  ['9.9.9.9', '9.9.9.9:53'],
  ['9.9.9.9:5353', '9.9.9.9:5353'],
  ['2620:fe::fe', '[2620:fe::fe]:53'],
  ['[2620:fe::fe]:5353', '[2620:fe::fe]:5353'],
  ['dns.example', undefined],
  ['9.9.9', undefined],
] as const)('the resolver %p gives %p', (raw, expected) => expect(read(resolver, raw)).toBe(expected))

test.each([
  ['Storage.Corp.Example', 'storage.corp.example'],
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['fd00::/8', 'fd00::/8'],
  ['10.1.2.3', '10.1.2.3'],
  ['::1', '::1'],
  ['10.0.0.0/33', undefined],
  ['fd00::/129', undefined],
  ['host.example/8', undefined],
  ['10.0.0.0/8/8', undefined],
  ['host.example:80', undefined],
  ['', undefined],
] as const)('the block %p gives %p', (raw, expected) => expect(read(hostOrBlock, raw)).toBe(expected))

test.each([
  ['http://proxy.example:3128', 'http://proxy.example:3128'],
  ['off', 'off'],
  ['socks5://proxy.example', undefined],
  ['proxy.example:3128', undefined],
  ['', undefined],
] as const)('the proxy %p gives %p', (raw, expected) => expect(read(proxyAddress, raw)).toBe(expected))

describe('credentials', () => {
  const written = {
    'A.example': { username: 'ann', password: 'p1' },
    'b.example:8443': { header: 'Authorization: Bearer s3' },
    'c.example': { netrc: '~/.netrc' },
  }
  const value = {
    'a.example': { kind: 'basic', username: 'ann', password: 'p1' },
    'b.example:8443': { kind: 'header', name: 'Authorization', value: 'Bearer s3' },
    'c.example': { kind: 'netrc', path: '/home/ann/.netrc' },
  } as const

  test('every form is read, from a map and from one line', () => {
    expect(read(credentials, written)).toEqual(value)
    expect(read(credentials, JSON.stringify(written))).toEqual(value)
    expect(read(credentials, '{a.example: {username: ann, password: p1}}')).toEqual({
      'a.example': value['a.example'],
    })
  })

  test('what is shown holds no secret', () => {
    const shown = JSON.stringify(credentials.show?.(value))
    expect(shown).toContain('ann')
    expect(shown).not.toContain('p1')
    expect(shown).not.toContain('s3')
  })

  test.each([
    ['no map', 'text', undefined],
    ['a list', [], undefined],
    ['broken YAML', '{a: [', undefined],
    ['half a pair', { 'a.example': { username: 'x' } }, ['a.example']],
    ['two forms', { 'a.example': { netrc: 'x', header: 'A: b' } }, ['a.example']],
    ['a header without a name', { 'a.example': { header: 'Bearer x' } }, ['a.example']],
    ['a header with a line break', { 'a.example': { header: 'A: b\r\nC: d' } }, ['a.example']],
    ['a colon in the user name', { 'a.example': { username: 'a:b', password: 'c' } }, ['a.example']],
    ['a URL as host', { 'https://a.example': { netrc: 'x' } }, ['https://a.example']],
  ])('%s is refused', (_, raw, path) => {
    const parsed = credentials.parse(raw, place)
    expect(parsed.ok).toBe(false)
    if (!parsed.ok) expect(parsed.path).toEqual(path)
  })
})
