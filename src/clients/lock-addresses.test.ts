import { describe, expect, test } from 'bun:test'
import { hostsIn, lockAddresses, movedAddress, rewriteLock } from './lock-addresses.ts'

const npm = { index: 'https://npm.origin.example' }
const pypi = { index: 'https://pypi.origin.example/simple', files: 'https://files.origin.example' }

describe('an npm address moves', () => {
  test.each([
    ['https://registry.npmmirror.com/lodash/-/lodash-4.17.21.tgz', 'lodash/-/lodash-4.17.21.tgz'],
    ['http://127.0.0.1:7678/npm/@babel/core/-/core-7.0.0.tgz', '@babel/core/-/core-7.0.0.tgz'],
    ['https://r.example/a/b/@babel%2fcore/-/core-7.0.0.tgz', '@babel%2fcore/-/core-7.0.0.tgz'],
    [
      'https://registry.npm.taobao.org/ms/download/ms-2.0.0.tgz?cache=0&sync_timestamp=1',
      'ms/-/ms-2.0.0.tgz',
    ],
    [
      'https://registry.npm.taobao.org/@babel/core/download/@babel/core-7.0.0.tgz',
      '@babel/core/-/core-7.0.0.tgz',
    ],
    [
      'https://r.example/ms/-/ms-2.0.0.tgz#5608aeadfc00be6c2901df5f9861788de0d597c8',
      'ms/-/ms-2.0.0.tgz#5608aeadfc00be6c2901df5f9861788de0d597c8',
    ],
  ])('%s', (url, path) => {
    expect(movedAddress(url, 'npm', npm)).toBe(`https://npm.origin.example/${path}`)
  })

  test.each(['https://r.example/', 'https://r.example/x.tgz', 'https://github.com/a/b/archive/x.zip'])(
    '%s does not',
    (url) => {
      expect(movedAddress(url, 'npm', npm)).toBeUndefined()
    },
  )
})

describe('a PyPI address moves', () => {
  test.each([
    [
      'https://pypi.tuna.tsinghua.edu.cn/packages/ab/cd/x-1.0-py3-none-any.whl',
      'https://files.origin.example/packages/ab/cd/x-1.0-py3-none-any.whl',
    ],
    [
      'https://mirrors.aliyun.com/pypi/packages/ab/cd/x.tar.gz#sha256=00',
      'https://files.origin.example/packages/ab/cd/x.tar.gz#sha256=00',
    ],
    ['https://mirrors.aliyun.com/pypi/simple/', 'https://pypi.origin.example/simple/'],
    ['https://mirrors.aliyun.com/pypi/simple', 'https://pypi.origin.example/simple'],
  ])('%s', (url, moved) => {
    expect(movedAddress(url, 'pypi', pypi)).toBe(moved)
  })

  test('not where the host of the files is not known', () => {
    const url = 'https://mirrors.aliyun.com/pypi/packages/ab/x.whl'
    expect(movedAddress(url, 'pypi', { index: pypi.index })).toBeUndefined()
  })
})

const lock = `{
  "packages": {
    "node_modules/ms": {"resolved": "https://registry.npm.taobao.org/ms/download/ms-2.0.0.tgz?cache=0", "integrity": "sha512-x/y+z=="},
    "node_modules/a": {"resolved": "https://npm.acme.example/a/-/a-1.0.0.tgz"},
    "node_modules/b": {"resolved": "https://registry.npm.taobao.org/odd/thing"}
  }
}\r\n`

test('only what is foreign is rewritten, and every other byte stays', () => {
  const rewrite = rewriteLock(lock, 'npm', npm, (url) => url.includes('taobao'))
  expect(rewrite.moved).toBe(1)
  expect(rewrite.left).toEqual(['https://registry.npm.taobao.org/odd/thing'])
  expect(rewrite.text).toBe(
    lock.replace(
      'https://registry.npm.taobao.org/ms/download/ms-2.0.0.tgz?cache=0',
      'https://npm.origin.example/ms/-/ms-2.0.0.tgz',
    ),
  )
  expect(rewriteLock(rewrite.text, 'npm', npm, (url) => url.includes('taobao')).moved).toBe(0)
})

test('hosts are counted, most first', () => {
  expect(hostsIn(lockAddresses(lock))).toEqual([
    ['registry.npm.taobao.org', 2],
    ['npm.acme.example', 1],
  ])
})

test('what other lock files write around an address is no part of it', () => {
  const text = `resolution: {tarball: https://a.example/x.tgz}\nresolved "https://b.example/y.tgz#1"\nsource = { registry = "https://c.example/simple" }\n`
  expect(lockAddresses(text).map(({ url }) => url)).toEqual([
    'https://a.example/x.tgz',
    'https://b.example/y.tgz#1',
    'https://c.example/simple',
  ])
})
