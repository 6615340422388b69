import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  maxPathLength,
  type NpmRequest,
  packageOfTarball,
  parseNpmKey,
  parseNpmRequest,
} from './request-path.ts'

const parse = (path: string, method = 'GET', atRoot = false) => parseNpmRequest(path, { method, atRoot })

const express = { kind: 'packument', name: 'express' } as const
const node = { kind: 'packument', name: '@types/node' } as const
const longest = { name: 'n'.repeat(214), file: `${'n'.repeat(214)}-1.0.0-${'p'.repeat(250)}.tgz` } as const
const tarball = { kind: 'tarball', name: '@types/node', file: 'node-1.0.0.tgz' } as const

const reads: readonly [path: string, request: NpmRequest][] = [
  ['/', { kind: 'root' }],
  ['/express', express],
  ['/express/', express],
  ['/%65xpress', express],
  ['/JSONStream', { kind: 'packument', name: 'JSONStream' }],
  ['/@types%2fnode', node],
  ['/@types%2Fnode', node],
  ['/@types/node', node],
  ['/%40types%2Fnode', node],
  ['/express/4.18.2', { kind: 'manifest', name: 'express', wanted: '4.18.2' }],
  ['/express/latest', { kind: 'manifest', name: 'express', wanted: 'latest' }],
  ['/express/download', { kind: 'manifest', name: 'express', wanted: 'download' }],
  ['/express/1.0.0%2Bbuild', { kind: 'manifest', name: 'express', wanted: '1.0.0+build' }],
  ['/@types%2fnode/latest', { kind: 'manifest', name: '@types/node', wanted: 'latest' }],
  ['/express/-/express-4.18.2.tgz', { kind: 'tarball', name: 'express', file: 'express-4.18.2.tgz' }],
  ['/@types/node/-/node-1.0.0.tgz', tarball],
  ['/@types%2fnode/-/node-1.0.0.tgz', tarball],
  ['/@types%2Fnode/-/node-1.0.0.tgz', tarball],
  ['/@types/node/-/@types/node-1.0.0.tgz', tarball],
  ['/@types%2fnode/-/@types%2fnode-1.0.0.tgz', tarball],
  ['/express/download/express-1.0.0.tgz', { kind: 'tarball', name: 'express', file: 'express-1.0.0.tgz' }],
  ['/@types/node/download/@types/node-1.0.0.tgz', tarball],
  [`/${longest.name}/-/${longest.file}`, { kind: 'tarball', ...longest }],
  ['/express/-/odd.tar.gz', { kind: 'tarball', name: 'express', file: 'odd.tar.gz' }],
  ['/-', { kind: 'packument', name: '-' }],
  ['/-/-/--0.0.1.tgz', { kind: 'tarball', name: '-', file: '--0.0.1.tgz' }],
  ['/-/ping', { kind: 'ping' }],
  ['/-/v1/search', { kind: 'search' }],
  ['/-/npm/v1/keys', { kind: 'keys' }],
  [
    '/-/npm/v1/attestations/@types%2fnode@1.0.0',
    { kind: 'attestations', name: '@types/node', version: '1.0.0' },
  ],
  ['/-/npm/v1/attestations/express@4.0.0', { kind: 'attestations', name: 'express', version: '4.0.0' }],
  ['/-/package/express/dist-tags', { kind: 'dist-tags', name: 'express' }],
  ['/-/package/@types%2fnode/dist-tags', { kind: 'dist-tags', name: '@types/node' }],
  ['/-/whoami', { kind: 'relay', name: undefined, what: 'whoami', path: '-/whoami' }],
  ['/-/npm/v1/tokens', { kind: 'relay', name: undefined, what: 'npm/v1/tokens', path: '-/npm/v1/tokens' }],
  [
    '/-/package/@a%2fb/access',
    { kind: 'relay', name: '@a/b', what: 'access', path: '-/package/@a%2fb/access' },
  ],
]

