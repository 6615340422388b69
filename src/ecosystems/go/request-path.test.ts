import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type GoRequest, maxPathLength, parseGoRequest } from './request-path.ts'

const databases = ['sum.example', 'localhost.localdev/sumdb']
const parse = (path: string) => parseGoRequest(path, (name) => databases.includes(name))

const x = 'golang.org/x/text'
const azure = 'github.com/!azure/x'
const good: readonly [path: string, request: GoRequest][] = [
  [`/${x}/@v/list`, { kind: 'list', module: x, path: `${x}/@v/list` }],
  [`/${x}/@latest`, { kind: 'latest', module: x, path: `${x}/@latest` }],
  [`/${azure}/@v/list`, { kind: 'list', module: 'github.com/Azure/x', path: `${azure}/@v/list` }],
  [
    '/github.com/%21azure/x/@v/list',
    { kind: 'list', module: 'github.com/Azure/x', path: `${azure}/@v/list` },
  ],
  ['/github%2Ecom/a/%40latest', { kind: 'latest', module: 'github.com/a', path: 'github.com/a/@latest' }],
  ...(['info', 'mod', 'zip'] as const).map((kind): [string, GoRequest] => [
    `/${x}/@v/v0.3.0.${kind}`,
    { kind, module: x, version: 'v0.3.0', path: `${x}/@v/v0.3.0.${kind}` },
  ]),
  [
    `/${x}/@v/v2.0.0+incompatible.zip`,
    { kind: 'zip', module: x, version: 'v2.0.0+incompatible', path: `${x}/@v/v2.0.0+incompatible.zip` },
  ],
  [
    `/${x}/@v/v2.0.0%2Bincompatible.info`,
    { kind: 'info', module: x, version: 'v2.0.0+incompatible', path: `${x}/@v/v2.0.0+incompatible.info` },
  ],
  [`/${x}/@v/v2.0.0.info`, { kind: 'query', module: x, version: 'v2.0.0', path: `${x}/@v/v2.0.0.info` }],
  [`/${x}/@v/v1.info`, { kind: 'query', module: x, version: 'v1', path: `${x}/@v/v1.info` }],
  [`/${x}/@v/main.info`, { kind: 'query', module: x, version: 'main', path: `${x}/@v/main.info` }],
  [`/${x}/@v/!r!c.info`, { kind: 'query', module: x, version: 'RC', path: `${x}/@v/!r!c.info` }],
  [`/${x}/@v/a%25b.info`, { kind: 'query', module: x, version: 'a%b', path: `${x}/@v/a%b.info` }],
  [
    '/golang.org/toolchain/@v/v0.0.1-go1.21.0.linux-amd64.zip',
    {
      kind: 'zip',
      module: 'golang.org/toolchain',
      version: 'v0.0.1-go1.21.0.linux-amd64',
      path: 'golang.org/toolchain/@v/v0.0.1-go1.21.0.linux-amd64.zip',
    },
  ],
  ['/sumdb/sum.example/supported', { kind: 'supported', database: 'sum.example', path: 'supported' }],
  ['/sumdb/sum.example/latest', { kind: 'tree-head', database: 'sum.example', path: 'latest' }],
  [
    '/sumdb/localhost.localdev/sumdb/supported',
    { kind: 'supported', database: 'localhost.localdev/sumdb', path: 'supported' },
  ],
  [
    '/sumdb/sum.example/lookup/github.com/%21azure/x@v1.0.0',
    {
      kind: 'lookup',
      database: 'sum.example',
      module: 'github.com/Azure/x',
      version: 'v1.0.0',
      path: 'lookup/github.com/!azure/x@v1.0.0',
    },
  ],
  ['/sumdb/sum.example/tile/8/0/005', { kind: 'tile', database: 'sum.example', path: 'tile/8/0/005' }],
  [
    '/sumdb/sum.example/tile/8/1/x001/x234/067.p/255',
    { kind: 'tile', database: 'sum.example', path: 'tile/8/1/x001/x234/067.p/255' },
  ],
  [
    '/sumdb/sum.example/tile/8/data/001',
    { kind: 'data-tile', database: 'sum.example', path: 'tile/8/data/001' },
  ],
]

