import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { findDist } from './dist-index.ts'
import { npmChecks, npmTransforms } from './npm-transforms.ts'
import { PackumentFault } from './packument.ts'

const base = 'http://127.0.0.1:7678/npm'
const bytesOf = (text: string) => new TextEncoder().encode(text)

function made(name: string, body: Uint8Array, packageName: string, beside?: Uint8Array): Buffer {
  const transform = npmTransforms[name]
  if (transform === undefined) throw new Error(`no transform is called ${name}`)
  return Buffer.concat([...transform({ body, beside, params: { base, name: packageName } })])
}
const textOf = (name: string, body: string, packageName = 'a', beside?: string) =>
  made(name, bytesOf(body), packageName, beside === undefined ? undefined : bytesOf(beside)).toString()

/** With odd spacing, unknown members, escapes and a tarball elsewhere, none of which may change. */
const full = `{ "_id":"@s\\/a", "name" : "@s/a", "future": {"tarball":"https://other.example/x.tgz"},
 "dist-tags":{"latest":"1.0.0"},
 "versions": {"1.0.0" : {"name":"@s/a","version":"1.0.0","scripts":{"postinstall":"node x"},"os":["linux"],"libc":["glibc"],
   "deprecated":"caf\\u00e9 é","x":{"dist":{"tarball":"keep"}},
   "dist": {"shasum":"00","tarball" : "https://cdn.example/@s/a/-/odd.tgz","signatures":[{"keyid":"k","sig":"s"}],"new":1e+3}},
  "2.0.0+b.1":{"name":"@s/a","version":"2.0.0+b.1","hasInstallScript":false,"peerDependenciesMeta":{"q":{"optional":true}},"dist":{"integrity":"sha512-x"}}},
 "time":{"created":"2020","modified":"2021-01-02T00:00:00.000Z","1.0.0":"2020-05-05"},"readme":"r" }\n`
const address = `${base}/@s/a/-/a-1.0.0.tgz`

describe('npm.full', () => {
  test('changes the addresses of tarballs and no other byte', () => {
    expect(textOf('npm.full', full, '@s/a')).toBe(
      full.replace('"https://cdn.example/@s/a/-/odd.tgz"', `"${address}"`),
    )
  })

  test('leads attestations here, because npm asks its own host for the path of their address', () => {
    const dist = (url: string) => `{"attestations":{"url":${url},"provenance":{"url":"x"}},"tarball":"t"}`
    const place = '/-/npm/v1/attestations/@s%2fa@1.0.0'
    const body = (text: string) => `{"name":"@s/a","version":"1.0.0","dist":${text}}`
    const packument = (text: string) => `{"name":"@s/a","versions":{"1.0.0":${body(text)}}}`
    const ours = dist(`"${base}${place}"`).replace('"t"', `"${address}"`)
    const theirs = dist(`"https://a.example/api/npm${place}"`)
    expect(textOf('npm.full', packument(theirs), '@s/a')).toBe(packument(ours))
    expect(textOf('npm.version', body(theirs), '@s/a')).toBe(body(ours))
    expect(textOf('npm.abbreviated', `{"_id":"x",${packument(theirs).slice(1)}`, '@s/a')).toContain(ours)
    for (const url of ['"https://a.example/else"', 'null', '5']) {
      const kept = dist(url).replace('"t"', `"${address}"`)
      expect(textOf('npm.full', packument(dist(url)), '@s/a')).toBe(packument(kept))
    }
  })

  test('leaves what is no packument of versions as it is', () => {
    for (const body of [
      '{"name":"a"}',
      '{"name":"a","versions":null}',
      '{"name":"a","versions":{"1.0.0":"gone"}}',
      '{"name":"a","versions":{"1.0.0":{"dist":"none"}}}',
      '{"name":"a","versions":{"1.0.0":{"dist":{"tarball":null}}}}',
    ]) {
      expect(textOf('npm.full', body)).toBe(body)
    }
  })

  test('a version that no file could be called after is encoded', () => {
    const body = '{"versions":{"../\\"1":{"dist":{"tarball":"x"}}}}'
    expect(textOf('npm.full', body)).toBe(
      `{"versions":{"../\\"1":{"dist":{"tarball":"${base}/a/-/a-..%2F%221.tgz"}}}}`,
    )
  })

  test('members that stand twice are all changed, whichever a client goes by', () => {
    const body =
      '{"versions":{"1.0.0":{"dist":{"tarball":"p","tarball":"q"},"di\\u0073t":{"tarb\\u0061ll":"r"}}},"versions":{"1.0.0":{"dist":{"tarball":"s"}}}}'
    const text = textOf('npm.full', body)
    expect(text.match(/"[pqrs]"/g)).toBeNull()
    expect(text.split(`"${base}/a/-/a-1.0.0.tgz"`)).toHaveLength(5)
  })

  test('whatever stands around them, only tarballs change', () => {
    const plain = fc.jsonValue({ maxDepth: 3 })
    const version = fc.record({ dist: fc.constant({ tarball: 'old' }), more: plain })
    fc.assert(
      fc.property(fc.dictionary(fc.string(), version, { maxKeys: 4 }), plain, (versions, more) => {
        const document = { name: 'a', more, versions }
        const parsed = JSON.parse(textOf('npm.full', JSON.stringify(document, undefined, 1)))
        for (const one of Object.values<{ dist: { tarball: string } }>(parsed.versions)) {
          expect(one.dist.tarball).toStartWith(`${base}/a/-/a-`)
          one.dist.tarball = 'old'
        }
        expect(parsed).toEqual(JSON.parse(JSON.stringify(document)))
      }),
      { numRuns: 300 },
    )
  })
})

