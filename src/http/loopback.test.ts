import { describe, expect, test } from 'bun:test'
import { isLoopbackAddress, isLoopbackName, parseHost } from './loopback.ts'

describe('isLoopbackAddress', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::1%lo',
    '::ffff:127.0.0.1',
    '::FFFF:127.1.2.3',
    '::ffff:7f00:1',
  ])('yes: %s', (address) => {
    expect(isLoopbackAddress(address)).toBe(true)
  })
  test.each([
    '',
    '10.0.0.1',
    '128.0.0.1',
    '0.0.0.0',
    '::',
    '::2',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    'fe80::1%lo',
    '64:ff9b::7f00:1',
    '127.1',
    '127.0.0.1.evil.example',
    'localhost',
    '2130706433',
    '0177.0.0.1',
  ])('no: %s', (address) => {
    expect(isLoopbackAddress(address)).toBe(false)
  })
})

describe('parseHost', () => {
  test.each([
    ['localhost', { name: 'localhost', port: undefined }],
    ['LocalHost.:7678', { name: 'localhost', port: 7678 }],
    ['127.0.0.1:7678', { name: '127.0.0.1', port: 7678 }],
    ['[::1]:7678', { name: '::1', port: 7678 }],
    ['[::1]', { name: '::1', port: undefined }],
  ])('reads %j', (host, expected) => {
    expect(parseHost(host)).toEqual(expected)
  })
  test.each([
    '',
    '.',
    ':7678',
    'a b',
    'localhost:x',
    'user@localhost',
    '[localhost]',
    '[::1',
    'a/b',
    'localhost,evil',
  ])('refuses %j', (host) => {
    expect(parseHost(host)).toBeUndefined()
  })
})

test('isLoopbackName knows this machine by its fixed names only', () => {
  expect(['localhost', '127.0.0.1', '::1'].every(isLoopbackName)).toBe(true)
  expect(['localhost.evil.example', 'build.example', '10.0.0.1', ''].some(isLoopbackName)).toBe(false)
})
