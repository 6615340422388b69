import { beforeEach, describe, expect, test } from 'bun:test'
import type { Likely } from '../ecosystem.ts'
import { type Edges, edgesView, pickVersion, readEdges, wantOf } from './edges.ts'
import { createNpmForesight, type NpmForesight } from './foresight.ts'
import { NpmResources } from './npm-resources.ts'
import { type NpmRoute, publicRoute } from './npm-route.ts'

type Manifests = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const digestOf = (name: string, versions: Manifests, tags: Record<string, string> = {}) =>
  Buffer.concat([
    ...edgesView({
      body: Buffer.from(JSON.stringify({ name, 'dist-tags': tags, versions })),
      beside: undefined,
      params: {},
    }),
  ])
const edgesOf = (versions: Manifests, tags?: Record<string, string>): Edges =>
  readEdges(digestOf('p', versions, tags))
const plain = (...versions: string[]) => Object.fromEntries(versions.map((version) => [version, {}]))

describe('the version that is picked', () => {
  const all = plain('1.0.0', '1.2.0', '1.2.9', '2.0.0', '2.1.0-rc.1', '3.0.0')
  const table: readonly [wanted: string, picked: string | undefined][] = [
    ['latest', '2.0.0'],
    ['next', '3.0.0'],
    ['', '2.0.0'],
    ['*', '2.0.0'],
    ['^1.0.0', '1.2.9'],
    ['~1.2', '1.2.9'],
    ['>=1', '2.0.0'],
    ['>=2.0.1', '3.0.0'],
    ['^2.1.0-rc.0', '2.1.0-rc.1'],
    ['1.x || 3.x', '3.0.0'],
    [' 1.0.0 ', '1.0.0'],
    ['^4', undefined],
    ['missing-tag', undefined],
    ['__proto__', undefined],
  ]
  for (const [wanted, picked] of table) {
    test(`${wanted}: ${picked}`, () =>
      expect(pickVersion(edgesOf(all, { latest: '2.0.0', next: '3.0.0' }), wanted)?.version).toBe(picked))
  }

  test('without a latest tag is the highest', () => {
    expect(pickVersion(edgesOf(all), '*')?.version).toBe('3.0.0')
  })

  test('is found among thousands: each minor line keeps its highest, the digest stays small', () => {
    const many = Array.from({ length: 4_000 }, (_, at) => `${at >> 9}.${(at >> 4) & 31}.${at & 15}`)
    const edges = edgesOf(plain(...many), { latest: '3.7.3' })
    expect(edges.versions.length).toBeLessThanOrEqual(400)
    expect(pickVersion(edges, '^2.0.0')?.version).toBe('2.31.15')
    expect(pickVersion(edges, '~1.4.2')?.version).toBe('1.4.15')
    expect(pickVersion(edges, 'latest')?.version).toBe('3.7.3')
  })
})

test('what is needed: dependencies, optional ones, and peers that are not optional', () => {
  const edges = edgesOf({
    '1.0.0': {
      dependencies: { a: '1', f: 'file:../f' },
      devDependencies: { d: '1' },
      optionalDependencies: { o: '2' },
      peerDependencies: { p: '3', q: '4', a: '9' },
      peerDependenciesMeta: { q: { optional: true } },
      os: ['linux'],
    },
    '1.0.1': { dependencies: 'none' },
    nonsense: { dependencies: { x: '1' } },
  })
  expect(edges.versions).toEqual([
    { version: '1.0.1', needs: {}, isPlatformBound: false },
    { version: '1.0.0', needs: { a: '1', f: 'file:../f', o: '2', p: '3' }, isPlatformBound: true },
  ])
})

test('only registries are asked for what is needed', () => {
  const table: readonly [string, string, unknown][] = [
    ['a', '^1', { name: 'a', range: '^1' }],
    ['a', 'npm:@s/b@^2', { name: '@s/b', range: '^2' }],
    ['a', 'npm:b', { name: 'b', range: '' }],
    ['a', 'file:../x', undefined],
    ['a', 'git+https://x.example/y.git', undefined],
    ['a', 'user/repo', undefined],
    ['a', 'workspace:*', undefined],
    ['../a', '1', undefined],
    ['a', 'npm:../b@1', undefined],
  ]
  for (const [name, range, want] of table) expect(wantOf(name, range)).toEqual(want as never)
})

