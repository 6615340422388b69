import { describe, expect, test } from 'bun:test'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { answer, fakeServer, saying } from './testing/fake-server.ts'
import { listOf, upstreamOf } from './testing/upstream-fixture.ts'
import type { SendRequest, Sent } from './upstream.ts'

const audit: SendRequest = {
  sources: 'go',
  path: '-/npm/v1/security/advisories/bulk',
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"left-pad":["1.0.0"]}'),
  maxBytes: 10_000,
  safe: false,
  signal: new AbortController().signal,
}
const json = { 'Content-Type': 'application/json' }

async function httpServer(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function deadUrl(): Promise<string> {
  const server = await fakeServer(() => undefined)
  await server[Symbol.asyncDispose]()
  return server.url
}

const textIn = (sent: Sent) => (sent.kind === 'answered' ? Buffer.from(sent.body).toString() : sent)

describe('a request that is sent on', () => {
  test('arrives whole, and its answer comes back as it was', async () => {
    const body = Buffer.alloc(3_000_000, 'ab{}')
    const got: { method: string | undefined; url: string | undefined; same: boolean; hop: unknown }[] = []
    await using server = await httpServer(async (request, response) => {
      const same = (await read(request)).equals(body)
      const { method, url, headers } = request
      got.push({ method, url, same, hop: headers['posthaste-hop'] })
      response.writeHead(201, { ...json, 'Set-Cookie': 'a=b', 'npm-notice': 'hello' }).end('{"ok":true}')
    })
    await using upstream = upstreamOf(`${server.url}/registry/`)
    const sent = await upstream.send({ ...audit, method: 'PUT', path: '@corp%2fx?write=1', body })
    expect(sent).toMatchObject({ kind: 'answered', status: 201, headers: { 'npm-notice': 'hello' } })
    expect(sent.kind === 'answered' && Object.keys(sent.headers)).not.toContain('set-cookie')
    expect(got).toEqual([{ method: 'PUT', url: '/registry/@corp%2fx?write=1', same: true, hop: 'me' }])
  })

  test('names whoever passed it on before us', async () => {
    const hops: unknown[] = []
    await using server = await httpServer((request, response) => {
      hops.push(request.headers['posthaste-hop'])
      response.end('{}')
    })
    await using upstream = upstreamOf(server.url)
    await upstream.send({ ...audit, headers: { 'posthaste-hop': 'first, second' } })
    expect(hops).toEqual(['me, first, second'])
  })

  test('goes to the next source when the first could not be connected to, whatever it is', async () => {
    await using good = await fakeServer(saying(answer('200 OK', '{}', json)))
    await using upstream = upstreamOf(`${await deadUrl()}|${good.url}`)
    expect(textIn(await upstream.send(audit))).toBe('{}')
  })

  test.each([
    ['an error of one', answer('503 Busy', 'busy', json)],
    ['a cut without an answer', ''],
  ])('that can do harm goes nowhere else after %s; one that cannot does', async (_, bytes) => {
    await using bad = await fakeServer((socket) =>
      bytes === '' ? void socket.end() : void socket.write(bytes),
    )
    await using good = await fakeServer(saying(answer('200 OK', '{}', json)))
    await using upstream = upstreamOf(`${bad.url}|${good.url}`)
    const harmful = await upstream.send({ ...audit, body: undefined })
    expect(harmful.kind === 'answered' ? harmful.status : harmful.kind).toBe(bytes === '' ? 'failed' : 503)
    expect([bad.seen.length, good.seen.length]).toEqual([1, 0])
    expect(textIn(await upstream.send({ ...audit, body: undefined, safe: true }))).toBe('{}')
    expect(textIn(await upstream.send({ ...audit, body: undefined, method: 'GET' }))).toBe('{}')
  })

  test('keeps a refusal as it is, and asks nobody else', async () => {
    await using first = await fakeServer(
      saying(answer('401 Unauthorized', '{"error":"otp"}', { 'WWW-Authenticate': 'OTP' })),
    )
    await using second = await fakeServer(saying(answer('200 OK', '{}')))
    await using upstream = upstreamOf(`${first.url}|${second.url}`)
    const sent = await upstream.send({ ...audit, body: undefined, safe: true })
    expect(sent).toMatchObject({ status: 401, headers: { 'www-authenticate': 'OTP' } })
    expect(second.seen.length).toBe(0)
  })

  test('follows no redirect when it carries something; GET and HEAD do', async () => {
    await using target = await fakeServer(saying(answer('200 OK', '{}', json)))
    const moved = answer('307 Temporary Redirect', '', { Location: `${target.url}/elsewhere` })
    await using server = await fakeServer(saying(moved))
    await using upstream = upstreamOf(server.url)
    const headers = { authorization: 'Bearer mine' }
    expect(await upstream.send({ ...audit, headers, body: undefined })).toMatchObject({ status: 307 })
    expect(target.seen.length).toBe(0)
    expect(await upstream.send({ ...audit, headers, method: 'GET', body: undefined })).toMatchObject({
      status: 200,
    })
    expect(target.seen.map(({ headers }) => headers.has('authorization'))).toEqual([false])
    target.script = saying('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n')
    expect(await upstream.send({ ...audit, method: 'HEAD', body: undefined })).toMatchObject({ status: 200 })
  })

  test('shows the client’s own credentials in place of ours, once, and ours where it has none', async () => {
    await using server = await fakeServer(saying(answer('200 OK', '{}')))
    const host = new URL(server.url).host
    await using upstream = upstreamOf(server.url, {
      headers: { [host]: { AUTHORIZATION: 'Bearer ours', 'X-Own': '1' } },
    })
    await upstream.send({ ...audit, body: undefined, headers: { authorization: 'Bearer mine' } })
    await upstream.send({ ...audit, body: undefined })
    expect(server.seen.map(({ headers }) => [headers.get('authorization'), headers.get('x-own')])).toEqual([
      ['Bearer mine', '1'],
      ['Bearer ours', '1'],
    ])
  })

  test('cannot smuggle: neither names nor values of headers, nor its path, nor its method', async () => {
    await using server = await fakeServer(saying(answer('200 OK', '{}')))
    await using upstream = upstreamOf(`${server.url}/base`)
    const tries: Partial<SendRequest>[] = [
      { headers: { 'x: 1\r\nevil': '1' } },
      { headers: { 'x y': '1' } },
      { headers: { '': '1' } },
      { headers: { x: '1\r\nevil: 1' } },
      { headers: { x: '1\nevil: 1' } },
      { headers: { x: '1\0' } },
      { method: 'POST / HTTP/1.1\r\nevil: 1\r\n\r\nPOST' },
      { path: '../elsewhere' },
      { path: '%2e%2e/elsewhere' },
      { path: '..\\elsewhere' },
    ]
    for (const change of tries) {
      expect(await upstream.send({ ...audit, body: undefined, ...change })).toMatchObject({
        kind: 'failed',
        failure: { code: 'malformed' },
      })
    }
    expect(server.seen.length).toBe(0)
    await upstream.send({ ...audit, body: undefined, path: 'a\r\nevil: 1?b\n' })
    expect(server.seen.map(({ target, headers }) => [target, headers.has('evil')])).toEqual([
      ['/base/aevil:%201?b', false],
    ])
  })

  test('is not sent while offline, without a list, or by an empty one', async () => {
    await using server = await fakeServer(saying(answer('200 OK', '{}')))
    await using upstream = upstreamOf(server.url, {
      offline: true,
      lists: { go: listOf(server.url), empty: [] },
    })
    expect(await upstream.send(audit)).toMatchObject({ kind: 'failed', failure: { code: 'offline' } })
    expect(await upstream.send({ ...audit, sources: 'nowhere' })).toEqual({ kind: 'not-configured' })
    upstream.setOffline(false)
    expect(await upstream.send({ ...audit, sources: 'empty' })).toEqual({ kind: 'off' })
    expect(server.connections).toBe(0)
  })
})

describe('the answer', () => {
  test('is bounded, also as it is decoded', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000))
    for (const bytes of [
      answer('200 OK', 'x'.repeat(20_000)),
      answer('200 OK', bomb, { 'Content-Encoding': 'gzip' }),
    ]) {
      await using server = await fakeServer(saying(bytes))
      await using upstream = upstreamOf(server.url)
      const sent = await upstream.send({ ...audit, body: undefined })
      expect(sent).toMatchObject({ kind: 'failed', failure: { code: 'too-large' } })
    }
  })

  test('of HEAD, and of 204 and 304, has no body whatever its head says', async () => {
    const heads = [
      '200 OK\r\nContent-Length: 5000',
      '204 No Content',
      '304 Not Modified\r\nContent-Length: 5000',
    ]
    for (const head of heads) {
      await using server = await fakeServer(saying(`HTTP/1.1 ${head}\r\nContent-Encoding: gzip\r\n\r\n`))
      await using upstream = upstreamOf(server.url)
      const method = head.startsWith('200') ? 'HEAD' : 'GET'
      const sent = await upstream.send({ ...audit, method, body: undefined })
      expect(sent).toMatchObject({ kind: 'answered', status: Number(head.slice(0, 3)) })
      expect(textIn(sent)).toBe('')
    }
  })

  test('may take its time while it comes, and is given up when it does not', async () => {
    const limits = { firstByteMs: 400, stallMs: 200, stallBytes: 1 }
    await using slow = await fakeServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n')
      for (let at = 1; at <= 10; at++) setTimeout(() => void socket.write('x'), at * 80)
    })
    await using upstream = upstreamOf(slow.url, { limits })
    expect(textIn(await upstream.send({ ...audit, body: undefined }))).toBe('xxxxxxxxxx')
    slow.script = saying('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx')
    expect(await upstream.send({ ...audit, body: undefined })).toMatchObject({ failure: { code: 'stall' } })
    slow.script = () => undefined
    expect(await upstream.send({ ...audit, body: undefined })).toMatchObject({ failure: { code: 'timeout' } })
  })
})

