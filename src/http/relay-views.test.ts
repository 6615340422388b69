import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { gunzipSync } from 'node:zlib'
import { failed, found } from '../cache/testing/scripted-upstream.ts'
import type { UpstreamAnswer } from '../upstream/upstream.ts'
import { rawRequest } from './testing/raw-request.ts'
import { type RelayRoom, relayRoom } from './testing/relay-room.ts'

const text = (words: string) => new TextEncoder().encode(words)
const plain = { 'accept-encoding': 'identity' }

let room: RelayRoom
beforeEach(async () => {
  room = await relayRoom()
})
afterEach(() => room[Symbol.asyncDispose]())

/** What the source says of a name, now and from then on. */
function says(name: string, ...bodies: string[]): void {
  room.upstream.script(`${name}/@v/list`, ...bodies.map((body) => () => found(text(body))))
}

const view = (name: string, headers: Record<string, string> = {}, method = 'GET') =>
  room.get(`/go/view/${name}`, { ...plain, ...headers }, method)
const textAt = async (name: string, headers: Record<string, string> = {}) =>
  (await view(name, headers)).text()
const base = () => `${room.server.url}/go`

/** Asked until it is answered from memory. */
async function heated(name: string, headers: Record<string, string> = {}): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await (await view(name, headers)).bytes()
  room.counted.length = 0
  await (await view(name, headers)).bytes()
  expect(room.counted.length).toBe(1)
  room.counted.length = 0
}

async function refreshed(name: string): Promise<void> {
  const { resource } = resourceOf(name)
  const kept = await room.cache.refresh(resource)
  if (kept.kind === 'refused') throw new Error(kept.refusal.reason)
}

function resourceOf(name: string) {
  return { resource: room.resourceAt(`/${name}/@v/list`) }
}

describe('an answer that was rendered', () => {
  test('is given again from memory, without its transform, its store or its source', async () => {
    says('left', 'abc')
    await heated('left')
    expect(await textAt('left')).toBe(`ABC for ${base()}`)
    expect([room.transforms, room.upstream.requests.length, room.counted.length]).toEqual([['upper'], 1, 1])
  })

  test('is another one for each encoding, variant and address', async () => {
    says('left', 'abc')
    says('left-beside', 'times')
    await heated('left')
    await heated('left', { 'x-beside': 'yes' })
    for (let turn = 0; turn < 3; turn++) {
      expect(await textAt('left')).toBe(`ABC for ${base()}`)
      expect(await textAt('left', { 'x-beside': 'yes' })).toBe(`ABC beside times for ${base()}`)
      expect(await textAt('left', { 'x-transform': 'repeat' })).toBe('abc')
      const request = `GET /go/view/left HTTP/1.1\r\nHost: packages.example:81\r\nConnection: close\r\n`
      const elsewhere = await rawRequest(room.server.url, `${request}\r\n`)
      expect(elsewhere.rest).toBe('ABC for http://packages.example:81/go')
      const packed = await rawRequest(room.server.url, `${request}Accept-Encoding: gzip\r\n\r\n`)
      expect([packed.headers.get('content-encoding'), packed.headers.get('vary')]).toEqual([
        'gzip',
        'X-Transform, Accept-Encoding',
      ])
      expect(gunzipSync(Buffer.from(packed.rest, 'latin1')).toString()).toBe(
        'ABC for http://packages.example:81/go',
      )
    }
    expect(room.transforms.length).toBe(5)
  })

  test('is void when its bytes change, and when those beside it do', async () => {
    says('left', 'abc', 'xyz')
    says('left-beside', 'times', 'dates')
    const beside = { 'x-beside': 'yes' }
    await heated('left')
    await heated('left', beside)
    await refreshed('left')
    expect(await textAt('left')).toBe(`XYZ for ${base()}`)
    expect(await textAt('left', beside)).toBe(`XYZ beside times for ${base()}`)
    await heated('left', beside)
    await refreshed('left-beside')
    expect(await textAt('left', beside)).toBe(`XYZ beside dates for ${base()}`)
  })

  test('is not remembered when its bytes changed while it was made', async () => {
    says('left', 'abc', 'xyz')
    await refreshed('left')
    const changing = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    room.beforeTransform = () => {
      began.resolve()
      return changing.promise
    }
    const early = textAt('left')
    await began.promise
    await refreshed('left')
    changing.resolve()
    expect(await early).toBe(`ABC for ${base()}`)
    expect(await textAt('left')).toBe(`XYZ for ${base()}`)
  })

  test('is void when what it is made from is removed', async () => {
    says('left', 'abc', 'xyz')
    await heated('left')
    await room.cache.remove('go/left/@v/list')
    expect(await textAt('left')).toBe(`XYZ for ${base()}`)
  })

  test('costs nothing for what is asked for once: thousands of packages stay below the bound of memory', async () => {
    const body = 'x'.repeat(3_000)
    for (let name = 0; name < 1_500; name += 50) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          says(`p${name + index}`, body)
          await textAt(`p${name + index}`)
          await textAt(`p${name + index}`)
        }),
      )
    }
    expect(room.relay.remembered).toBeLessThan(150)
    await heated('p1')
  }, 30_000)
})

