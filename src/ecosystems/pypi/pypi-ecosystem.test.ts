import { describe, expect, test } from 'bun:test'
import type { Asked, Asking, Located, Refusal } from '../ecosystem.ts'
import { createPypiEcosystem } from './pypi-ecosystem.ts'
import type { PypiEcosystemOptions } from './pypi-resources.ts'

const sha = 'ab'.repeat(32)
const json = 'application/vnd.pypi.simple.v1+json'

function pypi(options: Partial<PypiEcosystemOptions> = {}) {
  const located: Located = { kind: 'places', urls: [] }
  return createPypiEcosystem({
    ttl: { metadataMs: 300_000, missMs: 60_000 },
    isPrivate: (name) => name.startsWith('corp-'),
    forwardsPrivate: false,
    locatorOf: () => async () => located,
    proveFile: () => ({ check: async () => ({ verdict: 'proved' }) }),
    proveForm: () => ({ check: async () => ({ verdict: 'sound' }) }),
    ...options,
  })
}

function asking(headers: Record<string, string> = {}, more: Partial<Asking> = {}): Asking {
  return {
    method: 'GET',
    query: '',
    base: 'http://relay.example/pypi',
    atRoot: false,
    header: (name) => headers[name],
    ...more,
  }
}

function ask(
  path: string,
  headers?: Record<string, string>,
  more?: Partial<Asking>,
  options?: Partial<PypiEcosystemOptions>,
): Asked {
  return pypi(options).parse(path, asking(headers, more))
}

