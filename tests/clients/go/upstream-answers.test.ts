import { describe, expect, test } from 'bun:test'
import type { Fault } from '../../../lab/faults.ts'
import { scene } from './go-harness.ts'

const path = 'lib.example/x/@v/v1.0.0.mod'
const status = (code: number, rest: Partial<Extract<Fault, { kind: 'status' }>> = {}): Fault => ({
  kind: 'status',
  status: code,
  ...rest,
})

interface Expected {
  readonly status: number
  readonly text: RegExp
  readonly cacheControl: RegExp
  readonly retryAfter?: RegExp
}

const outage = { cacheControl: /^no-store$/, text: /127\.0\.0\.1/ }

const cases: readonly [string, Fault, Expected][] = [
  [
    '404',
    status(404, { text: 'not found: no such tag' }),
    { status: 404, text: /no such tag/, cacheControl: /max-age=\d+/ },
  ],
  [
    '410',
    status(410, { text: 'gone: retracted' }),
    { status: 404, text: /retracted/, cacheControl: /max-age=\d+/ },
  ],
  [
    '403',
    status(403, { text: 'banned by policy' }),
    { status: 403, text: /banned by policy/, cacheControl: /^no-store$/ },
  ],
  ['429', status(429, { retryAfter: '7' }), { ...outage, status: 503, retryAfter: /^[1-7]$/ }],
  ['503', status(503, { retryAfter: '5' }), { ...outage, status: 503, retryAfter: /^[1-5]$/ }],
  ['500', status(500), { ...outage, status: 502 }],
  ['a reset before the headers', { kind: 'reset', afterBytes: 'headers' }, { ...outage, status: 502 }],
  ['a redirect loop', { kind: 'redirect-loop' }, { ...outage, status: 502, text: /redirect/ }],
  ['a page with status 200', { kind: 'html' }, { ...outage, status: 502 }],
]

describe('what the only upstream answers decides what the client gets', () => {
  test.each(cases)('%s', async (_, fault, expected) => {
    await using at = await scene()
    at.upstream.inject({ pattern: path, fault })
    const product = await at.serve()
    const response = await fetch(`${product.url}/go/${path}`)
    const text = await response.text()
    expect([response.status, text]).toEqual([expected.status, expect.stringMatching(expected.text)])
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(response.headers.get('cache-control')).toMatch(expected.cacheControl)
    if (expected.retryAfter) expect(response.headers.get('retry-after')).toMatch(expected.retryAfter)
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(8)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(648)
  })
})

test('with go.onOutage notFound an outage is a 404 that nobody may keep, and a denial stays a denial', async () => {
  await using at = await scene()
  const product = await at.serve({ env: { POSTHASTE_GO_ON_OUTAGE: 'notFound' } })
  at.upstream.inject({ pattern: path, fault: status(503) })
  const down = await fetch(`${product.url}/go/${path}`)
  expect([down.status, down.headers.get('cache-control')]).toEqual([404, 'no-store'])
  at.upstream.inject({ pattern: 'denied.example/*', fault: status(403, { text: 'no' }) })
  expect((await fetch(`${product.url}/go/denied.example/x/@v/v1.0.0.mod`)).status).toBe(403)
})

test('a 404 that becomes a 200 is seen after the miss has aged', async () => {
  await using at = await scene()
  const product = await at.serve({ env: { POSTHASTE_GO_TTL_MISS_MS: '0' } })
  at.upstream.inject({ pattern: path, fault: status(404), times: 1 })
  expect((await fetch(`${product.url}/go/${path}`)).status).toBe(404)
  expect((await fetch(`${product.url}/go/${path}`)).status).toBe(200)
})

test('within its time a miss is remembered', async () => {
  await using at = await scene()
  const product = await at.serve()
  const absent = 'absent.example/x/@v/list'
  for (let i = 0; i < 3; i++) expect((await fetch(`${product.url}/go/${absent}`)).status).toBe(404)
  expect(at.upstream.requestsOf(absent)).toBe(1)
})

test.each([
  ['after a comma an outage is final', ',', 502],
  ['after a bar an outage goes on', '|', 200],
])('%s', async (_, separator, expected) => {
  await using at = await scene()
  await using broken = await scene()
  broken.upstream.inject({ pattern: '*', fault: status(500) })
  const env = { POSTHASTE_GO_UPSTREAM: `${broken.upstream.url}${separator}${at.upstream.url}` }
  const product = await at.serve({ env })
  expect((await fetch(`${product.url}/go/${path}`)).status).toBe(expected)
})

test.each([
  ['alone, a text says where the client goes from here', 'direct', /direct/],
  ['after a source, the text is what the source said', 'URL,direct', /no such file/],
])('at direct the answer is 404: %s', async (_, list, text) => {
  await using at = await scene({ modules: [] })
  const env = { POSTHASTE_GO_UPSTREAM: list.replace('URL', at.upstream.url) }
  const product = await at.serve({ env })
  const response = await fetch(`${product.url}/go/${path}`)
  expect([response.status, await response.text()]).toEqual([404, expect.stringMatching(text)])
})

test.each([
  [
    'after a source that has no such thing it is that 404, so that go finds the module of a package',
    'URL,off',
    404,
  ],
  ['alone it forbids', 'off', 403],
])('at off: %s', async (_, list, expected) => {
  await using at = await scene({ modules: [] })
  const product = await at.serve({ env: { POSTHASTE_GO_UPSTREAM: list.replace('URL', at.upstream.url) } })
  expect((await fetch(`${product.url}/go/${path}`)).status).toBe(expected)
})
