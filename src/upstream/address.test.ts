import { describe, expect, test } from 'bun:test'
import { type AddressClass, blockList, classOf, classOfHost, redirectMayReach, within } from './address.ts'

describe('the class of an address', () => {
  const table: readonly (readonly [string, AddressClass])[] = [
    ['93.184.216.34', 'public'],
    ['2606:2800:220:1::1', 'public'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['64:ff9b::a00:1', 'private'],
    ['10.0.0.1', 'private'],
    ['172.15.255.255', 'public'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.0', 'public'],
    ['192.168.0.1', 'private'],
    ['100.63.255.255', 'public'],
    ['100.64.0.1', 'private'],
    ['100.127.255.255', 'private'],
    ['100.100.100.200', 'link-local'],
    ['fc00::1', 'private'],
    ['fd00:ec2::254', 'link-local'],
    ['169.254.169.254', 'link-local'],
    ['fe80::1', 'link-local'],
    ['198.18.0.1', 'fake-ip'],
    ['198.19.255.255', 'fake-ip'],
    ['0.0.0.0', 'reserved'],
    ['::', 'reserved'],
    ['224.0.0.1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['2002:7f00:1::', 'reserved'],
  ]
  test.each(table)('%s is %s', (address, expected) => {
    expect(classOf(address)).toBe(expected)
  })

  test('of a host as written is its literal, localhost, or public', () => {
    expect(
      ['10.0.0.1', '[::1]', 'localhost', 'a.localhost', 'mirror.example', 'notlocalhost'].map(classOfHost),
    ).toEqual(['private', 'loopback', 'loopback', 'loopback', 'public', 'public'])
  })
})

test('a redirect leads outwards freely, inwards only from where its source lies', () => {
  const classes: AddressClass[] = ['public', 'private', 'loopback', 'link-local', 'fake-ip', 'reserved']
  const allowed = classes.flatMap((first) =>
    classes
      .filter((target) => target !== 'public' && redirectMayReach(target, first))
      .map((target) => `${first} to ${target}`),
  )
  expect(allowed).toEqual([
    'private to private',
    'loopback to private',
    'loopback to loopback',
    'fake-ip to fake-ip',
  ])
  expect(classes.every((first) => redirectMayReach('public', first))).toBe(true)
})

test('a list of ranges holds addresses of both families, and refuses what is none', () => {
  const list = blockList(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'])
  expect(
    ['10.9.9.9', '2001:db8::9', '192.0.2.7', '192.0.2.8', '::1', 'name'].map((text) => within(list, text)),
  ).toEqual([true, true, true, false, false, false])
  expect(() => blockList(['mirror.example'])).toThrow(RangeError)
})
