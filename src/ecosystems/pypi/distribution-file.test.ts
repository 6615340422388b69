import { describe, expect, test } from 'bun:test'
import { isDistributionName, isFileName, parseDistribution } from './distribution-file.ts'
import { filePath, parseRoute, routeFor } from './file-route.ts'

describe('what a name says', () => {
  for (const [name, project, kind, version] of [
    ['numpy-1.26.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl', 'numpy', 'wheel', '1.26.0'],
    ['a_b-1.0-2build-py2.py3-none-any.whl', 'a-b', 'wheel', '1.0'],
    ['broken-1.0.whl', 'broken', 'wheel', undefined],
    ['numpy-1.26.0.tar.gz', 'numpy', 'sdist', '1.26.0'],
    ['zope.interface-5.0.zip', 'zope-interface', 'sdist', '5.0'],
    ['my-old-name-2.0.tar.gz', 'my-old-name', 'sdist', '2.0'],
    ['other-1.0.tar.gz', 'numpy', 'sdist', undefined],
    ['numpy-1.0-py2.7.egg', 'numpy', 'other', undefined],
  ] as const) {
    test(name, () => expect(parseDistribution(name, project)).toMatchObject({ kind, version }))
  }

  test('a wheel tells its tags', () => {
    expect(parseDistribution('x-1-1-cp39-abi3-any.whl', 'x').tags).toEqual({
      python: 'cp39',
      abi: 'abi3',
      platform: 'any',
    })
  })
})

test('names that can be a file', () => {
  for (const name of ['a.whl', 'a b.tar.gz', 'ünï-1.zip', 'x-1!2.0.tar.gz', "it's-1.zip"]) {
    expect(isFileName(name)).toBe(true)
  }
  for (const name of [
    '',
    '.',
    '..',
    '.x',
    'a/b',
    'a\\b',
    'a\0b',
    'a\nb',
    'a\u202eb',
    'a\u200bb',
    'a#b',
    'a?b',
    '\ud800',
    'x'.repeat(301),
  ]) {
    expect(isFileName(name)).toBe(false)
  }
  expect(isDistributionName('x.html')).toBe(false)
  expect(isDistributionName('x.WHL')).toBe(true)
})

test('the route is the strongest hash that the index gives', () => {
  const sha256 = 'AB'.repeat(32)
  const sha512 = 'cd'.repeat(64)
  expect(routeFor({ md5: '00', sha256, sha512 })).toBe(sha256.toLowerCase())
  expect(routeFor({ sha512 })).toBe(`sha512-${sha512}`)
  expect(routeFor({ md5: 'aa' })).toBe('-')
  expect(routeFor({ sha1: '0a'.repeat(20), md5: 'AB'.repeat(16) })).toBe(`sha1-${'0a'.repeat(20)}`)
  expect(routeFor({ md5: 'AB'.repeat(16) })).toBe(`md5-${'ab'.repeat(16)}`)
  expect(parseRoute(`md5-${'ab'.repeat(16)}`)).toEqual({ algorithm: 'md5', hex: 'ab'.repeat(16) })
  expect(parseRoute('ab'.repeat(16))).toBeUndefined()
  expect(routeFor({ sha256: 'short' })).toBe('-')
  expect(parseRoute(`sha512-${sha512}`)).toEqual({ algorithm: 'sha512', hex: sha512 })
  expect(parseRoute(`sha512-${sha512.slice(2)}`)).toBeUndefined()
  expect(parseRoute('-')).toBe('none')
  expect(parseRoute(sha256)).toBeUndefined()
})

test('a path is printable ASCII, whatever the name', () => {
  expect(filePath('x', '-', "ü (1)!'*+.zip")).toBe('files/x/-/%C3%BC%20%281%29%21%27%2A%2B.zip')
})