describe('npm.abbreviated', () => {
  test('made of a full one keeps whatever npm copies into a lock file', () => {
    const locked = { license: 'MIT', workspaces: ['x'], funding: 'f', bin: { a: 'b' }, deprecated: 'no' }
    const version = { name: 'a', version: '1.0.0', ...locked, man: 'x', dist: {} }
    const text = textOf(
      'npm.abbreviated',
      JSON.stringify({ _id: 'a', name: 'a', versions: { '1.0.0': version } }),
    )
    expect(JSON.parse(text).versions['1.0.0']).toEqual({ name: 'a', version: '1.0.0', ...locked, dist: {} })
  })

  test("keeps the source's own form, and adds the dates", () => {
    const body =
      '{"name":"a","modified":"m","dist-tags":{},"new":[1],"versions":{"1.0.0":{"dist":{"tarball":"x"},"new":2}} } '
    expect(textOf('npm.abbreviated', body, 'a', '{"name":"a","time":{ "1.0.0":"2020" },"readme":""}')).toBe(
      `{"name":"a","modified":"m","dist-tags":{},"new":[1],"versions":{"1.0.0":{"dist":{"tarball":"${base}/a/-/a-1.0.0.tgz"},"new":2}} ,"time":{ "1.0.0":"2020" }} `,
    )
  })

  test('without dates at hand there are none', () => {
    const body = '{"name":"a","versions":{}}'
    expect(textOf('npm.abbreviated', body)).toBe(body)
    expect(textOf('npm.abbreviated', body, 'a', '{"name":"a"}')).toBe(body)
  })

  test('dates that the source gives itself stay', () => {
    const body = '{"name":"a","time":{"1.0.0":"own"},"versions":{}}'
    expect(textOf('npm.abbreviated', body, 'a', '{"time":{"1.0.0":"other"}}')).toBe(body)
  })

  test('is made of a full packument where a source sends nothing else', () => {
    const parsed: unknown = JSON.parse(textOf('npm.abbreviated', full, '@s/a'))
    expect(parsed).toEqual({
      name: '@s/a',
      'dist-tags': { latest: '1.0.0' },
      versions: {
        '1.0.0': {
          name: '@s/a',
          version: '1.0.0',
          os: ['linux'],
          libc: ['glibc'],
          deprecated: 'café é',
          dist: {
            shasum: '00',
            tarball: address,
            signatures: [{ keyid: 'k', sig: 's' }],
            new: 1000,
          },
          hasInstallScript: true,
        },
        '2.0.0+b.1': {
          name: '@s/a',
          version: '2.0.0+b.1',
          hasInstallScript: false,
          peerDependenciesMeta: { q: { optional: true } },
          dist: { integrity: 'sha512-x' },
        },
      },
      modified: '2021-01-02T00:00:00.000Z',
      time: { created: '2020', modified: '2021-01-02T00:00:00.000Z', '1.0.0': '2020-05-05' },
    })
  })

  test('what is made is JSON, however little there is', () => {
    for (const body of [
      '{"_id":"a"}',
      '{"_id":"a","versions":{}}',
      '{"_id":"a","versions":{"1":{}}}',
      '{"_id":"a","versions":{"1":{"scripts":{"install":""}}},"name":"a"}',
      '{"_id":"a","versions":{"1":{"dist":{"tarball":"x","tarball":"y"},"dist":3}},"time":{"modified":"t"}}',
    ]) {
      expect(() => JSON.parse(textOf('npm.abbreviated', body))).not.toThrow()
    }
  })

  test('it agrees with picking members of the parsed document', () => {
    const value = fc.jsonValue({ maxDepth: 2 })
    const names = ['dependencies', 'bin', 'scripts', 'gitHead', 'os', 'readme', 'engines', 'x']
    const version = fc.dictionary(fc.constantFrom(...names), value)
    fc.assert(
      fc.property(fc.dictionary(fc.string(), version, { maxKeys: 4 }), (versions) => {
        const text = textOf('npm.abbreviated', JSON.stringify({ _id: 'a', name: 'a', versions }, null, 1))
        const picked = Object.entries(versions).map(([key, manifest]) => {
          const entries = Object.entries(manifest).filter(([name]) =>
            ['dependencies', 'bin', 'os', 'engines'].includes(name),
          )
          return [key, Object.fromEntries(entries)]
        })
        const { hasInstallScript: _, ...parsed } = JSON.parse(text)
        expect(parsed).toEqual({
          name: 'a',
          versions: JSON.parse(JSON.stringify(Object.fromEntries(picked))),
        })
      }),
      { numRuns: 300 },
    )
  })
})