describe('requests', () => {
  test('a page is a view of the raw page, in the form that the client likes', () => {
    for (const [accept, form, mediaType, transform] of [
      [json, 'json', json, 'pypi.json'],
      ['text/html', 'html', 'text/html; charset=utf-8', 'pypi.html'],
      ['application/vnd.pypi.simple.v1+html', 'html-v1', 'application/vnd.pypi.simple.v1+html', 'pypi.html'],
    ] as const) {
      const asked = ask('/simple/numpy/', { accept })
      expect(asked).toMatchObject({
        kind: 'view',
        view: {
          key: `pypi/simple/numpy/~${form}`,
          mediaType,
          vary: 'Accept',
          transform: { name: transform, params: { project: 'numpy' } },
          of: {
            key: 'pypi/simple/numpy/',
            sources: 'pypi',
            path: 'numpy/',
            kind: 'page',
            shape: 'metadata',
            compressible: true,
            freshMs: 300_000,
          },
        },
      })
      expect(pypi().variantOf('/simple/numpy/', asking({ accept }))).toBe(form)
    }
  })

  test('the raw page is asked for as JSON first, and HTML is taken too', () => {
    const asked = ask('/simple/numpy/')
    expect(asked.kind === 'view' && asked.view.of.accept).toBe(
      `${json}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1`,
    )
  })

  test('a file is a resource of its own hash', () => {
    expect(ask(`/files/numpy/${sha}/numpy-1.0+x-py3-none-any.whl`)).toMatchObject({
      kind: 'resource',
      resource: {
        key: `pypi/files/numpy/${sha}/numpy-1.0%2Bx-py3-none-any.whl`,
        kind: 'wheel',
        shape: 'blob',
        freshMs: Number.POSITIVE_INFINITY,
        missMs: 0,
        mediaType: 'application/octet-stream',
      },
    })
    expect(ask(`/files/numpy/${sha}/numpy-1.0.tar.gz.metadata`)).toMatchObject({
      resource: { kind: 'metadata', shape: 'metadata', mediaType: 'text/plain; charset=utf-8' },
    })
  })

  const table: readonly (readonly [string, Asking, number, Record<string, string>, string])[] = [
    ['/simple', asking(), 301, { location: 'simple/' }, ''],
    ['/simple/NumPy', asking({}, { query: 'format=x' }), 301, { location: 'numpy/?format=x' }, ''],
    ['/simple/NumPy/', asking(), 301, { location: '../numpy/' }, ''],
    ['/simple/numpy/', asking({ accept: 'image/png' }), 406, { vary: 'Accept' }, `ask for ${json}`],
    ['/simple/numpy/', asking({}, { query: 'format=image/png' }), 406, {}, 'no form of this page'],
    ['/simple/../x/', asking(), 400, {}, 'the path holds a . or .. element'],
    ['/', asking(), 404, {}, 'set index-url to http://relay.example/pypi/simple/'],
    ['/legacy/', asking({}, { method: 'POST' }), 405, { allow: 'GET, HEAD' }, 'publish to the index itself'],
    ['', asking({}, { method: 'POST' }), 405, {}, 'no uploads and no XML-RPC'],
    [
      '/simple/numpy/',
      asking({}, { method: 'POST' }),
      405,
      { allow: 'GET, HEAD' },
      'publish to the index itself',
    ],
  ]
  test('requests that write come here, to be refused in words that help', () => {
    expect(pypi().takesWrites).toBe(true)
  })

  for (const [path, request, status, headers, text] of table) {
    test(`${request.method} ${path} is ${status}`, () => {
      const asked = pypi().parse(path, request)
      if (asked.kind !== 'answer') throw new Error(asked.kind)
      expect(asked.answer.status).toBe(status)
      expect(asked.answer.headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', ...headers })
      expect(asked.answer.body).toContain(text)
      expect(asked.answer.body.trimEnd()).not.toContain('\n')
    })
  }

  test('the JSON API is a view for each address under which we are reached', () => {
    const one = ask('/pypi/numpy/1.0/json')
    const other = ask('/numpy/1.0/json', {}, { base: 'http://other.example/pypi' })
    if (one.kind !== 'view' || other.kind !== 'view') throw new Error('no view')
    expect(one.view.of.key).toBe('pypi/pypi/numpy/1.0/json')
    expect(other.view.of.key).toBe(one.view.of.key)
    expect(other.view.key).not.toBe(one.view.key)
    expect(one.view.transform).toEqual({
      name: 'pypi.project',
      params: { project: 'numpy', base: 'http://relay.example/pypi' },
    })
    expect(one.view.of.sources).toBe('pypi-json')
    expect(one.view.of.path).toBe('numpy/1.0/json')
  })
})

describe('keys', () => {
  test('every key is printable and reads back to its resource', () => {
    const room = pypi()
    for (const path of [
      '/simple/',
      '/simple/numpy/',
      '/simple/corp-x/',
      '/pypi/numpy/json',
      '/pypi/corp-x/1.0/json',
      `/files/numpy/${sha}/n%C3%BCmpy%20%281%29-1.0.tar.gz`,
      `/files/corp-x/-/corp_x-1.0.tar.gz.metadata`,
    ]) {
      const asked = room.parse(path, asking())
      const resource =
        asked.kind === 'view' ? asked.view.of : asked.kind === 'resource' ? asked.resource : undefined
      if (resource === undefined) throw new Error(path)
      expect(resource.key).toMatch(/^pypi\/[\x21-\x7e]+$/)
      const again = room.parse(resource.key.slice('pypi'.length))
      expect(again.kind === 'resource' && again.resource.key).toBe(resource.key)
      expect(again.kind === 'resource' && again.resource.sources).toBe(resource.sources)
    }
  })

  test('what was public is void once it is private, and the other way round', () => {
    expect(pypi().parse('/simple/corp-x/').kind).toBe('answer')
    expect(pypi().parse('/private/simple/numpy/').kind).toBe('answer')
    expect(pypi().parse('/private/simple/').kind).toBe('answer')
  })

  test('no client reaches a private key by its spelling', () => {
    expect(ask('/private/simple/corp-x/')).toMatchObject({ kind: 'answer', answer: { status: 404 } })
  })
})

describe('private names', () => {
  test('they have keys, sources and a mark of their own', () => {
    for (const path of ['/simple/corp-x/', '/corp-x/json', `/files/corp-x/${sha}/corp_x-1.0.tar.gz`]) {
      const asked = ask(path)
      const resource =
        asked.kind === 'view' ? asked.view.of : asked.kind === 'resource' ? asked.resource : undefined
      expect(resource?.key).toStartWith('pypi/private/')
      expect(resource?.sources).toStartWith('pypi-private')
      expect(resource?.isPrivate).toBe(true)
    }
  })

  test('no glance at the path takes a private file for a public one', () => {
    expect(pypi().nameOfFixed?.(`/files/corp-x/${sha}/corp_x-1.0.tar.gz`)).toBeUndefined()
    expect(pypi().nameOfFixed?.(`/files/numpy/${sha}/numpy-1.0.tar.gz`)).toBe('numpy')
    expect(pypi().nameOfFixed?.(`/files/numpy/${sha}/numpy-1.0.tar.gz.provenance`)).toBeUndefined()
    expect(pypi().nameOfFixed?.('/files/numpy/-/numpy-1.0.tar.gz')).toBeUndefined()
    expect(pypi().nameOfFixed?.(`/files/numpy/${sha}/numpy-1.0%2Bx.tar.gz`)).toBeUndefined()
  })

  test("a client's own credentials go to the private source and nowhere else", () => {
    const options = { forwardsPrivate: true }
    const headers = { authorization: 'Basic x', accept: json, cookie: 'c' }
    expect(ask('/simple/corp-x/', headers, {}, options)).toEqual({
      kind: 'forward',
      forward: {
        ecosystem: 'pypi',
        name: 'corp-x',
        sources: 'pypi-private',
        path: 'corp-x/',
        method: 'GET',
        headers: { accept: json, authorization: 'Basic x' },
        maxRequestBytes: 0,
        maxBytes: 64 << 20,
        accepts: [json],
        freshMs: 0,
        isPrivate: true,
      },
    })
    expect(ask('/simple/numpy/', headers, {}, options).kind).toBe('view')
    const pip = `${json}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01`
    expect(ask('/simple/corp-x/', { ...headers, accept: pip }, {}, options)).toMatchObject({
      forward: {
        headers: { accept: `${json}, application/vnd.pypi.simple.v1+html;q=0.8, text/html;q=0.7` },
        accepts: [json, 'application/vnd.pypi.simple.v1+html', 'text/html'],
      },
    })
    expect(ask('/simple/corp-x/', { accept: json }, {}, options).kind).toBe('view')
    expect(ask('/simple/corp-x/', headers).kind).toBe('view')
  })
})

describe('refusals', () => {
  const sought = { name: 'numpy', kind: 'page', path: 'numpy/', missMs: 60_000 }
  const table: readonly (readonly [Refusal, number, Record<string, string>, string])[] = [
    [
      { kind: 'not-found', reason: 'no such project' },
      404,
      { 'cache-control': 'public, max-age=60' },
      'no such project: check the spelling of the name',
    ],
    [{ kind: 'not-found', reason: 'x', fleeting: true }, 404, { 'cache-control': 'no-store' }, 'x'],
    [
      { kind: 'denied', status: 403, reason: 'blocked' },
      403,
      {},
      'blocked: ask whoever runs that index for access',
    ],
    [{ kind: 'upstream-failed', reason: 'it is down' }, 502, {}, 'it is down: try again'],
    [{ kind: 'upstream-failed', reason: 'busy', retryAfterMs: 1_500 }, 503, { 'retry-after': '2' }, 'busy'],
    [{ kind: 'not-configured', reason: 'none', hint: 'set it' }, 503, {}, 'none: set it'],
    [{ kind: 'store-failed', reason: 'full', hint: 'free' }, 503, {}, 'full: free'],
    [{ kind: 'loop', reason: 'loop', hint: 'mend' }, 508, {}, 'loop: mend'],
    [{ kind: 'upstream-failed', reason: 'two\nlines\u001b[31m\u202e' }, 502, {}, 'two lines?[31m?: try'],
  ]
  test('of a private name they do not send its owner to the public sources', () => {
    const hidden = { ...sought, name: 'corp-x' }
    expect(pypi().refuse({ kind: 'upstream-failed', reason: 'it is down' }, hidden).body).toBe(
      'it is down: try again, or name another index in pypi.privateUpstream\n',
    )
    expect(pypi().refuse({ kind: 'not-found', reason: 'x' }, hidden).headers).toMatchObject({
      'cache-control': 'private, max-age=60',
    })
  })

  for (const [refusal, status, headers, text] of table) {
    test(`${refusal.kind} is ${status}: ${text}`, () => {
      const rendered = pypi().refuse(refusal, sought)
      expect(rendered.status).toBe(status)
      expect(rendered.headers).toMatchObject(headers)
      expect(rendered.body).toContain(text)
    })
  }
})