const writes: readonly [method: string, path: string, request: NpmRequest][] = [
  ['PUT', '/@a%2fb', { kind: 'relay', name: '@a/b', what: 'publish', path: '@a%2fb' }],
  ['DELETE', '/a/-rev/1-x', { kind: 'relay', name: 'a', what: 'unpublish', path: 'a/-rev/1-x' }],
  [
    'DELETE',
    '/@a/b/-/b-1.0.0.tgz/-rev/1',
    { kind: 'relay', name: '@a/b', what: 'unpublish', path: '@a/b/-/b-1.0.0.tgz/-rev/1' },
  ],
  [
    'PUT',
    '/-/package/a/dist-tags/beta',
    { kind: 'relay', name: 'a', what: 'dist-tags', path: '-/package/a/dist-tags/beta' },
  ],
  [
    'PUT',
    '/-/user/org.couchdb.user:me',
    { kind: 'relay', name: undefined, what: 'user', path: '-/user/org.couchdb.user:me' },
  ],
  ['POST', '/-/v1/login', { kind: 'relay', name: undefined, what: 'v1/login', path: '-/v1/login' }],
  [
    'POST',
    '/-/npm/v1/oidc/token/exchange/package/@a%2fb',
    {
      kind: 'relay',
      name: '@a/b',
      what: 'npm/v1/oidc/token/exchange',
      path: '-/npm/v1/oidc/token/exchange/package/@a%2fb',
    },
  ],
  [
    'POST',
    '/-/stage/package/@a%2fb',
    { kind: 'relay', name: '@a/b', what: 'stage', path: '-/stage/package/@a%2fb' },
  ],
  ['GET', '/-/stage', { kind: 'relay', name: undefined, what: 'stage', path: '-/stage' }],
  [
    'POST',
    '/-/stage/0f5c/approve',
    { kind: 'relay', name: undefined, what: 'stage', path: '-/stage/0f5c/approve' },
  ],
  ['POST', '/-/npm/v1/security/advisories/bulk', { kind: 'audit', form: 'bulk' }],
  ['POST', '/-/npm/v1/security/audits/quick', { kind: 'audit', form: 'quick' }],
  ['POST', '/-/npm/v1/security/audits', { kind: 'audit', form: 'full' }],
]

const refused: readonly [path: string, status: number][] = [
  ['express', 400],
  ['/..', 400],
  ['/%2e%2e/etc', 400],
  ['/a/%2e%2e/b', 400],
  ['/@a/..', 400],
  ['/@a%2f..', 400],
  ['/@a%2f%2e%2e%2fetc', 400],
  ['/.hidden', 400],
  ['/_private', 400],
  ['/a%00', 400],
  ['/a%', 400],
  ['/a%zz', 400],
  ['/a%252fb', 400],
  ['/a%2fb', 400],
  ['/a//b', 400],
  ['/a\\b', 400],
  ['/a%5cb', 400],
  ['/a%20b', 400],
  ['/expre%D1%95s', 400],
  ['/ex\u0440ress', 400],
  ['/@Types%2fnode', 400],
  ['/@types%2fNode', 400],
  ['/node_modules', 400],
  ['/favicon.ico', 400],
  [`/${'a'.repeat(215)}`, 400],
  [`/${'a'.repeat(maxPathLength)}`, 400],
  ['/@types', 404],
  ['/express/-/readme.txt', 404],
  ['/express/-/.tgz', 404],
  ['/express/-/a/b.tgz', 404],
  ['/@types/node/-/@other/node-1.0.0.tgz', 404],
  ['/express/1/2', 404],
  ['/-/all', 404],
  ['/-/npm/v1/attestations/express', 400],
]

describe('what a path asks for', () => {
  for (const [path, request] of reads) test(path, () => expect(parse(path)).toEqual(request))
  for (const [method, path, request] of writes) {
    test(`${method} ${path}`, () => expect(parse(path, method)).toEqual(request))
  }
  test('a HEAD is a GET', () => expect(parse('/express', 'HEAD')).toEqual(express))
  test('another method is none', () =>
    expect(parse('/express', 'OPTIONS')).toMatchObject({ kind: 'refused', status: 405 }))
})

describe('what is refused', () => {
  for (const [path, status] of refused) {
    test(path.slice(0, 60), () => expect(parse(path)).toMatchObject({ kind: 'refused', status }))
  }
})