test('npm.version changes the address in one manifest', () => {
  const body = '{"dist":{"tarball":"x"},"name":"a","version":"3.1.4","d":{"dist":{"tarball":"x"}}}'
  expect(textOf('npm.version', body)).toBe(
    `{"dist":{"tarball":"${base}/a/-/a-3.1.4.tgz"},"name":"a","version":"3.1.4","d":{"dist":{"tarball":"x"}}}`,
  )
})

test('npm.dist-tags is that member alone', () => {
  expect(textOf('npm.dist-tags', full, '@s/a')).toBe('{"latest":"1.0.0"}')
  expect(textOf('npm.dist-tags', '{"name":"a"}')).toBe('{}')
})

describe('npm.dist', () => {
  const index = made('npm.dist', bytesOf(full), '@s/a')

  test('finds a tarball by the name that we give it and by its own', () => {
    const entry = {
      version: '1.0.0',
      shasum: '00',
      tarball: 'https://cdn.example/@s/a/-/odd.tgz',
      signatures: '[{"keyid":"k","sig":"s"}]',
      time: '2020-05-05',
    }
    expect(findDist(index, 'a-1.0.0.tgz')).toEqual(entry)
    expect(findDist(index, 'odd.tgz')).toEqual(entry)
    expect(findDist(index, 'a-2.0.0+b.1.tgz')).toEqual({ version: '2.0.0+b.1', integrity: 'sha512-x' })
    expect(findDist(index, 'a-3.0.0.tgz')).toBeUndefined()
  })

  test('no name of its own takes the place of one that we give', () => {
    const body = bytesOf(
      '{"versions":{"1.0.0":{"dist":{"tarball":"https://x.example/a-2.0.0.tgz","shasum":"1"}},"2.0.0":{"dist":{"shasum":"2"}}}}',
    )
    expect(findDist(made('npm.dist', body, 'a'), 'a-2.0.0.tgz')).toMatchObject({ shasum: '2' })
  })

  test('no text in an entry is taken for a key', () => {
    const body = bytesOf(
      `{"versions":{"1.0.0":{"dist":{"integrity":"\\n\\"b.tgz\\":{}","tarball":"\\n\\"b.tgz\\":","signatures":[\n"b.tgz"\n]}}}}`,
    )
    const odd = made('npm.dist', body, 'a')
    expect(findDist(odd, 'b.tgz')).toBeUndefined()
    expect(findDist(odd, 'a-1.0.0.tgz')?.integrity).toBe('\n"b.tgz":{}')
  })

  test('of members that stand twice the last counts, as for a client', () => {
    const body = bytesOf(
      '{"versions":{"0.0.1":{"dist":{}}},"versions":{"1.0.0":{"dist":{"shasum":"1","integrity":"i"},"dist":{"shasum":"2","shasum":"3","integrity":null}}}}',
    )
    const twice = made('npm.dist', body, 'a')
    expect(findDist(twice, 'a-1.0.0.tgz')).toEqual({ version: '1.0.0', shasum: '3' })
    expect(findDist(twice, 'a-0.0.1.tgz')).toBeUndefined()
  })

  test('a version called __proto__ is a version', () => {
    const body = bytesOf('{"versions":{"__proto__":{"dist":{"shasum":"1"}}}}')
    expect(findDist(made('npm.dist', body, 'a'), 'a-__proto__.tgz')).toMatchObject({ shasum: '1' })
  })
})

