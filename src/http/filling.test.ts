import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { found } from '../cache/testing/scripted-upstream.ts'
import { rawRequest } from './testing/raw-request.ts'
import { type RelayRoom, relayRoom } from './testing/relay-room.ts'

const blob = new Uint8Array(200 * 1024).map((_, at) => 97 + (at % 26))
const path = '/go/m/@v/v1.0.0.zip'
const upstreamPath = 'm/@v/v1.0.0.zip'

let room: RelayRoom
let release: () => void
let gate: Promise<void>
beforeEach(async () => {
  room = await relayRoom()
  ;({ promise: gate, resolve: release } = Promise.withResolvers<void>())
})
afterEach(() => room[Symbol.asyncDispose]())

/** The first half comes at once, the rest when the test says so. */
function half(options: Parameters<typeof found>[1] = {}) {
  return found(blob, { ...options, gate: (chunk) => (chunk < 3 ? Promise.resolve() : gate) })
}

const raw = (more = '') =>
  rawRequest(room.server.url, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}Connection: close\r\n\r\n`)

/** Reads a first piece; gives back what reads the rest and tells its size. */
async function readSome(response: Response): Promise<() => Promise<number>> {
  if (response.body === null) throw new Error('the answer has no body')
  const body: AsyncIterable<Uint8Array> = response.body
  const pieces = body[Symbol.asyncIterator]()
  const first = await pieces.next()
  expect(first.done).not.toBe(true)
  return async () => {
    let sizeBytes = 0
    for (;;) {
      const { value, done } = await pieces.next()
      if (done) return sizeBytes
      sizeBytes += value.byteLength
    }
  }
}

test('is sent as it comes, without a validator or anything else that outlives this attempt', async () => {
  room.upstream.script(upstreamPath, half())
  const response = await room.get(path)
  const { headers } = response
  expect(
    ['etag', 'content-length', 'age', 'accept-ranges', 'last-modified'].filter((name) => headers.has(name)),
  ).toEqual([])
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('cache-status')).toBe('Posthaste; fwd=uri-miss; stored')
  const rest = await readSome(response)
  release()
  await rest()
  expect(room.reports).toMatchObject([{ outcome: 'filled', bytes: blob.byteLength, reason: undefined }])
})

test('a range of it is not served, whatever If-Range says', async () => {
  room.upstream.script(upstreamPath, half())
  release()
  const { status, headers } = await raw('Range: bytes=5-9\r\nIf-Range: "x"\r\n')
  expect([status, headers.get('content-range')]).toEqual(['HTTP/1.1 200 OK', undefined])
})

test('who comes later joins from the first byte, and it is fetched once', async () => {
  room.upstream.script(upstreamPath, half())
  const first = await readSome(await room.get(path))
  const second = await room.get(path)
  expect(second.headers.get('cache-status')).toBe('Posthaste; fwd=uri-miss; stored; collapsed')
  release()
  const [, bytes] = await Promise.all([first(), second.bytes()])
  expect(bytes).toEqual(blob)
  expect(room.upstream.requests).toHaveLength(1)
  expect(room.reports.map(({ outcome }) => outcome).sort()).toEqual(['filled', 'joined'])
})

test('HEAD waits until it is whole and then tells its length and tag', async () => {
  room.upstream.script(upstreamPath, half())
  const first = await readSome(await room.get(path))
  const head = room.get(path, {}, 'HEAD')
  release()
  await first()
  const { headers } = await head
  expect([headers.get('content-length'), headers.has('etag')]).toEqual([String(blob.byteLength), true])
})

describe('a body that turns out bad is cut off, never ended', () => {
  const cut = async () => {
    const answer = raw()
    while (room.reports.length === 0 && room.upstream.requests.length === 0) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    release()
    const { status, headers, rest: body } = await answer
    expect([status, headers.get('transfer-encoding')]).toEqual(['HTTP/1.1 200 OK', 'chunked'])
    expect(body.endsWith('0\r\n\r\n')).toBe(false)
    expect(await room.store.find('go/m/@v/v1.0.0.zip')).toBeUndefined()
    expect(room.crashes).toEqual([])
  }

  test('when the source breaks off', async () => {
    const failure = { code: 'truncated', message: 'origin.example broke off' } as const
    room.upstream.script(upstreamPath, half({ breaks: failure }), {
      kind: 'failed',
      failure,
    })
    await cut()
    expect(room.reports).toMatchObject([{ outcome: 'filled', reason: 'origin.example broke off' }])
  })

  test('when its bytes are wrong: not even its last byte is sent', async () => {
    room.verdicts.set('go/m/@v/v1.0.0.zip', { verdict: 'wrong', reason: 'checksum mismatch' })
    room.upstream.script(upstreamPath, half(), {
      kind: 'failed',
      failure: { code: 'http', message: 'nobody else has it' },
    })
    await cut()
    expect(room.reports[0]?.bytes).toBeLessThan(blob.byteLength)
    expect(room.reports[0]?.reason).toContain('checksum mismatch')
  })
})

test('one that ends well is ended as such on the wire', async () => {
  room.upstream.script(upstreamPath, half())
  release()
  expect((await raw()).rest.endsWith('0\r\n\r\n')).toBe(true)
})

test('a client that leaves does not stop it', async () => {
  room.upstream.script(upstreamPath, half())
  const leaving = new AbortController()
  const response = await fetch(`${room.server.url}${path}`, { signal: leaving.signal })
  await readSome(response)
  leaving.abort()
  while (room.reports.length === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(room.reports[0]?.reason).toBe('the client left')
  release()
  while (room.cache.flights > 0) await new Promise((resolve) => setImmediate(resolve))
  expect((await room.store.find('go/m/@v/v1.0.0.zip'))?.sizeBytes).toBe(blob.byteLength)
})
