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
    { version: '1.0.1', needs: {}, optional: new Set(), isPlatformBound: false },
    {
      version: '1.0.0',
      needs: { a: '1', f: 'file:../f', o: '2', p: '3' },
      optional: new Set(['o']),
      isPlatformBound: true,
    },
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
    expect(keys(foresight.asked(tarball))).toEqual(['a/-/abbreviated', 'a/-/a-1.0.0.tgz'])
  })

  test('of what is locked follows npm from the end that it begins with', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const order = (first: string) => {
      nowMs += 30_001
      for (const name of names) foresight.locked(name, '1.0.0')
      const asked = keys(foresight.asked(resources.tarball(first, `${first}-1.0.0.tgz`, publicRoute)))
      return asked.filter((key) => key.endsWith('.tgz')).map((key) => key[0])
    }
    expect(order('e')).toEqual(['e', 'd', 'c', 'b', 'a'])
    expect(order('a')).toEqual(names)
    expect(order('not-locked')).toEqual(names)
  })

  test('of what is locked reads no packuments: there is nothing to find out', () => {
    foresight.locked('a', '1.1.0')
    expect(keys(foresight.asked(resources.tarball('a', 'a-1.1.0.tgz', publicRoute)))).toContain(
      'a/-/abbreviated',
    )
    expect(foresight.digest?.(packument('a'))).toBeUndefined()
    expect(arrives('a')).toEqual([])
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

  test('asks for the digest of a packument once', () => {
    asks('a')
    expect(foresight.digest?.(packument('a'))).toBeDefined()
    arrives('a', true)
    expect(foresight.digest?.(packument('a'))).toBeUndefined()
    expect(foresight.digest?.(packument('b'))).toBeDefined()
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

  describe('from a lock file', () => {
    const tarball = (name: string, version: string) =>
      resources.tarball(name, `${name}-${version}.tgz`, publicRoute)
    const fetches = (name: string, version: string) => keys(foresight.asked(tarball(name, version)))
    const leaf = (name: string) =>
      keys(foresight.arrived(packument(name), digestOf(name, { '1.0.0': {}, '1.1.0': {} }), false))
    /** `count` packages in a row, of which each is picked before its client asks for `version` of it. */
    const agree = (count: number, version = '1.1.0') => {
      const names = Array.from({ length: count }, (_, at) => `l${version}-${at}`)
      const root = `root-${version}`
      const needs = Object.fromEntries(names.map((name) => [name, '^1.0.0']))
      fetches(root, '1.0.0')
      foresight.arrived(packument(root), digestOf(root, { '1.0.0': { dependencies: needs } }), false)
      for (const name of names) leaf(name)
      return names.flatMap((name) => [...foresight.asked(tarball(name, version))])
    }

    test('asks for the packuments of what the locked version needs, not of what the latest does', () => {
      expect(fetches('a', '1.1.0')).toEqual(['a/-/abbreviated'])
      expect(arrives('a')).toEqual(['c/-/abbreviated'])
    })

    test('asks for no tarball that nobody asked for while the picks are not proved', () => {
      fetches('a', '1.1.0')
      arrives('a')
      expect(arrives('c')).toEqual([])
      expect(keys(agree(7)).filter((key) => key.endsWith('.tgz'))).toEqual([])
    })

    test('counts what a tarball is proved by as used by whoever asked for the tarball', () => {
      const [provedBy] = [...foresight.asked(tarball('a', '1.1.0'))]
      expect(provedBy).toMatchObject({ resource: { key: 'npm/a/-/abbreviated' }, isNeeded: true })
    })

    test('asks for tarballs once eight picks agreed with what was locked', () => {
      fetches('a', '1.1.0')
      arrives('a')
      arrives('c')
      expect(keys(agree(8)).filter((key) => key.endsWith('.tgz'))).toEqual(['c/-/c-2.0.3.tgz'])
    })

    test('stops at the first disagreement in twenty, also with what is queued', () => {
      fetches('a', '1.1.0')
      arrives('a')
      arrives('c')
      const queued = agree(8).find(({ resource }) => resource.kind === 'tarball')
      expect(queued?.stillLikely?.()).toBe(true)
      agree(1, '1.0.0')
      expect(queued?.stillLikely?.()).toBe(false)
    })

    test('gives up a pick whose package is locked at another version', () => {
      fetches('a', '1.1.0')
      arrives('a')
      arrives('c')
      const queued = agree(60).find(({ resource }) => resource.kind === 'tarball')
      expect(queued?.resource.key).toBe('npm/c/-/c-2.0.3.tgz')
      expect(queued?.stillLikely?.()).toBe(true)
      foresight.asked(tarball('c', '2.0.1'))
      expect(queued?.stillLikely?.()).toBe(false)
    })

    test('leaves out what is optional: it may be for other machines', () => {
      fetches('o', '1.0.0')
      const digest = digestOf('o', {
        '1.0.0': { dependencies: { p: '1', q: '1' }, optionalDependencies: { q: '1' } },
      })
      expect(keys(foresight.arrived(packument('o'), digest, false))).toEqual(['p/-/abbreviated'])
    })

    test('looks at nothing private', () => {
      expect(keys(foresight.asked(resources.tarball('@corp/x', 'x-1.0.0.tgz', secret)))).toEqual([])
    })
  })

  test('is not misled by a packument of another name', () => {
    expect(keys(foresight.arrived(packument('b'), digestOf('app', world.app ?? {}), true))).toEqual([])
  })
})
