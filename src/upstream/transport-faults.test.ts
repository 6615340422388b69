import { describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { answer, fakeServer, type Script, saying } from './testing/fake-server.ts'
import { ask, bodyOf, failureOf, textOf, upstreamOf } from './testing/upstream-fixture.ts'
import type { FailureCode } from './upstream.ts'

const longBody = 'x'.repeat(10_000)
const head = (...fields: string[]) =>
  `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`
const closing =
  (bytes: string | Uint8Array): Script =>
  (socket) =>
    void socket.end(bytes)

describe('a fault of the answer', () => {
  const faults: readonly (readonly [string, FailureCode, Script])[] = [
    ['silence instead of a head', 'timeout', () => undefined],
    ['a head that comes drop by drop', 'timeout', drip('HTTP/1.1 200 OK\r\n')],
    ['silence in the body', 'stall', saying(`${head('Content-Length: 9999')}${'x'.repeat(200)}`)],
    ['a drip of one byte at a time', 'stall', drip('x'.repeat(1000), head('Content-Length: 9999'))],
    ['a drip in a chunked body', 'stall', drip('1\r\nx\r\n'.repeat(100), head('Transfer-Encoding: chunked'))],
    ['an end before the length', 'truncated', closing(`${head('Content-Length: 9999')}part`)],
    [
      'an end without the last chunk',
      'truncated',
      closing(`${head('Transfer-Encoding: chunked')}4\r\npart\r\n`),
    ],
    ['an end amid the head', 'truncated', closing('HTTP/1.1 200 OK\r\nContent-')],
    ['an end instead of a head', 'reset', closing('')],
    ['a reset instead of a head', 'reset', (socket) => void socket.resetAndDestroy()],
    ['a reset amid the body', 'reset', resetAfter(`${head('Content-Length: 9999')}part`)],
    ['a reset amid the head', 'reset', resetAfter('HTTP/1.1 200 OK\r\nContent-')],
    ['more bytes than announced', 'malformed', saying(`${head('Content-Length: 4')}partandmore`)],
    [
      'a length and a transfer coding',
      'malformed',
      saying(head('Content-Length: 4', 'Transfer-Encoding: chunked')),
    ],
    ['two different lengths', 'malformed', saying(`${head('Content-Length: 4', 'Content-Length: 5')}part`)],
    ['a length that is no number', 'malformed', saying(`${head('Content-Length: -4')}part`)],
    ['a transfer coding that is not known', 'malformed', saying(head('Transfer-Encoding: gzip, chunked'))],
    ['a broken chunk size', 'malformed', saying(`${head('Transfer-Encoding: chunked')}zz\r\n`)],
    [
      'a chunk longer than it said',
      'malformed',
      saying(`${head('Transfer-Encoding: chunked')}2\r\nlonger\r\n0\r\n\r\n`),
    ],
    [
      'an endless chunk extension',
      'malformed',
      saying(`${head('Transfer-Encoding: chunked')}4;${'e'.repeat(10_000)}`),
    ],
    [
      'endless trailers',
      'malformed',
      saying(`${head('Transfer-Encoding: chunked')}0\r\n${'T: t\r\n'.repeat(9000)}`),
    ],
    ['HTTP/0.9', 'malformed', closing('<html>hello</html>')],
    ['another protocol', 'malformed', saying('SSH-2.0-OpenSSH_9.2\r\n')],
    ['a broken status line', 'malformed', saying('HTTP/1.1 OK\r\n\r\n')],
    ['a header without a name', 'malformed', saying('HTTP/1.1 200 OK\r\n: x\r\n\r\n')],
    ['a folded header', 'malformed', saying('HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n')],
    ['a control character in a header', 'malformed', saying('HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n')],
    ['a switch of protocols', 'malformed', saying('HTTP/1.1 101 Switching\r\n\r\n')],
    ['endless interim answers', 'malformed', saying('HTTP/1.1 103 Early\r\n\r\n'.repeat(50))],
    ['a flood of small headers', 'malformed', saying(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(300)}\r\n`)],
    ['a flood of one endless header', 'malformed', saying(`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(200_000)}`)],
    [
      'a part that nobody asked for',
      'malformed',
      saying(answer('206 Partial', 'x', { 'Content-Range': 'bytes 5-5/9' })),
    ],
    ['a 304 that nobody asked for', 'http', saying('HTTP/1.1 304 Not Modified\r\n\r\n')],
    ['a success without a body', 'http', saying('HTTP/1.1 204 No Content\r\n\r\n')],
    ['a body announced beyond its bound', 'too-large', saying(head('Content-Length: 99999999'))],
    ['a body that grows beyond its bound', 'too-large', closing(head() + 'x'.repeat((1 << 20) + 1))],
    ['a gzip bomb', 'too-large', saying(gzipped(gzipSync(Buffer.alloc(64 << 20))))],
    ['gzip that is none', 'malformed', saying(gzipped(Buffer.from('no gzip')))],
    ['gzip that breaks off', 'malformed', saying(gzipped(gzipSync(longBody).subarray(0, 30)))],
    ['gzip cut by the network', 'truncated', closing(gzipped(gzipSync(longBody)).subarray(0, -5))],
    [
      'a coding that is not known',
      'malformed',
      saying(answer('200 OK', 'x', { 'Content-Encoding': 'rot13' })),
    ],
    ['a burst of 503', 'http', saying(answer('503 Busy'))],
    ['a loop back to ourselves', 'http', saying(answer('508 Loop Detected'))],
  ]
  test.each(faults)('%s is %s', async (_, code, script) => {
    await using server = await fakeServer(script)
    const short = code === 'timeout' || code === 'stall' ? { firstByteMs: 300, stallMs: 200 } : {}
    await using upstream = upstreamOf(server.url, { limits: short })
    const failure = await failureOf(await ask(upstream))
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(new URL(server.url).host)
    // Nothing that broke may be used again.
    server.script = saying(answer('200 OK', 'sound'))
    expect(await textOf(await ask(upstream))).toBe('sound')
  })

  test('a length that is given twice but the same is taken', async () => {
    await using server = await fakeServer(saying(`${head('Content-Length: 4', 'Content-Length: 4')}part`))
    await using upstream = upstreamOf(server.url)
    expect(await textOf(await ask(upstream))).toBe('part')
  })

  test('chunks, extensions, trailers and interim answers are understood, in any cut', async () => {
    const text = `HTTP/1.1 103 Early\r\nLink: x\r\n\r\n${head('Transfer-Encoding: chunked')}4;a=b\r\nWiki\r\n5\r\npedia\r\n0\r\nT: t\r\n\r\n`
    for (const step of [1, 3, 7, 1000]) {
      await using server = await fakeServer(async (socket) => {
        for (let at = 0; at < text.length; at += step) {
          socket.write(text.slice(at, at + step))
          await new Promise(setImmediate)
        }
      })
      await using upstream = upstreamOf(server.url)
      expect(await textOf(await ask(upstream))).toBe('Wikipedia')
      expect(await textOf(await ask(upstream))).toBe('Wikipedia')
      expect(server.connections).toBe(1)
    }
  })

  test('a body without a length ends with the connection', async () => {
    await using server = await fakeServer(closing(`${head()}all of it`))
    await using upstream = upstreamOf(server.url)
    const found = await ask(upstream)
    expect(found).toMatchObject({ kind: 'found', sizeBytes: undefined })
    expect(await textOf(found)).toBe('all of it')
  })

  test('gzip that nobody asked for is undone', async () => {
    await using server = await fakeServer(saying(gzipped(gzipSync(longBody))))
    await using upstream = upstreamOf(server.url)
    const found = await ask(upstream)
    expect(found).toMatchObject({ sizeBytes: undefined })
    expect(await textOf(found)).toBe(longBody)
  })

  test('a page instead of a package shows itself by its media type', async () => {
    await using server = await fakeServer(
      saying(answer('200 OK', '<html>', { 'Content-Type': 'text/html; charset=x' })),
    )
    await using upstream = upstreamOf(server.url)
    expect(await ask(upstream)).toMatchObject({ kind: 'found', mediaType: 'text/html' })
  })

  test('a slow body that keeps moving is never cut', async () => {
    await using server = await fakeServer(async (socket) => {
      socket.write(head('Content-Length: 2000'))
      for (let sent = 0; sent < 2000; sent += 100) {
        socket.write('x'.repeat(100))
        await Bun.sleep(40)
      }
    })
    await using upstream = upstreamOf(server.url, {
      limits: { stallMs: 500, firstByteMs: 400, budgetMs: 400 },
    })
    expect((await bodyOf(await ask(upstream))).length).toBe(2000)
  })

  test('a reader that pauses is not taken for a stall of the sender', async () => {
    await using server = await fakeServer(saying(answer('200 OK', Buffer.alloc(800_000))))
    await using upstream = upstreamOf(server.url, { limits: { stallMs: 60 } })
    const found = await ask(upstream)
    if (found.kind !== 'found') throw new Error(found.kind)
    let size = 0
    for await (const chunk of found.body) {
      if (size === 0) await Bun.sleep(200)
      size += chunk.length
    }
    expect(size).toBe(800_000)
  })
})

describe('a refusal', () => {
  test.each([
    ['text/plain; charset=utf-8', 'line\n'.repeat(20), 'line\n'.repeat(8).trim()],
    ['text/plain', 'y'.repeat(5000), 'y'.repeat(648)],
    ['text/html', '<b>no</b>', ''],
    ['text/plain; charset=gbk', 'no', ''],
  ])('of %s is shown as far as go would show it', async (type, body, shown) => {
    await using server = await fakeServer(saying(answer('403 Forbidden', body, { 'Content-Type': type })))
    await using upstream = upstreamOf(server.url)
    expect(await ask(upstream)).toMatchObject({ kind: 'denied', status: 403, text: shown })
  })

  test('410 is as good as 404', async () => {
    await using server = await fakeServer(saying(answer('410 Gone')))
    await using upstream = upstreamOf(server.url)
    expect(await ask(upstream)).toMatchObject({ kind: 'missing', status: 410 })
  })

  test.each([
    ['429 Slow', '7', 7000],
    ['503 Busy', '7', 7000],
    ['429 Slow', 'Thu, 01 Jan 2026 00:00:07 GMT', 7000],
    ['429 Slow', 'soon', 1000],
    ['429 Slow', '99999999', 3_600_000],
  ])('%s with Retry-After %s is obeyed until then', async (status, value, waitMs) => {
    let now = Date.parse('2026-01-01T00:00:00Z')
    await using server = await fakeServer(saying(answer(status, '', { 'Retry-After': value })))
    await using upstream = upstreamOf(server.url, { now: () => now })
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'throttled', retryAfterMs: waitMs })
    server.script = saying(answer('200 OK', 'now'))
    now += waitMs - 1
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'throttled', retryAfterMs: 1 })
    expect(server.seen.length).toBe(1)
    now += 1
    expect(await textOf(await ask(upstream))).toBe('now')
  })
})

function gzipped(bytes: Uint8Array): Buffer {
  return answer('200 OK', bytes, { 'Content-Encoding': 'gzip' })
}

function drip(text: string, first = ''): Script {
  return async (socket) => {
    socket.write(first)
    for (const letter of text) {
      if (socket.destroyed) return
      socket.write(letter)
      await Bun.sleep(15)
    }
  }
}

function resetAfter(text: string): Script {
  return (socket) => {
    socket.write(text, () => void setTimeout(() => socket.resetAndDestroy(), 20))
  }
}
