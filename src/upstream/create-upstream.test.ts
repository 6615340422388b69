import { describe, expect, test } from 'bun:test'
import type { Socket } from 'node:net'
import { answer, fakeServer, saying } from './testing/fake-server.ts'
import { ask, failureOf, request, textOf, upstreamOf } from './testing/upstream-fixture.ts'

const ok = saying(answer('200 OK', 'whole', { 'Content-Type': 'Application/Zip; x=y', ETag: '"e"' }))
const gone = (socket: Socket) =>
  void socket.write(answer('404 Not Found', 'nothing\nhere', { 'Content-Type': 'text/plain' }))

describe('one source', () => {
  test('gives the body with what the source said of it', async () => {
    await using server = await fakeServer(ok)
    await using upstream = upstreamOf(`${server.url}/base/`)
    const found = await ask(upstream)
    expect(found).toMatchObject({ kind: 'found', sizeBytes: 5, etag: '"e"', mediaType: 'application/zip' })
    expect(await textOf(found)).toBe('whole')
    const [seen] = server.seen
    expect(seen?.target).toBe('/base/m/@v/v1.0.0.zip')
    expect(seen?.headers.get('user-agent')).toBe('posthaste/0.0.1')
    expect(seen?.headers.get('posthaste-hop')).toBe('me')
    expect(seen?.headers.get('accept-encoding')).toBe('identity')
  })

  test('keeps its connection for the next request', async () => {
    await using server = await fakeServer(ok)
    await using upstream = upstreamOf(server.url)
    for (let index = 0; index < 5; index++) await textOf(await ask(upstream))
    expect(server.connections).toBe(1)
  })

  test('a kept connection that died meanwhile costs nothing but a second one', async () => {
    await using server = await fakeServer(ok)
    await using upstream = upstreamOf(server.url)
    await textOf(await ask(upstream))
    server.script = (socket, { connection }) => {
      if (connection === 1) socket.destroy()
      else socket.write(answer('200 OK', 'again'))
    }
    expect(await textOf(await ask(upstream))).toBe('again')
    expect(server.seen.map(({ connection }) => connection)).toEqual([1, 1, 2])
  })

  test('a fresh connection that dies is tried once more', async () => {
    await using server = await fakeServer((socket) => void socket.destroy())
    await using upstream = upstreamOf(server.url)
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'reset' })
    expect(server.seen.length).toBe(2)
  })

  test('many requests at once stay within the connection limit', async () => {
    await using server = await fakeServer(ok)
    await using upstream = upstreamOf(server.url, { limits: { maxConnections: 3 } })
    const bodies = await Promise.all(Array.from({ length: 20 }, async () => textOf(await ask(upstream))))
    expect(new Set(bodies)).toEqual(new Set(['whole']))
    expect(server.connections).toBeLessThanOrEqual(3)
  })

  test('waiting for a connection that carries a living body does not count as silence', async () => {
    await using server = await fakeServer(async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n')
      for (let sent = 0; sent < 2000; sent += 100) {
        socket.write('x'.repeat(100))
        await Bun.sleep(30)
      }
    })
    await using upstream = upstreamOf(server.url, {
      limits: { maxConnections: 1, budgetMs: 400, stallMs: 400 },
    })
    const bodies = await Promise.all([1, 2, 3].map(async () => textOf(await ask(upstream))))
    expect(bodies.map(({ length }) => length)).toEqual([2000, 2000, 2000])
  })

  test('leaving the body, before or amid it, frees the connection', async () => {
    await using server = await fakeServer(
      (socket) => void socket.write(answer('200 OK', 'part', { 'Content-Length': '99' })),
    )
    await using upstream = upstreamOf(server.url, { limits: { maxConnections: 1 } })
    const first = await ask(upstream)
    if (first.kind !== 'found') throw new Error(first.kind)
    for await (const chunk of first.body) {
      expect(chunk.length).toBe(4)
      break
    }
    const second = await ask(upstream)
    if (second.kind !== 'found') throw new Error(second.kind)
    await second.body[Symbol.asyncIterator]().return?.()
    expect((await ask(upstream)).kind).toBe('found')
  })

  test('a body that nobody reads is given up, and its connection freed', async () => {
    await using server = await fakeServer(
      (socket) => void socket.write(answer('200 OK', 'part', { 'Content-Length': '99' })),
    )
    await using upstream = upstreamOf(server.url, { limits: { maxConnections: 1, unclaimedMs: 30 } })
    const forgotten = await ask(upstream)
    expect((await ask(upstream)).kind).toBe('found')
    expect(await failureOf(forgotten)).toMatchObject({ code: 'aborted' })
  })

  test.each(['not an address', 'ftp://mirror.example'])('at %s fails with a hint', async (url) => {
    await using upstream = upstreamOf('off')
    upstream.setLists({
      go: [{ kind: 'source', id: 'x', url, next: undefined, foundIn: 'here', origin: true }],
    })
    expect(await failureOf(await ask(upstream))).toMatchObject({
      code: 'malformed',
      hint: expect.stringContaining('here'),
    })
  })

  test.each(['../secret', 'a/%2e%2e/%2E%2e/secret', '//other.example/x'])(
    'is never asked for %s outside its base',
    async (path) => {
      await using server = await fakeServer(ok)
      await using upstream = upstreamOf(`${server.url}/base`)
      const found = await ask(upstream, { path })
      for (const { target } of server.seen) expect(target).toStartWith('/base/')
      if (server.seen.length === 0) expect(await failureOf(found)).toMatchObject({ code: 'malformed' })
    },
  )

  test('after closing nothing is sent any more', async () => {
    await using server = await fakeServer(ok)
    const upstream = upstreamOf(server.url)
    await textOf(await ask(upstream))
    await upstream.close()
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'aborted' })
    expect(server.seen.length).toBe(1)
  })

  test('aborting ends the body and frees the connection', async () => {
    await using server = await fakeServer(
      (socket) => void socket.write(answer('200 OK', 'part', { 'Content-Length': '99' })),
    )
    await using upstream = upstreamOf(server.url, { limits: { maxConnections: 1, stallMs: 60_000 } })
    const controller = new AbortController()
    const found = await upstream.walk(request).next(controller.signal)
    const failed = failureOf(found)
    controller.abort(new Error('enough'))
    expect(await failed).toMatchObject({ code: 'aborted' })
    expect((await ask(upstream)).kind).toBe('found')
  })

  test('aborting before the answer rejects with the reason', async () => {
    await using server = await fakeServer(() => undefined)
    await using upstream = upstreamOf(server.url, { limits: { firstByteMs: 60_000, budgetMs: 60_000 } })
    const reason = new Error('enough')
    expect(upstream.walk(request).next(AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const pending = upstream.walk(request).next(controller.signal)
    controller.abort(reason)
    expect(pending).rejects.toBe(reason)
    await pending.catch(() => undefined)
  })

  test('a slow reader makes the sender wait, not the memory grow', async () => {
    const size = 64 << 20
    let sent = 0
    await using server = await fakeServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
      const chunk = Buffer.alloc(65_536)
      const more = () => {
        while (sent < size) {
          sent += chunk.length
          if (!socket.write(chunk)) return
        }
      }
      socket.on('drain', more)
      more()
    })
    await using upstream = upstreamOf(server.url)
    const found = await ask(upstream, { maxBytes: size })
    if (found.kind !== 'found') throw new Error(found.kind)
    const body = found.body[Symbol.asyncIterator]()
    await body.next()
    await Bun.sleep(100)
    expect(sent).toBeLessThan(32 << 20)
    let got = 0
    for (let next = await body.next(); next.done !== true; next = await body.next()) got += next.value.length
    expect(got).toBeGreaterThan(size - 300_000)
    expect(sent).toBe(size)
  })

  test('a conditional request goes only to the source that gave the validator', async () => {
    await using server = await fakeServer((socket, { headers }) => {
      socket.write(
        headers.get('if-none-match') === '"e"'
          ? 'HTTP/1.1 304 Not Modified\r\n\r\n'
          : answer('200 OK', 'new'),
      )
    })
    await using upstream = upstreamOf(server.url)
    const id = new URL(server.url).host
    expect((await ask(upstream, { validators: { source: id, etag: '"e"' } })).kind).toBe('not-modified')
    expect(await textOf(await ask(upstream, { validators: { source: 'other', etag: '"e"' } }))).toBe('new')
    expect(server.connections).toBe(1)
  })

  test('credentials in the address are sent, and masked where people look', async () => {
    await using server = await fakeServer(saying(answer('500 Oops')))
    const url = server.url.replace('//', '//me:s%20cret@')
    await using upstream = upstreamOf(url)
    await ask(upstream)
    expect(server.seen[0]?.headers.get('authorization')).toBe(
      `Basic ${Buffer.from('me:s cret').toString('base64')}`,
    )
    expect(JSON.stringify(upstream.states())).not.toMatch(/cret/)
    expect(upstream.states()[0]?.address).toContain('***@')
  })

  test('netrc gives credentials for its own host alone', async () => {
    await using server = await fakeServer(ok)
    await using upstream = upstreamOf(server.url, {
      netrc: 'machine 127.0.0.1 login a password b\nmachine x login c password d',
    })
    await ask(upstream)
    expect(server.seen[0]?.headers.get('authorization')).toBe(
      `Basic ${Buffer.from('a:b').toString('base64')}`,
    )
  })
})

