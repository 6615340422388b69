import { describe, expect, test } from 'bun:test'
import { isOwnAddress } from './own-address.ts'

const local = ['192.0.2.7', 'fd00::7', 'relay-host']
const at = (host: string, port = 7678) => ({ listen: { host, port }, local })

describe('listening on the loopback', () => {
  test.each([
    'http://127.0.0.1:7678/go',
    'http://127.0.0.1:7678/go/',
    'http://localhost:7678/go',
    'http://LOCALHOST.:7678/go',
    'http://[::1]:7678/go',
    'http://[0:0:0:0:0:0:0:1]:7678/go',
    'http://[::ffff:127.0.0.1]:7678/go',
    'http://127.9.8.7:7678/go',
    'http://127.1:7678/go',
    'http://0.0.0.0:7678/go',
    'http://user:x@127.0.0.1:7678/go',
    '127.0.0.1:7678/go',
    'localhost:7678/go',
  ])('%s is ours', (url) => expect(isOwnAddress(url, at('127.0.0.1'))).toBe(true))

  test.each([
    'http://127.0.0.1:7679/go',
    'http://192.0.2.7:7678/go',
    'http://a.example:7678/go',
    'http://127.0.0.1.a.example:7678/go',
    'https://goproxy.cn',
    'file:///go',
    'direct',
    'off',
    '',
  ])('%s is not', (url) => expect(isOwnAddress(url, at('127.0.0.1'))).toBe(false))
})

test.each([
  ['http://192.0.2.7:7678/go', '0.0.0.0', true],
  ['http://relay-host:7678/go', '0.0.0.0', true],
  ['http://[fd00::7]:7678/go', '::', true],
  ['http://127.0.0.1:7678/go', '::', true],
  ['http://192.0.2.8:7678/go', '0.0.0.0', false],
  ['http://192.0.2.7:7678/go', '192.0.2.7', true],
  ['http://127.0.0.1:7678/go', '192.0.2.7', false],
  ['http://[fd00:0::7]:7678/go', 'fd00::7', true],
  ['http://relay.corp.example:7678/go', 'Relay.Corp.Example', true],
])('%s with a server on %s: %p', (url, host, ours) => expect(isOwnAddress(url, at(host))).toBe(ours))

test('the default ports count', () => {
  expect(isOwnAddress('http://localhost/go', at('127.0.0.1', 80))).toBe(true)
  expect(isOwnAddress('https://localhost/go', at('127.0.0.1', 443))).toBe(true)
  expect(isOwnAddress('https://localhost/go', at('127.0.0.1', 80))).toBe(false)
})

test('with any free port, /go on the loopback is ours at every port, and nothing else is', () => {
  expect(isOwnAddress('http://127.0.0.1:40123/go', at('127.0.0.1', 0))).toBe(true)
  expect(isOwnAddress('http://127.0.0.1:40123/athens', at('127.0.0.1', 0))).toBe(false)
  expect(isOwnAddress('http://a.example:40123/go', at('127.0.0.1', 0))).toBe(false)
})