describe('at the root, a prefix is dropped', () => {
  const table: readonly [path: string, request: NpmRequest][] = [
    ['/npm', { kind: 'packument', name: 'npm' }],
    ['/npm/express', express],
    ['/npm/@types%2fnode', node],
    ['/npm/@types/node/-/node-1.0.0.tgz', tarball],
    ['/npm/npm', { kind: 'packument', name: 'npm' }],
    ['/npm/npm/-/npm-9.0.0.tgz', { kind: 'tarball', name: 'npm', file: 'npm-9.0.0.tgz' }],
    ['/npm/-/npm-9.0.0.tgz', { kind: 'tarball', name: 'npm', file: 'npm-9.0.0.tgz' }],
    ['/npm/latest', { kind: 'manifest', name: 'npm', wanted: 'latest' }],
    ['/npm/next-9', { kind: 'manifest', name: 'npm', wanted: 'next-9' }],
    ['/npm/9.0.0', { kind: 'manifest', name: 'npm', wanted: '9.0.0' }],
    ['/npm/-/ping', { kind: 'ping' }],
    ['/npm/-/npm/v1/keys', { kind: 'keys' }],
    ['/-/npm/v1/keys', { kind: 'keys' }],
  ]
  for (const [path, request] of table) {
    test(path, () => expect(parse(path, 'GET', true)).toEqual(request))
  }
  test('also for what is written', () => {
    expect(parse('/npm/@a%2fb', 'PUT', true)).toMatchObject({ name: '@a/b', path: '@a%2fb' })
    expect(parse('/npm', 'PUT', true)).toMatchObject({ name: 'npm', path: 'npm' })
  })
  test('and nowhere else', () => {
    expect(parse('/npm/express')).toEqual({ kind: 'manifest', name: 'npm', wanted: 'express' })
  })
})

test('a key is read back, a client cannot ask for it', () => {
  expect(parseNpmKey('/@types/node/-/abbreviated')).toEqual({ kind: 'abbreviated', name: '@types/node' })
  expect(parseNpmKey('/a/-/manifest/1.0.0')).toEqual({ kind: 'manifest', name: 'a', wanted: '1.0.0' })
  expect(parseNpmKey('/@types/node/-/node-1.0.0.tgz')).toEqual(tarball)
  expect(parse('/@types/node/-/abbreviated')).toMatchObject({ kind: 'refused', status: 404 })
  expect(parse('/a/-/manifest/1.0.0')).toMatchObject({ kind: 'refused', status: 404 })
})

describe('the glance at a tarball', () => {
  const table: readonly [path: string, name: string | undefined][] = [
    ['/express/-/express-4.18.2.tgz', 'express'],
    ['/@types/node/-/node-1.0.0.tgz', '@types/node'],
    ['/@types%2fnode/-/node-1.0.0.tgz', undefined],
    ['/-/-/--0.0.1.tgz', undefined],
    ['/express/download/express-4.18.2.tgz', undefined],
    ['/npm/express/-/express-4.18.2.tgz', undefined],
    ['/express', undefined],
    ['/../-/a.tgz', undefined],
  ]
  for (const [path, name] of table) test(path, () => expect(packageOfTarball(path)).toBe(name))

  test('it never sees more than the grammar does', () => {
    const segment = fc.constantFrom('a', '@s', '-', '..', 'a.tgz', '%2f', 'npm', 'A', '.')
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
        const path = `/${segments.join('/')}`
        const name = packageOfTarball(path)
        if (name !== undefined) expect(parse(path)).toMatchObject({ kind: 'tarball', name })
      }),
      { numRuns: 2_000 },
    )
  })
})

test('any path has an answer, and no name or file that could leave its place', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('/', '@', '%2f', '%2e', '..', '-', '/-/', '.tgz', '%00', 'npm', 'download'),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, atRoot) => {
      const request = parse(`/${pieces.join('')}`, 'GET', atRoot)
      if ('name' in request) expect(request.name ?? 'a').toMatch(/^(?:@[^/.][^/]*\/)?[^/.][^/]*$/)
      if ('file' in request) expect(request.file).toMatch(/^[^/.][^/]*$/)
    }),
    { numRuns: 3_000 },
  )
})
