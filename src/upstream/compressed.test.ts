import { describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { asFailure } from './failure.ts'
import { answer, fakeServer, type Script, saying } from './testing/fake-server.ts'
import { ask, bodyOf, failureOf, nextOf, request, textOf, upstreamOf } from './testing/upstream-fixture.ts'
import type { UpstreamRequest } from './upstream.ts'

const plain = JSON.stringify({ name: 'left-pad', versions: 'x'.repeat(5_000) })
const packed = gzipSync(plain)
const gzip = { 'Content-Encoding': 'gzip' }
const packument: Partial<UpstreamRequest> = {
  path: 'left-pad',
  shape: 'metadata',
  compressible: true,
  accept: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8',
}

describe('what a source may compress', () => {
  test('is asked for so, with its Accept; anything else is asked for plain', async () => {
    await using server = await fakeServer(saying(answer('200 OK', packed, gzip)))
    await using upstream = upstreamOf(server.url)
    const found = await ask(upstream, packument)
    expect(found).toMatchObject({ kind: 'found', sizeBytes: undefined })
    expect(await textOf(found)).toBe(plain)
    server.script = saying(answer('200 OK', plain))
    expect(await textOf(await ask(upstream))).toBe(plain)
    const asked = server.seen.map(({ headers }) => [headers.get('accept-encoding'), headers.get('accept')])
    expect(asked).toEqual([
      ['gzip', packument.accept],
      ['identity', '*/*'],
    ])
  })

  test('is recognised when the source does not say so, however it is cut', async () => {
    const cuts = [1, 2, 3, packed.length]
    const whole = answer('200 OK', packed)
    for (const cut of cuts) {
      await using server = await fakeServer((socket) => {
        socket.write(whole.subarray(0, whole.length - packed.length + cut))
        setImmediate(() => void socket.write(packed.subarray(cut)))
      })
      await using upstream = upstreamOf(server.url)
      const found = await ask(upstream, packument)
      expect(found).toMatchObject({ kind: 'found', sizeBytes: undefined })
      expect(await textOf(found)).toBe(plain)
    }
  })

  test('may be plain, tiny or empty, and keeps its size then', async () => {
    for (const text of [plain, '{}', '\x1f', '']) {
      await using server = await fakeServer(saying(answer('200 OK', Buffer.from(text, 'latin1'))))
      await using upstream = upstreamOf(server.url)
      const found = await ask(upstream, packument)
      expect(found).toMatchObject({ kind: 'found', sizeBytes: text.length })
      expect((await bodyOf(found)).toString('latin1')).toBe(text)
    }
  })

  test('is left as it is when it may not be compressed: a .tgz is gzip by nature', async () => {
    await using server = await fakeServer(saying(answer('200 OK', packed)))
    await using upstream = upstreamOf(server.url)
    expect(await bodyOf(await ask(upstream))).toEqual(packed)
  })

  test.each([
    ['plain text called gzip', answer('200 OK', plain, gzip)],
    ['gzip that ends too early', answer('200 OK', packed.subarray(0, -20), gzip)],
    ['gzip with a wrong checksum', answer('200 OK', withWrongChecksum(packed), gzip)],
    ['unannounced gzip that ends too early', answer('200 OK', packed.subarray(0, -20))],
    ['an unknown coding', answer('200 OK', packed, { 'Content-Encoding': 'zstd-x' })],
  ])('%s is refused, and the next source is asked', async (_, bytes) => {
    await using lying = await fakeServer(saying(bytes))
    await using upstream = upstreamOf(lying.url)
    expect(await failureOf(await ask(upstream, packument))).toMatchObject({ code: 'malformed' })

    await using sound = await fakeServer(saying(answer('200 OK', packed, gzip)))
    await using both = upstreamOf(`${lying.url}|${sound.url}`)
    const walk = both.walk({ ...request, ...packument })
    const texts: string[] = []
    for (let turn = 0; turn < 2 && texts.length === 0; turn++) {
      try {
        texts.push(await textOf(await nextOf(walk)))
      } catch (error) {
        walk.reject(asFailure(error, 'a source'))
      }
    }
    expect(texts).toEqual([plain])
  })

  test.each([
    ['announced', gzip],
    ['unannounced', {}],
  ])('a bomb is bounded as it is decoded, %s', async (_, fields: Record<string, string>) => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    expect(bomb.length).toBeLessThan(request.maxBytes)
    await using server = await fakeServer(saying(answer('200 OK', bomb, fields)))
    await using upstream = upstreamOf(server.url)
    const found = await ask(upstream, packument)
    expect(await failureOf(found)).toMatchObject({ code: 'too-large' })
  })

  test.each([
    ['coded', answer('200 OK', packed, gzip)],
    ['plain', answer('200 OK', plain)],
  ])('is asked for again when nothing of it came, and may be %s then', async (_, second) => {
    await using server = await fakeServer((socket) => {
      if (server.seen.length > 1) return void socket.write(second)
      socket.end(answer('200 OK', packed, gzip).subarray(0, -packed.length))
    })
    await using upstream = upstreamOf(server.url)
    expect(await textOf(await ask(upstream, packument))).toBe(plain)
    expect(server.seen.length).toBe(2)
  })

  test('comes out whole whatever its size, its coding and the way it is cut', async () => {
    // Small ones are decoded at once; those that are large, or become large, in a stream.
    const texts = ['', '{}', plain, 'x'.repeat(300_000), Buffer.from(randomBytes(50_000)).toString('hex')]
    const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }
    for (const text of texts) {
      for (const [coding, pack] of Object.entries(codings)) {
        const bytes = pack(text)
        const whole = answer('200 OK', bytes, { 'Content-Encoding': coding })
        const head = whole.length - bytes.length
        await using server = await fakeServer((socket) => {
          socket.write(whole.subarray(0, head + 5))
          setImmediate(() => void socket.write(whole.subarray(head + 5)))
        })
        await using upstream = upstreamOf(server.url)
        expect((await textOf(await ask(upstream, packument))) === text).toBe(true)
      }
    }
  })

  test('may be several gzip members', async () => {
    const members = Buffer.concat([gzipSync('one '), gzipSync('two')])
    await using server = await fakeServer(saying(answer('200 OK', members, gzip)))
    await using upstream = upstreamOf(server.url)
    expect(await textOf(await ask(upstream, packument))).toBe('one two')
  })

  test('is not continued in the middle: half a coded body is half of nothing', async () => {
    const cut: Script = (socket) => {
      socket.write(answer('200 OK', packed, gzip).subarray(0, -20))
      socket.end()
    }
    await using server = await fakeServer(cut)
    await using upstream = upstreamOf(server.url)
    expect(await failureOf(await ask(upstream, packument))).toMatchObject({ code: 'truncated' })
    expect(server.seen.some(({ headers }) => headers.has('range'))).toBe(false)
  })

  test('is confirmed by the validator of its coded form', async () => {
    const etag = 'W/"5d-gzip"'
    await using server = await fakeServer((socket, { headers }) => {
      const same = headers.get('if-none-match') === etag && headers.get('accept-encoding') === 'gzip'
      socket.write(
        same
          ? answer('304 Not Modified', '', { ETag: etag, ...gzip })
          : answer('200 OK', packed, { ...gzip, ETag: etag }),
      )
    })
    await using upstream = upstreamOf(server.url)
    const found = await ask(upstream, packument)
    if (found.kind !== 'found') throw new Error(found.kind)
    expect(found.etag).toBe(etag)
    expect(await textOf(found)).toBe(plain)
    const validators = { source: found.source.id, etag }
    expect(await ask(upstream, { ...packument, validators })).toMatchObject({ kind: 'not-modified' })
  })
})

function withWrongChecksum(bytes: Uint8Array): Buffer {
  const changed = Buffer.from(bytes)
  changed[changed.length - 8] = (changed[changed.length - 8] ?? 0) ^ 0xff
  return changed
}