describe('a small packument is parsed and a large one scanned, to the same end', () => {
  /** Too large to be parsed at once, and says the same. */
  const scanned = (text: string) => bytesOf(text + ' '.repeat(64 * 1024))
  const parsed = (bytes: Buffer): unknown => JSON.parse(bytes.toString().replace(/^\ufeff/, ''))
  const agree = (text: string) => {
    for (const name of ['npm.dist', 'npm.edges', 'npm.abbreviated']) {
      const [small, large] = [made(name, bytesOf(text), 'a'), made(name, scanned(text), 'a')]
      expect(parsed(small)).toEqual(parsed(large))
    }
    const check = npmChecks['npm.packument']
    expect(check?.(bytesOf(text), { name: 'a' })).toEqual(check?.(scanned(text), { name: 'a' }))
  }

  test('whatever it holds', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('a', '1.0.0', 'latest', '__proto__', '>=1', 'é\u2028'))
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), text)
    const ranges = fc.dictionary(text, value, { maxKeys: 3 })
    const dist = fc.record(
      { integrity: value, shasum: value, tarball: value, signatures: value },
      { requiredKeys: [] },
    )
    const manifest = fc.record(
      {
        name: value,
        dist: fc.oneof(dist, value),
        os: value,
        dependencies: fc.oneof(ranges, value),
        optionalDependencies: ranges,
        peerDependencies: ranges,
        peerDependenciesMeta: fc.dictionary(text, fc.constant({ optional: true }), { maxKeys: 2 }),
      },
      { requiredKeys: [] },
    )
    const versions = fc.dictionary(
      fc.oneof(text, fc.constantFrom('2.0.0', '1.1.0-b.1')),
      fc.oneof(manifest, value),
      { maxKeys: 4 },
    )
    const packument = fc.record(
      {
        name: fc.constantFrom('a', 'b'),
        _id: value,
        'dist-tags': fc.oneof(fc.dictionary(text, value, { maxKeys: 2 }), value),
        time: fc.oneof(fc.dictionary(text, value, { maxKeys: 3 }), value),
        versions: fc.oneof(versions, value),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(packument, fc.constantFrom('', '\ufeff'), (document, mark) =>
        agree(mark + JSON.stringify(document)),
      ),
      { numRuns: 200 },
    )
  })

  test('also where members stand twice', () => {
    agree(
      '{"name":"b","name":"a","versions":{"9.0.0":{}},"versions":{"1.0.0":{"dist":3},"1.0.0":{"dist":{"shasum":"1","shasum":"2"}}}}',
    )
  })

  test('nested too deeply it is none', () => {
    const nested = (levels: number) => `{"name":"a","x":${'['.repeat(levels)}${']'.repeat(levels)}}`
    agree(nested(127))
    for (const body of [bytesOf(nested(128)), scanned(nested(128))]) {
      expect(npmChecks['npm.packument']?.(body, { name: 'a' })).toMatchObject({ verdict: 'wrong' })
      expect(() => made('npm.dist', body, 'a')).toThrow('deeper than 128')
    }
  })
})