describe('an install', () => {
  const secret: NpmRoute = { sources: 'npm-private', writes: 'w', isPrivate: true, passesTokens: false }
  const route = (name: string) => (name.startsWith('@corp/') ? secret : publicRoute)
  const resources = new NpmResources({
    ttl: { metadataMs: 1, missMs: 1 },
    tarballs: {
      dist: () => Promise.reject(new Error('nothing is fetched here')),
      bases: () => [],
      keys: async () => [],
    },
    check: () => Promise.reject(new Error('nothing is judged here')),
  })
  let nowMs: number
  let foresight: NpmForesight
  beforeEach(() => {
    nowMs = 0
    foresight = createNpmForesight({ resources, route, now: () => nowMs })
  })
  const world: Readonly<Record<string, Manifests>> = {
    app: { '1.0.0': { dependencies: { a: '^1.0.0', b: '1', '@corp/x': '1' } } },
    a: { '1.0.0': {}, '1.1.0': { dependencies: { c: '~2.0.0' } }, '2.0.0': { dependencies: { z: '1' } } },
    b: { '1.0.0': { dependencies: { c: '^2.0.0', app: '1.0.0' } } },
    c: { '2.0.3': {}, '2.4.0': {} },
  }
  const keys = (guesses: Iterable<Likely>) =>
    [...guesses].map(({ resource }) => resource.key.slice('npm/'.length))
  const packument = (name: string) => resources.abbreviated(name, route(name))
  const asks = (name: string) => keys(foresight.asked(packument(name)))
  const arrives = (name: string, wanted = false) =>
    keys(foresight.arrived(packument(name), digestOf(name, world[name] ?? {}), wanted))

  test('asks for the packuments of what the picked version needs, level by level, each once', () => {
    expect(asks('app')).toEqual([])
    expect(arrives('app', true)).toEqual(['a/-/abbreviated', 'b/-/abbreviated'])
    expect(arrives('a')).toEqual(['c/-/abbreviated'])
    expect(arrives('b')).toEqual([])
    expect(arrives('c')).toEqual([])
    expect(arrives('app', true)).toEqual([])
  })

  test('of nothing that nobody needs', () => {
    expect(arrives('app', false)).toEqual([])
  })

  test('never asks for anything private', () => {
    asks('app')
    expect(arrives('app', true).join()).not.toContain('corp')
  })

  test('asks for tarballs when the client turns out to follow the dependencies, and not before', () => {
    asks('app')
    arrives('app', true)
    arrives('a')
    expect(asks('a')).toEqual([])
    expect(asks('b')).toEqual(['app/-/app-1.0.0.tgz', 'a/-/a-1.1.0.tgz'])
    expect(arrives('c')).toEqual(['c/-/c-2.0.3.tgz'])
    expect(arrives('b')).toEqual(['b/-/b-1.0.0.tgz', 'c/-/c-2.4.0.tgz'])
  })

  test('asks for all of them when the client fetches its first', () => {
    asks('app')
    arrives('app', true)
    expect(keys(foresight.asked(resources.tarball('app', 'app-1.0.0.tgz', publicRoute)))).toEqual([
      'app/-/app-1.0.0.tgz',
    ])
    expect(arrives('a')).toEqual(['c/-/abbreviated', 'a/-/a-1.1.0.tgz'])
  })

  test('of what is locked begins with its first tarball', () => {
    foresight.locked('a', '1.0.0')
    foresight.locked('@corp/x', '1.0.0')
    foresight.locked('a', '1.0.0')
    expect(asks('app')).toEqual([])
    const tarball = resources.tarball('b', 'b-1.0.0.tgz', publicRoute)
    expect(keys(foresight.asked(tarball))).toEqual(['a/-/a-1.0.0.tgz'])
  })

  test('made for one platform takes no tarball ahead', () => {
    const bound = digestOf('app', { '1.0.0': { os: ['linux'], dependencies: { a: '1' } } })
    foresight.asked(resources.tarball('b', 'b-1.0.0.tgz', publicRoute))
    expect(keys(foresight.arrived(packument('app'), bound, true))).toEqual(['a/-/abbreviated'])
  })

  test('by a client that reads dates has the full packuments fetched as well', () => {
    foresight.datesWanted()
    asks('app')
    expect(arrives('app', true)).toEqual(['a/-/abbreviated', 'a', 'b/-/abbreviated', 'b'])
  })

  test('is over after a while of silence', () => {
    asks('app')
    arrives('app', true)
    asks('a')
    asks('b')
    nowMs += 30_001
    expect(asks('app')).toEqual([])
    expect(arrives('app', true)).toEqual(['a/-/abbreviated', 'b/-/abbreviated'])
  })

  test('reads a compact view in place of packuments, and of nothing else', () => {
    expect(foresight.digest?.(packument('a'))).toMatchObject({
      of: { key: 'npm/a/-/abbreviated' },
      transform: { name: 'npm.edges' },
    })
    expect(foresight.digest?.(resources.keys(publicRoute))).toBeUndefined()
  })

  test('remembers its digests, lent or not', () => {
    asks('app')
    arrives('app', true)
    const lent = digestOf('a', world.a ?? {})
    foresight.arrived(packument('a'), lent, false)
    lent.fill(0)
    foresight.asked(resources.tarball('x', 'x-1.0.0.tgz', publicRoute))
    const b = digestOf('b', { '1.0.0': { dependencies: { a: '1.0.0' } } })
    expect(keys(foresight.arrived(packument('b'), b, false))).toEqual(['b/-/b-1.0.0.tgz', 'a/-/a-1.0.0.tgz'])
  })

  test('is not misled by a packument of another name', () => {
    expect(keys(foresight.arrived(packument('b'), digestOf('app', world.app ?? {}), true))).toEqual([])
  })
})
