import { describe, expect, test } from 'bun:test'
import { createServer } from 'node:http'
import { routeTarget, startProxyRouter } from './proxy-router.ts'

const options = { reference: new URL('http://127.0.0.1:1/mod'), through: new URL('http://127.0.0.1:2/go') }

describe('a request target', () => {
  test.each([
    ['/mod/rsc.io/quote/@v/list', '127.0.0.1:2', '/go/rsc.io/quote/@v/list'],
    [
      '/mod/github.com/%21dmitri/!x/@v/v1.0.0+incompatible.zip',
      '127.0.0.1:2',
      '/go/github.com/%21dmitri/!x/@v/v1.0.0+incompatible.zip',
    ],
    [
      '/mod/sumdb/localhost.localdev/sumdb/supported',
      '127.0.0.1:2',
      '/go/sumdb/localhost.localdev/sumdb/supported',
    ],
    ['/mod/404/rsc.io/quote/@v/list', '127.0.0.1:1', '/mod/404/rsc.io/quote/@v/list'],
    ['/mod/invalid/rsc.io/quote/@v/list', '127.0.0.1:1', '/mod/invalid/rsc.io/quote/@v/list'],
    ['/mod/redirect/11/rsc.io/quote/@latest', '127.0.0.1:1', '/mod/redirect/11/rsc.io/quote/@latest'],
    ['/mod/sumdb-504/sumdb/x/latest', '127.0.0.1:1', '/mod/sumdb-504/sumdb/x/latest'],
  ])('%s goes to %s as %s', (target, host, passed) => {
    const route = routeTarget(target, options)
    expect([route?.to.host, route?.target]).toEqual([host, passed])
  })

  test('goes to the reference when no proxy is under test', () => {
    const route = routeTarget('/mod/rsc.io/quote/@v/list', { ...options, through: undefined })
    expect([route?.to.host, route?.target]).toEqual(['127.0.0.1:1', '/mod/rsc.io/quote/@v/list'])
  })

  test('outside of the proxy goes nowhere', () => {
    expect(routeTarget('/other', options)).toBeUndefined()
  })
})

test('status, headers and body come through as the proxy sent them', async () => {
  const seen: string[] = []
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    response.writeHead(410, { 'content-type': 'text/plain', 'x-mark': 'yes' }).end('gone for good')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  try {
    const address = proxy.address()
    const port = typeof address === 'object' ? address?.port : undefined
    await using router = await startProxyRouter({
      reference: options.reference,
      through: new URL(`http://127.0.0.1:${port}/go`),
    })
    const response = await fetch(`${router.url}/example.com/%21x/@v/list`)
    expect([response.status, response.headers.get('x-mark'), await response.text()]).toEqual([
      410,
      'yes',
      'gone for good',
    ])
    expect(seen).toEqual(['GET /go/example.com/%21x/@v/list'])
  } finally {
    proxy.closeAllConnections()
    proxy.close()
  }
})

test('a proxy that is not there gives 502 and names it', async () => {
  await using router = await startProxyRouter(options)
  const response = await fetch(`${router.url}/example.com/x/@v/list`)
  expect([response.status, await response.text()]).toEqual([502, expect.stringContaining('127.0.0.1:2')])
})