describe('a view', () => {
  test('is confirmed by its tag and by its date', async () => {
    const lastModified = 'Wed, 01 Jan 2025 00:00:00 GMT'
    room.upstream.script(
      'left/@v/list',
      (): UpstreamAnswer => ({ ...found(text('abc')), lastModified }) as UpstreamAnswer,
    )
    for (let turn = 0; turn < 4; turn++) {
      const response = await view('left')
      const etag = response.headers.get('etag') ?? ''
      expect([await response.text(), response.headers.get('last-modified')]).toEqual([
        `ABC for ${base()}`,
        lastModified,
      ])
      const byTag = await view('left', { 'if-none-match': etag })
      const byDate = await view('left', { 'if-modified-since': lastModified })
      expect([byTag.status, byDate.status, await byTag.text()]).toEqual([304, 304, ''])
      expect([byTag.headers.get('etag'), byTag.headers.get('vary')]).toEqual([
        etag,
        'X-Transform, Accept-Encoding',
      ])
      expect((await view('left', { 'if-none-match': '"other"' })).status).toBe(200)
      const packed = await view('left', { 'accept-encoding': 'gzip', 'if-none-match': etag })
      expect(packed.status).toBe(200)
    }
  })

  test('answers HEAD with its length, its type and no body', async () => {
    says('left', 'abc')
    for (let turn = 0; turn < 3; turn++) {
      const head = await view('left', {}, 'HEAD')
      expect([
        head.status,
        head.headers.get('content-length'),
        head.headers.get('content-type'),
        await head.text(),
      ]).toEqual([200, String(`ABC for ${base()}`.length), 'application/vnd.test+json', ''])
    }
  })

  test('tells its age and how long it is good for; stale is served while one refresh runs', async () => {
    says('left', 'abc', 'xyz')
    await heated('left')
    room.nowMs += 7_000
    const aged = await view('left')
    expect([aged.headers.get('age'), aged.headers.get('cache-control')]).toEqual(['7', 'public, max-age=60'])
    room.nowMs += 60_000
    const fresh = Promise.withResolvers<void>()
    room.upstream.script('left/@v/list', async () => {
      await fresh.promise
      return found(text('xyz'))
    })
    const stale = await Promise.all(Array.from({ length: 10 }, () => view('left')))
    expect(await Promise.all(stale.map((response) => response.text()))).toEqual(
      Array(10).fill(`ABC for ${base()}`),
    )
    expect(stale[0]?.headers.get('cache-status')).toContain('a refresh is under way')
    expect(room.upstream.requests.length).toBe(2)
    fresh.resolve()
    await room.cache.askWhole(resourceOf('left').resource)
    await room.cache.close(1_000)
    expect(await textAt('left')).toBe(`XYZ for ${base()}`)
  })

  test('of a source that is down is served stale, and after that is not hammered', async () => {
    room.upstream.script('left/@v/list', () => found(text('abc')), failed())
    await heated('left')
    room.nowMs += 120_000
    for (let turn = 0; turn < 5; turn++) expect(await textAt('left')).toBe(`ABC for ${base()}`)
    expect(room.upstream.requests.length).toBe(2)
  })

  test('is fetched once and made once for a hundred who ask at once', async () => {
    const gate = Promise.withResolvers<void>()
    room.upstream.script('left/@v/list', async () => {
      await gate.promise
      return found(text('abc'))
    })
    const all = Array.from({ length: 100 }, () => textAt('left'))
    await until(() => room.upstream.requests.length > 0)
    gate.resolve()
    expect(new Set(await Promise.all(all))).toEqual(new Set([`ABC for ${base()}`]))
    expect([room.upstream.requests.length, room.transforms]).toEqual([1, ['upper']])
  })

  test('that one client does not wait for is made for the others', async () => {
    const gate = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    room.beforeTransform = () => {
      began.resolve()
      return gate.promise
    }
    says('left', 'abc')
    const impatient = new AbortController()
    const first = fetch(`${room.server.url}/go/view/left`, { headers: plain, signal: impatient.signal })
    first.catch(() => undefined)
    await began.promise
    const second = textAt('left')
    impatient.abort()
    await expect(first).rejects.toThrow()
    gate.resolve()
    expect(await second).toBe(`ABC for ${base()}`)
    expect(room.transforms).toEqual(['upper'])
  })

  test.each([
    ['refuses', 'refuse', 502, 'byte 3 is no letter'],
    ['kills its thread', 'die', 500, 'the thread that rewrites metadata'],
  ])(
    'whose transform %s fails alone: nothing of it is kept, and the next is well',
    async (_, transform, status, words) => {
      says('left', 'abc')
      const broken = await view('left', { 'x-transform': transform })
      expect([broken.status, await broken.text()]).toEqual([status, expect.stringContaining(words)])
      expect(await textAt('left')).toBe(`ABC for ${base()}`)
      const again = await view('left', { 'x-transform': transform })
      expect(again.status).toBe(status)
      expect(room.transforms).toEqual([transform, 'upper', transform])
      expect(room.crashes).toEqual([])
    },
  )
})

/** Lets other work go on until something has happened; a test's own limit ends it. */
async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setImmediate(resolve))
}