describe('a large body on its way out', () => {
  const body = Buffer.alloc(24 * 1024 * 1024, 'tarball')

  test('may take longer than an answer may, as long as it moves', async () => {
    await using server = await httpServer(async (request, response) => {
      let bytes = 0
      for await (const chunk of request) {
        bytes += (chunk as Buffer).length
        if (bytes % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        else await new Promise((resolve) => setTimeout(resolve, 2))
      }
      response.writeHead(200, json).end(`{"bytes":${bytes}}`)
    })
    await using upstream = upstreamOf(server.url, { limits: { firstByteMs: 100, stallMs: 2_000 } })
    const sent = await upstream.send({ ...audit, method: 'PUT', body })
    expect(textIn(sent)).toBe(`{"bytes":${body.length}}`)
  })

  test('is given up when nobody takes it', async () => {
    await using server = await fakeServer(() => undefined, { onConnect: (socket) => void socket.pause() })
    await using upstream = upstreamOf(server.url, { limits: { stallMs: 200 } })
    const sent = await upstream.send({ ...audit, method: 'PUT', body })
    expect(sent).toMatchObject({ kind: 'failed', failure: { code: 'stall' } })
  })

  test('that is refused before it is there is refused, and its connection carries nothing else', async () => {
    let connections = 0
    await using server = await fakeServer(() => undefined, {
      onConnect: (socket) => {
        connections++
        socket.once('data', () => {
          socket.pause()
          socket.write(answer('401 Unauthorized', '{"error":"who are you"}', json))
        })
      },
    })
    await using upstream = upstreamOf(server.url)
    const asked = { ...audit, method: 'PUT', body }
    expect(textIn(await upstream.send(asked))).toBe('{"error":"who are you"}')
    expect(textIn(await upstream.send({ ...asked, method: 'GET', body: undefined }))).toBe(
      '{"error":"who are you"}',
    )
    expect(connections).toBe(2)
  })
})
