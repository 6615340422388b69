import { describe, expect, test } from 'bun:test'
import { below, locateProbe, type ReadPage, versionsOf } from './locate-probe.ts'

const probe = (path: string) => ({
  path,
  sizeBytes: 1,
  hash: { kind: 'digest', algorithm: 'sha256', hex: '00' } as const,
})
const page =
  (text: string, address = 'https://m.example/simple/six/'): ReadPage =>
  async () => ({ text, url: new URL(address) })
const nothing: ReadPage = () => Promise.reject(new Error('no page was to be read'))

describe('a pinned file lies', () => {
  test('at its path for Go, npm and Maven', async () => {
    for (const ecosystem of ['go', 'npm', 'maven'] as const) {
      const url = await locateProbe(ecosystem, new URL('https://m.example/base'), probe('a/b.zip'), nothing)
      expect(url?.href).toBe('https://m.example/base/a/b.zip')
    }
  })

  const pages: readonly [name: string, html: string, url: string | undefined][] = [
    [
      'with a relative address',
      '<a href="../../packages/six-1.16.0.whl#sha256=ab">six</a>',
      'https://m.example/packages/six-1.16.0.whl',
    ],
    [
      'on another host, among others',
      '<a href="https://f.example/six-1.15.0.whl">x</a>\n<A data-requires-python="&gt;=2" HREF="https://f.example/x/six-1.16.0.whl?a=1&amp;b=2#sha256=ab">',
      'https://f.example/x/six-1.16.0.whl?a=1&b=2',
    ],
    ['nowhere', '<a href="six-1.15.0.whl">x</a>', undefined],
  ]
  for (const [name, html, url] of pages) {
    test(`where the index page of PyPI says: ${name}`, async () => {
      const base = new URL('https://m.example/simple')
      expect((await locateProbe('pypi', base, probe('six/six-1.16.0.whl'), page(html)))?.href).toBe(url)
    })
  }

  const templates: readonly [dl: string, path: string, url: string][] = [
    ['https://f.example/api', 'syn/2.0.68', 'https://f.example/api/syn/2.0.68/download'],
    [
      'https://f.example/{prefix}/{crate}-{version}.crate',
      'syn/2.0.68',
      'https://f.example/3/s/syn-2.0.68.crate',
    ],
    ['https://f.example/{lowerprefix}/{crate}', 'Itoa/1.0.0', 'https://f.example/it/oa/Itoa'],
    ['https://f.example/{prefix}', 'cc/1.0.0', 'https://f.example/2'],
  ]
  for (const [dl, path, url] of templates) {
    test(`where Cargo's config.json says: ${dl}`, async () => {
      const found = await locateProbe(
        'cargo',
        new URL('https://m.example'),
        probe(path),
        page(JSON.stringify({ dl })),
      )
      expect(found?.href).toBe(url)
    })
  }
  test('nowhere when config.json is something else', async () => {
    const base = new URL('https://m.example')
    expect(await locateProbe('cargo', base, probe('a/1'), page('<html>'))).toBeUndefined()
  })
})

test('versions are read from each ecosystem’s own document', () => {
  const all = (ecosystem: Parameters<typeof versionsOf>[0], text: string) => [...versionsOf(ecosystem, text)]
  expect(all('go', 'v1.0.0\nv1.1.0 2020-01-01T00:00:00Z\n\n')).toEqual(['v1.0.0', 'v1.1.0'])
  expect(all('npm', '{"name":"a","version":"7.1.0"}')).toEqual(['7.1.0'])
  expect(all('npm', 'oops')).toEqual([])
  expect(all('npm', '{"name":"a","version":"unknown"}')).toEqual([])
  expect(all('pypi', '<a href="/x/a-1.0.whl#sha256=1">a</a>')).toEqual(['a-1.0.whl'])
  expect(all('cargo', '{"name":"a","vers":"1.0.0"}\n{"vers":"1.1.0"}\nbroken')).toEqual(['1.0.0', '1.1.0'])
  expect(all('maven', '<versions><version>1.0</version>\n<version> 1.1 </version></versions>')).toEqual([
    '1.0',
    '1.1',
  ])
})

test('a path stays below its base, with or without a slash', () => {
  expect(below(new URL('https://m.example/go'), 'a/@v/list').href).toBe('https://m.example/go/a/@v/list')
  expect(below(new URL('https://m.example/go/'), 'a').href).toBe('https://m.example/go/a')
})
