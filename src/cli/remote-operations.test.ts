import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { remoteOperations } from './remote-operations.ts'

let server: ReturnType<typeof Bun.serve>
let proxy: ReturnType<typeof Bun.serve>
let answer: () => Response
const asked: string[] = []
const proxied: string[] = []

beforeAll(() => {
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const { pathname, search } = new URL(request.url)
      asked.push(`${request.method} ${pathname}${search} ${request.headers.get('authorization')}`)
      return answer()
    },
  })
  proxy = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      proxied.push(request.url)
      return Response.json({ objects: 666, bytes: 0 })
    },
  })
})
afterAll(() => Promise.all([server.stop(true), proxy.stop(true)]))
afterEach(() => {
  asked.length = 0
})

const operations = (token?: string) => remoteOperations(`http://127.0.0.1:${server.port}`, token)

test('a proxy of the environment never sees the token of a server on this machine', async () => {
  const before = process.env.HTTP_PROXY
  process.env.HTTP_PROXY = `http://127.0.0.1:${proxy.port}`
  try {
    expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).json()).toMatchObject({ objects: 666 })
    proxied.length = 0
    answer = () => Response.json({ objects: 1, bytes: 2 })
    expect(await operations('right-right-right').remove('go/*')).toEqual({ objects: 1, bytes: 2 })
  } finally {
    if (before === undefined) delete process.env.HTTP_PROXY
    else process.env.HTTP_PROXY = before
  }
  expect([proxied, asked]).toEqual([[], ['POST /api/cache/remove?pattern=go%2F* Bearer right-right-right']])
})

test.each([
  [401, '{"error": "no"}', 'refused: no', 'admin.token'],
  [403, '{"error": "no"}', 'refused: no', 'admin.token'],
  [500, '{"error": "full", "hint": "make room"}', 'refused: full', 'make room'],
  [500, 'a page', 'it answered with status 500', 'log of the server'],
])('status %d with %s', async (status, body, message, hint) => {
  answer = () => new Response(body, { status })
  await expect(operations().stats()).rejects.toMatchObject({
    code: 'admin.failed',
    message: expect.stringContaining(message),
    hint: expect.stringContaining(hint),
  })
})

test.each(['a page', '[', ''])('200 with %j is not the answer of our server', async (body) => {
  answer = () => new Response(body)
  await expect(operations().stats()).rejects.toMatchObject({ code: 'admin.failed' })
})

test('a server that cuts the answer off does not answer', async () => {
  const cutting = createServer((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"objects": 1}'))
  })
  await new Promise<void>((resolve) => cutting.listen(0, '127.0.0.1', resolve))
  const address = cutting.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const cut = remoteOperations(`http://127.0.0.1:${port}`, undefined)
  await expect(cut.stats()).rejects.toMatchObject({ code: 'admin.failed' })
  await new Promise((resolve) => cutting.close(resolve))
})