describe('the record of a source', () => {
  test('is clean after eight proofs, and never again after a wrong body', async () => {
    await using server = await fakeServer(ok)
    await using upstream = upstreamOf(server.url)
    const id = new URL(server.url).host
    for (let index = 0; index < 8; index++) {
      expect(upstream.states()[0]?.clean).toBe(false)
      upstream.record(id, 'proved')
    }
    expect(await ask(upstream)).toMatchObject({ source: { id, clean: true } })
    upstream.record(id, 'wrong')
    for (let index = 0; index < 20; index++) upstream.record(id, 'proved')
    expect(upstream.states()[0]).toMatchObject({ clean: false, wrong: 1, proved: 28 })
  })

  test('counts requests and errors, and reports each attempt', async () => {
    await using server = await fakeServer(ok)
    const reports: unknown[] = []
    await using upstream = upstreamOf(server.url, { onAttempt: (report) => void reports.push(report) })
    await textOf(await ask(upstream))
    server.script = saying(answer('500 Bad', 'gate', { 'Content-Type': 'text/plain' }))
    const failure = await failureOf(await ask(upstream))
    expect(failure.message).toMatch(/answered 500: gate/)
    expect(upstream.states()[0]).toMatchObject({
      requests: 2,
      errors: 1,
      lastFailure: { code: 'http', status: 500 },
    })
    expect(reports).toMatchObject([
      { list: 'go', shape: 'blob', outcome: 'found', status: 200, bytes: 5 },
      { outcome: 'failed', code: 'http', status: 500 },
    ])
  })

  test('probes each source and says what it answered', async () => {
    await using good = await fakeServer(gone)
    await using bad = await fakeServer(saying(answer('500 Oops')))
    await using upstream = upstreamOf(`${good.url},${bad.url}`, { probePaths: { go: 'x/@v/list' } })
    const results = []
    for await (const probe of upstream.probe('go', new AbortController().signal)) results.push(probe)
    expect(results.map(({ ok: well }) => well)).toEqual([true, false])
    expect(results[0]?.detail).toContain('404')
    expect(good.seen[0]?.target).toBe('/x/@v/list')
  })

  test('connections are opened before they are needed', async () => {
    await using server = await fakeServer(ok, {})
    await using upstream = upstreamOf(server.url)
    upstream.warmUp('go', 2)
    await textOf(await ask(upstream))
    await textOf(await ask(upstream))
    expect(server.connections).toBe(2)
  })
})