describe('hostile bodies', () => {
  const bodies: readonly [string, Uint8Array][] = [
    ['nothing', bytesOf('')],
    ['a page', bytesOf('<html><body>Please log in</body></html>')],
    ['a list', bytesOf('[]')],
    ['a torn packument', bytesOf(full.slice(0, 300))],
    ['two packuments', bytesOf('{"name":"a"}{"name":"a"}')],
    ['depth', bytesOf(`{"name":"a","versions":${'{"a":'.repeat(100_000)}`)],
    ['depth of lists', bytesOf(`{"name":"a","x":${'['.repeat(100_000)}`)],
    [
      'bytes that are no UTF-8',
      Buffer.concat([bytesOf('{"name":"a","x":"'), Buffer.from([0xff]), bytesOf('"}')]),
    ],
    ['an open string', bytesOf('{"name":"a')],
  ]
  for (const [what, body] of bodies) {
    test(`${what}: no transform makes anything of it, and no check passes it`, () => {
      for (const name of Object.keys(npmTransforms)) {
        expect(() => made(name, body, 'a')).toThrow(PackumentFault)
      }
      for (const check of Object.values(npmChecks)) {
        expect(check(body, { name: 'a' })).toMatchObject({ verdict: 'wrong' })
      }
    })
  }

  test('too many versions are no packument', () => {
    const versions = Array.from({ length: 100_001 }, (_, at) => `"${at}":{}`).join()
    const body = bytesOf(`{"name":"a","versions":{${versions}}}`)
    expect(() => made('npm.full', body, 'a')).toThrow(PackumentFault)
    expect(npmChecks['npm.packument']?.(body, { name: 'a' })).toMatchObject({ verdict: 'wrong' })
  })

  const cases: readonly [body: string, version: string | undefined, verdict: string][] = [
    ['{"name":"a"}', undefined, 'sound'],
    ['{"name":"b","name":"a","__proto__":{"name":"b"}}', undefined, 'sound'],
    ['{"name":"a","name":"b"}', undefined, 'wrong'],
    ['{"name":"b"}', undefined, 'wrong'],
    ['{"name":["a"]}', undefined, 'wrong'],
    ['{}', undefined, 'wrong'],
    ['{"error":"not found"}', undefined, 'wrong'],
    ['{"name":"a","version":"1.0.0"}', '1.0.0', 'sound'],
    ['{"name":"a","version":"1.0.1"}', '1.0.0', 'wrong'],
  ]
  for (const [body, version, verdict] of cases) {
    test(`${body} is ${verdict}`, () => {
      const params = { name: 'a', ...(version === undefined ? {} : { version }) }
      expect(npmChecks['npm.packument']?.(bytesOf(body), params)).toMatchObject({ verdict })
    })
  }
})
