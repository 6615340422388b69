import { expect, test } from 'bun:test'
import { testUnless } from '../../support/test-unless.ts'
import { goMissing } from './go-client.ts'
import { scene } from './go-harness.ts'
import type { GoUpstream } from './go-upstream.ts'

const testGo = testUnless(goMissing)
/** `go` also asks for the parent, `corp.example`, which no pattern names. */
const privateRequests = (upstream: GoUpstream) =>
  Object.keys(upstream.counts().paths).filter((path) => /corp\.example\/[^@]/.test(path))

const env = { POSTHASTE_GO_PRIVATE: 'corp.example/*,*.corp.example' }

test('whatever is asked of a private name, the answer is 403 and no packet leaves', async () => {
  await using at = await scene({ modules: [] })
  const product = await at.serve({ env })
  for (const path of [
    'corp.example/a/@v/list',
    'corp.example/a/@latest',
    'corp.example/a/b/@v/v1.0.0.info',
    'corp.example/a/@v/main.info',
    'corp.example/a/@v/v1.0.0.zip',
    'git.corp.example/x/y/@v/v1.0.0.mod',
    'corp.example/%21a/@v/list',
    'corp.example/!a/@v/list',
  ]) {
    const response = await fetch(`${product.url}/go/${path}`)
    expect([path, response.status]).toEqual([path, 403])
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect((await response.text()).split('\n')[0]).toMatch(/private.*GOPRIVATE/)
  }
  const lookup = await fetch(`${product.url}/go/sumdb/sums.example/lookup/corp.example/a@v1.0.0`)
  expect(lookup.status).toBe(403)
  expect(privateRequests(at.upstream)).toEqual([])
})

test('a name beside the pattern is public', async () => {
  await using at = await scene({ modules: [] })
  const product = await at.serve({ env })
  expect((await fetch(`${product.url}/go/corp.example/@v/list`)).status).toBe(404)
  expect(at.upstream.requestsOf('corp.example/@v/list')).toBe(1)
})

testGo('go shows the fix, and does not go on to the next source', async () => {
  await using at = await scene({ modules: [] })
  const product = await at.serve({ env })
  for (const proxy of [`${product.url}/go`, `${product.url}/go,direct`]) {
    const result = await (await at.client(product, { proxy })).run('get', 'corp.example/a@v1.0.0')
    expect(result.code).toBe(1)
    expect(result.output).toContain('403')
    expect(result.output).toContain('GOPRIVATE')
  }
  expect(privateRequests(at.upstream)).toEqual([])
})
