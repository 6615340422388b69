import { describe, expect, test } from 'bun:test'
import { type PageSource, placesOf } from './file-places.ts'
import type { ListedFile } from './files-map.ts'

const shared = `/packages/aa/bb/${'c'.repeat(60)}/x-1.0.tar.gz`
const origin: PageSource = { id: 'origin', url: 'https://index.example/simple', origin: true }
const mirror: PageSource = {
  id: 'mirror',
  url: 'https://user:secret@mirror.example/pypi/simple',
  origin: false,
}
const other: PageSource = { id: 'other', url: 'https://other.example/simple', origin: false }
const odd: PageSource = { id: 'odd', url: 'https://odd.example/root/+simple', origin: false }

function places(
  url: string,
  from: string,
  sources: readonly PageSource[],
  more: Partial<ListedFile> & { part?: 'file' | 'metadata' | 'signature' | 'provenance' } = {},
) {
  const { part = 'file', ...said } = more
  const listed: ListedFile = {
    url,
    base: undefined,
    hashes: {},
    size: undefined,
    metadata: undefined,
    gpgSig: undefined,
    provenance: undefined,
    ...said,
  }
  return placesOf({ project: 'x', part, listed, from }, sources)
}

describe('places', () => {
  test("the origin's file host, then the same path below each mirror", () => {
    expect(places(`https://files.example${shared}`, 'origin', [mirror, origin, other, odd])).toEqual([
      `https://files.example${shared}`,
      `https://mirror.example/pypi${shared}`,
      `https://other.example${shared}`,
    ])
  })

  test('a relative address stands at every equal source, and nothing is guessed about the origin', () => {
    expect(places('../../dist/x-1.0.tar.gz#sha256=00', 'mirror', [mirror, other, origin])).toEqual([
      'https://mirror.example/pypi/dist/x-1.0.tar.gz',
      'https://other.example/dist/x-1.0.tar.gz',
    ])
  })

  test('an address of a layout of its own stands alone', () => {
    expect(places('https://odd.example/+f/1/x-1.0.tar.gz', 'odd', [odd, mirror])).toEqual([
      'https://odd.example/+f/1/x-1.0.tar.gz',
    ])
    expect(places('/dist/x-1.0.tar.gz', 'mirror', [mirror, other])).toEqual([
      'https://mirror.example/dist/x-1.0.tar.gz',
    ])
  })

  test("the page's own base counts", () => {
    expect(places('x-1.0.tar.gz', 'mirror', [mirror, other], { base: '/files/' })).toEqual([
      'https://mirror.example/files/x-1.0.tar.gz',
    ])
  })

  test('a page of a source that is gone from the list is read as one of the first', () => {
    expect(places('x-1.0.tar.gz', 'gone', [other])).toEqual(['https://other.example/simple/x/x-1.0.tar.gz'])
    expect(places('x-1.0.tar.gz', 'gone', [])).toEqual([])
  })

  test('the parts beside a file', () => {
    const url = 'https://f.example/x-1.0.tar.gz?token=1'
    expect(places(url, 'odd', [odd], { part: 'metadata' })).toEqual([
      'https://f.example/x-1.0.tar.gz.metadata?token=1',
    ])
    expect(places(url, 'odd', [odd], { part: 'signature' })).toEqual([
      'https://f.example/x-1.0.tar.gz.asc?token=1',
    ])
    expect(
      places(url, 'odd', [odd, mirror], { part: 'provenance', provenance: 'https://i.example/p' }),
    ).toEqual(['https://i.example/p'])
  })

  for (const url of ['file:///etc/passwd', 'javascript:x', 'http://', 'ftp://f.example/x.whl'])
    test(`${url} is no place`, () => expect(places(url, 'odd', [odd, mirror])).toEqual([]))

  test('credentials in an address are not taken along', () => {
    expect(places('https://a:b@f.example/x.whl', 'odd', [odd])).toEqual(['https://f.example/x.whl'])
  })
})
