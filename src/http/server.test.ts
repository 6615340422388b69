import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { ListenError, startHttpServer } from './server.ts'
import { rawRequest } from './testing/raw-request.ts'
import { type RelayRoom, relayRoom } from './testing/relay-room.ts'

let room: RelayRoom
beforeEach(async () => {
  room = await relayRoom()
})
afterEach(() => room[Symbol.asyncDispose]())

describe('addresses', () => {
  test.each([
    ['/healthz', 200, 'ok\n'],
    ['/readyz', 200, 'ready\n'],
    ['/metrics', 200, 'posthaste_up 1\n'],
    ['/healthz?from=probe', 200, 'ok\n'],
    ['/nosuch', 404, 'nothing is served at /nosuch; the page at / names the addresses\n'],
    ['/api', 404, 'nothing is served at /api; the page at / names the addresses\n'],
  ])('%s', async (path, status, body) => {
    const response = await room.get(path)
    expect([response.status, await response.text()]).toEqual([status, body])
  })

  test('not ready yet is 503 with the time to come back', async () => {
    room.ready = false
    const response = await room.get('/readyz')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await room.get('/healthz')).status).toBe(200)
  })

  test('the page is not kept, and may load nothing', async () => {
    const { headers } = await room.get('/')
    expect([headers.get('cache-control'), headers.get('content-security-policy')]).toEqual([
      'no-store',
      "default-src 'none'",
    ])
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is for no package', async (method) => {
    const response = await room.get('/go/m/@v/v1.0.0.mod', {}, method)
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect(room.upstream.requests).toEqual([])
  })
})

describe('on the wire', () => {
  const send = (request: string) => rawRequest(room.server.url, request)

  test('HEAD has no body', async () => {
    const { status, rest } = await send('HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect([status, rest]).toEqual(['HTTP/1.1 200 OK', ''])
  })

  test.each([
    ['by HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n', 200],
    ['with an empty Host', 'GET /healthz?a HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', 200],
    ['with no name as Host', 'GET /healthz HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n', 200],
    ['the admin API, by HTTP/1.0', 'GET /api/status HTTP/1.0\r\n\r\n', 403],
    ['the page, by HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 200],
  ])('without a host to go by, the path counts: %s', async (_name, request, status) => {
    expect((await send(request)).status).toStartWith(`HTTP/1.1 ${status} `)
  })

  test.each([
    ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n'],
    [
      'a smuggled length',
      'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\nConnection: close\r\n\r\n',
    ],
    ['no HTTP', 'hello\r\n\r\n'],
  ])('%s is not served', async (_name, request) => {
    expect((await send(request)).status).not.toContain(' 200 ')
    expect((await room.get('/healthz')).status).toBe(200)
  })

  test('a body that nobody wants is refused beyond its bound', async () => {
    const response = await fetch(`${room.server.url}/api/cache/gc`, {
      method: 'POST',
      body: 'x'.repeat(65 * 1024),
    })
    expect(response.status).toBe(413)
  })
})

function start(
  listen: { host: string; port: number },
  own: Parameters<typeof startHttpServer>[0]['own'] = [],
) {
  return startHttpServer({
    listen,
    own,
    relay: room.relay,
    admin: Object.create(null),
    ready: () => true,
    metrics: () => '',
    home: () => ({ html: '', csp: '' }),
    crashed: () => undefined,
  })
}

function refused(begin: () => unknown): { message: string; hint: string } {
  try {
    begin()
  } catch (error) {
    if (error instanceof ListenError) return error
    throw error
  }
  throw new Error('it listens')
}

describe('where nobody can listen', () => {
  test('an address in use is said to be, with the flag that chooses another', () => {
    const taken = { host: '127.0.0.1', port: Number(new URL(room.server.url).port) }
    const first = refused(() => start(taken))
    expect(first.message).toBe(`the address 127.0.0.1:${taken.port} is in use`)
    expect(first.hint).toContain('another with --listen')
    const second = refused(() => start({ host: '127.0.0.1', port: 0 }, [{ id: 'npm', listen: taken }]))
    expect(second.hint).toContain('another with --npm-listen')
  })

  test('an address of another machine', () => {
    const { message } = refused(() => start({ host: '192.0.2.1', port: 0 }))
    expect(message).toBe('cannot listen on 192.0.2.1:0: this machine has no such address')
  })
})

test('stopping waits for the answers that run', async () => {
  const { promise: gate, resolve: release } = Promise.withResolvers<void>()
  room.upstream.script('m/@v/v1.0.0.mod', async () => {
    await gate
    return { kind: 'missing', source: { id: 'origin.example', clean: true }, status: 404, text: 'late' }
  })
  const answer = room.get('/go/m/@v/v1.0.0.mod', { connection: 'close' })
  while (room.upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const stopped = room.server.stop(false).then(() => 'stopped')
  release()
  expect(await (await answer).text()).toBe('late\n')
  expect(await stopped).toBe('stopped')
})