const refused: readonly [path: string, status: 400 | 404][] = [
  ['', 400],
  [`${x}/@latest`, 400],
  ['/', 404],
  ['//', 404],
  [`/${x}`, 404],
  [`/${x}/`, 404],
  [`//${x}/@latest`, 404],
  [`/${x}//@latest`, 404],
  [`/${x}/@latest/`, 404],
  [`/${x}/@v/`, 404],
  [`/${x}/@v/list/`, 404],
  [`/${x}/@v/v0.3.0`, 404],
  [`/${x}/@v/.info`, 404],
  [`/${x}/@v/v0.3.0.tar`, 404],
  [`/${x}/@v/a/b.info`, 404],
  [`/${x}/@v/latest.info`, 404],
  [`/${x}/@v/upgrade.info`, 404],
  [`/${x}/@v/patch.info`, 404],
  [`/${x}/@v/main.mod`, 404],
  [`/${x}/@v/v1.zip`, 404],
  [`/${x}/@v/v1.2.3+meta.zip`, 404],
  ['/github.com/Azure/x/@latest', 404],
  ['/github.com/!Azure/x/@latest', 404],
  ['/github.com/%2521azure/x/@latest', 404],
  ['/nodot/x/@latest', 404],
  ['/x.y/v1/@latest', 404],
  [`/${x}/%2e%2e/@latest`, 400],
  [`/${x}/../@latest`, 400],
  [`/./${x}/@latest`, 400],
  [`/${x}%2f@latest`, 400],
  [`/${x}%2F..%2F/@latest`, 400],
  [`/${x}%00/@latest`, 400],
  [`/${x}\0/@latest`, 400],
  [`/${x}%20/@latest`, 400],
  [`/${x}%/@latest`, 400],
  [`/${x}%g0/@latest`, 400],
  [`/${x}/@latest?go-get=1`, 400],
  [`/${x}\\@latest`, 400],
  ['/github.com/é/@latest', 400],
  ['/github.com/%C3%A9/@latest', 400],
  [`/x.y/${'a'.repeat(maxPathLength)}/@latest`, 400],
  ['/sumdb/other.example/supported', 404],
  ['/sumdb/sum.example', 404],
  ['/sumdb/sum.example/', 404],
  ['/sumdb/sum.example/nothing', 404],
  ['/sumdb/sum.example/lookup/x.y/z', 400],
  ['/sumdb/sum.example/lookup/x.y/z@main', 400],
  ['/sumdb/sum.example/lookup/x.y/Z@v1.0.0', 400],
  ['/sumdb/sum.example/lookup/x.y/z@v1.0.0/go.mod', 400],
  ['/sumdb/sum.example/tile/8/0/5', 400],
  ['/sumdb/sum.example/tile/8/64/005', 400],
  ['/sumdb/sum.example/tile/8/0/x000/005', 400],
  ['/sumdb/sum.example/tile/8/0/005.p/256', 400],
  ['/sumdb/sum.example/tile/8/0/005.p/0', 400],
  ['/sumdb/sum.example/tile/31/0/005', 400],
]

describe('request paths', () => {
  for (const [path, request] of good) {
    test(`${path} is understood`, () => expect(parse(path)).toEqual(request))
  }
  for (const [path, status] of refused) {
    test(`${JSON.stringify(path.slice(0, 60))} is refused with ${status}`, () => {
      const request = parse(path)
      if (request.kind !== 'refused') throw new Error(`understood as ${request.kind}`)
      expect(request.status).toBe(status)
      expect(request.reason).not.toBe('')
    })
  }

  const piece = fc.constantFrom(
    '/',
    '@v',
    '@latest',
    'list',
    '%21',
    '!',
    '%2e',
    '.',
    '%',
    'A',
    'x.y',
    '.info',
    'v1.0.0',
    'sumdb',
    'sum.example',
    'lookup',
    'tile/8/0/000',
    '\0',
    '+',
    ' ',
  )
  const hostile = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 14 }).map((pieces) => `/${pieces.join('')}`),
  )

  test('whatever arrives, what is understood is printable, clean and stable', () => {
    fc.assert(
      fc.property(hostile, (path) => {
        const request = parse(path)
        if (request.kind === 'refused') return
        expect(request.path).toMatch(/^[\x21-\x7e]+$/)
        expect(request.path.split('/')).not.toContain('..')
        expect(request.path).not.toMatch(/^\/|\/\/|\/$/)
        const prefix = 'database' in request ? `/sumdb/${request.database}/` : '/'
        expect(parse(prefix + request.path.replace(/[%!]/g, encodeURIComponent))).toEqual(
          parse(prefix + request.path.replaceAll('%', '%25')),
        )
      }),
      { numRuns: 2000 },
    )
  })
})
