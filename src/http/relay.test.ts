import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { clean, failed, found, missing } from '../cache/testing/scripted-upstream.ts'
import { HOP_HEADER } from './hops.ts'
import { INSTANCE, type RelayRoom, relayRoom } from './testing/relay-room.ts'

const text = (words: string) => new TextEncoder().encode(words)
const mod = text('module example.org/m\n')
const blob = new Uint8Array(200 * 1024).map((_, at) => at % 251)

let room: RelayRoom
beforeEach(async () => {
  room = await relayRoom()
})
afterEach(() => room[Symbol.asyncDispose]())

/** Asks once, so that it is kept. */
async function kept(path: string, bytes: Uint8Array): Promise<void> {
  room.upstream.script(path.slice('/go/'.length), found(bytes))
  const response = await room.get(path)
  expect([response.status, (await response.bytes()).byteLength]).toEqual([200, bytes.byteLength])
  room.reports.length = 0
  room.told.length = 0
}

describe('a kept object', () => {
  test.each([
    ['a small one', '/go/m/@v/v1.0.0.mod', mod],
    ['a file', '/go/m/@v/v1.0.0.zip', blob],
  ])('%s: length, validator, age and freshness are sent with the bytes', async (_name, path, bytes) => {
    await kept(path, bytes)
    room.nowMs += 7_500
    const response = await room.get(path)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-length': String(bytes.byteLength),
      'cache-control': 'public, max-age=31536000, immutable',
      'cache-status': 'Posthaste; hit',
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
      age: '7',
    })
    expect(await response.bytes()).toEqual(bytes)
    room.nowMs += 1_000
    expect((await room.get(path)).headers.get('age')).toBe('8')
    expect(room.upstream.requests).toHaveLength(1)
  })

  test('answers HEAD with the length and no body', async () => {
    await kept('/go/m/@v/v1.0.0.mod', mod)
    const response = await room.get('/go/m/@v/v1.0.0.mod', {}, 'HEAD')
    expect([response.status, response.headers.get('content-length')]).toEqual([200, String(mod.byteLength)])
    expect(await response.text()).toBe('')
  })

  test('is a file with a name that is safe to save', async () => {
    await kept('/go/m/@v/v1.0.0.zip', blob)
    const { headers } = await room.get('/go/m/@v/v1.0.0.zip')
    expect(headers.get('content-disposition')).toBe('inline; filename="m@v1.0.0.zip"')
  })

  test('is told apart from what is new: 304 to its own tag', async () => {
    await kept('/go/m/@v/v1.0.0.mod', mod)
    const etag = (await room.get('/go/m/@v/v1.0.0.mod')).headers.get('etag') ?? ''
    const response = await room.get('/go/m/@v/v1.0.0.mod', { 'if-none-match': etag })
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([304, etag, ''])
  })

  test('a list is fresh for its time and says how long', async () => {
    await kept('/go/m/@v/list', text('v1.0.0\n'))
    room.nowMs += 10_000
    const { headers } = await room.get('/go/m/@v/list')
    expect(headers.get('cache-control')).toBe('public, max-age=60')
    expect(headers.get('cache-status')).toBe('Posthaste; hit; ttl=50')
  })

  test('past its time it is sent at once, and says that it is stale', async () => {
    await kept('/go/m/@v/list', text('v1.0.0\n'))
    room.nowMs += 90_000
    room.upstream.script('m/@v/list', failed())
    const response = await room.get('/go/m/@v/list')
    expect(await response.text()).toBe('v1.0.0\n')
    expect(response.headers.get('cache-status')).toBe(
      'Posthaste; hit; ttl=-30; detail="a refresh is under way"',
    )
    expect(room.reports.map(({ outcome }) => outcome)).toEqual(['stale'])
  })

  test('after a refresh the new bytes are sent, also from memory', async () => {
    await kept('/go/m/@v/list', text('v1.0.0\n'))
    await room.get('/go/m/@v/list')
    await room.get('/go/m/@v/list')
    room.nowMs += 61_000
    room.upstream.script('m/@v/list', found(text('v1.0.0\nv1.1.0\n')))
    expect(await (await room.get('/go/m/@v/list')).text()).toBe('v1.0.0\n')
    while (room.cache.flights > 0) await new Promise((resolve) => setImmediate(resolve))
    expect(await (await room.get('/go/m/@v/list')).text()).toBe('v1.0.0\nv1.1.0\n')
  })

  test('unproved, it may be kept for a minute only and says so', async () => {
    room.verdicts.set('go/m/@v/v1.0.0.mod', { verdict: 'unproved', reason: 'out of reach' })
    await kept('/go/m/@v/v1.0.0.mod', mod)
    for (let time = 0; time < 3; time++) {
      const { headers } = await room.get('/go/m/@v/v1.0.0.mod')
      expect(headers.get('cache-control')).toBe('public, max-age=60')
      expect(headers.get('cache-status')).toBe('Posthaste; hit; detail=unproved')
    }
  })

  test('unproved, it takes the long way even where the short one is open', async () => {
    room.verdicts.set('go/fixed/a.mod', { verdict: 'unproved', reason: 'out of reach' })
    await kept('/go/fixed/a.mod', mod)
    expect((await room.get('/go/fixed/a.mod')).headers.get('cache-status')).toContain('unproved')
  })
})

describe('whichever way its path is spelled', () => {
  test.each([
    '/go/m/@v/v1.0.0.mod',
    '/go/m/%40v/v1.0.0.mod',
    '/go/%6d/@v/v1.0.0.mod',
    '/go/!m/%21n/v1.0.0.mod',
    '/go/%21m/%21n/v1.0.0.mod',
  ])('%s is gone at once when it is removed', async (path) => {
    const key = decodeURIComponent(path).slice(1)
    room.upstream.script(key.slice('go/'.length), found(mod))
    for (let time = 0; time < 3; time++) expect((await room.get(path)).status).toBe(200)
    await room.cache.remove(key)
    room.upstream.script(key.slice('go/'.length), missing)
    expect((await room.get(path)).status).toBe(404)
  })
})

describe('ranges', () => {
  beforeEach(() => kept('/go/m/@v/v1.0.0.zip', blob))
  const path = '/go/m/@v/v1.0.0.zip'

  test('a part is sent with its place', async () => {
    const response = await room.get(path, { range: 'bytes=1000-1999' })
    expect([response.status, response.headers.get('content-range')]).toEqual([
      206,
      `bytes 1000-1999/${blob.byteLength}`,
    ])
    expect(response.headers.get('content-length')).toBe('1000')
    expect(await response.bytes()).toEqual(blob.slice(1000, 2000))
    expect(room.counted.at(-1) ?? room.reports.at(-1)?.bytes).toBe(1000)
  })

  test('the last bytes end with the last one', async () => {
    const response = await room.get(path, { range: 'bytes=-10' })
    expect(await response.bytes()).toEqual(blob.slice(-10))
  })

  test('beyond the end there is nothing', async () => {
    const response = await room.get(path, { range: `bytes=${blob.byteLength}-` })
    expect([response.status, response.headers.get('content-range')]).toEqual([
      416,
      `bytes */${blob.byteLength}`,
    ])
  })

  test('If-Range with the tag of these bytes gives the part', async () => {
    const etag = (await room.get(path)).headers.get('etag') ?? ''
    const response = await room.get(path, { range: 'bytes=5-9', 'if-range': etag })
    expect([response.status, (await response.bytes()).byteLength]).toEqual([206, 5])
  })

  test('If-Range with the tag of others gives everything, though Bun serves ranges of files by itself', async () => {
    const response = await room.get(path, { range: 'bytes=5-9', 'if-range': '"of another attempt"' })
    expect([response.status, response.headers.get('content-range')]).toEqual([200, null])
    expect(response.headers.get('content-length')).toBe(String(blob.byteLength))
    expect(await response.bytes()).toEqual(blob)
  })

  test('several ranges give everything', async () => {
    const response = await room.get(path, { range: 'bytes=0-1,5-6' })
    expect([response.status, (await response.bytes()).byteLength]).toEqual([200, blob.byteLength])
  })

  test('HEAD has no range', async () => {
    const response = await room.get(path, { range: 'bytes=0-1' }, 'HEAD')
    expect([response.status, response.headers.get('content-length')]).toEqual([200, String(blob.byteLength)])
  })
})

describe('what is not there', () => {
  test('is asked for once and then remembered, and each answer says which it was', async () => {
    room.upstream.script('m/@v/v9.0.0.mod', missing)
    const first = await room.get('/go/m/@v/v9.0.0.mod')
    expect([first.status, first.headers.get('cache-status')]).toEqual([
      404,
      'Posthaste; fwd=uri-miss; detail=not-found',
    ])
    const second = await room.get('/go/m/@v/v9.0.0.mod')
    expect(second.headers.get('cache-status')).toBe('Posthaste; hit; detail=negative')
    expect(await second.text()).toBe('not found: no such version\n')
    expect(room.upstream.requests).toHaveLength(1)
    expect(room.reports.map(({ outcome }) => outcome)).toEqual(['not-found', 'not-found'])
  })

  test('an outage is no miss', async () => {
    room.upstream.script('m/@v/v9.0.0.mod', failed())
    const response = await room.get('/go/m/@v/v9.0.0.mod')
    expect([response.status, response.headers.get('cache-status')]).toEqual([
      502,
      'Posthaste; fwd=uri-miss; detail=upstream-failed',
    ])
    expect(room.reports.map(({ outcome }) => outcome)).toEqual(['upstream-failed'])
  })

  test('HEAD of a refusal has its length and counts no bytes', async () => {
    room.upstream.script('m/@v/v9.0.0.mod', missing)
    const response = await room.get('/go/m/@v/v9.0.0.mod', {}, 'HEAD')
    expect([response.status, response.headers.get('content-length')]).toEqual([404, '27'])
    expect(room.reports.map(({ bytes }) => bytes)).toEqual([0])
  })

  test('our own request that comes back is a loop, and goes no further', async () => {
    const response = await room.get('/go/m/@v/v1.0.0.mod', { [HOP_HEADER]: `other, ${INSTANCE}` })
    expect([response.status, response.headers.get('cache-status')]).toEqual([508, 'Posthaste; detail=loop'])
    expect(room.upstream.requests).toEqual([])
  })

  test('the request of another Posthaste is served', async () => {
    room.upstream.script('m/@v/v1.0.0.mod', found(mod))
    expect((await room.get('/go/m/@v/v1.0.0.mod', { [HOP_HEADER]: 'other' })).status).toBe(200)
  })

  test('a store that breaks unexpectedly is our fault and is said to be', async () => {
    await using broken = await relayRoom((store) =>
      Object.assign(Object.create(store), {
        find: () => Promise.reject(new Error('the index is on fire')),
        touch: () => undefined,
      }),
    )
    const response = await broken.get('/go/m/@v/v1.0.0.mod')
    expect([response.status, await response.text()]).toEqual([500, 'the index is on fire\n'])
    expect(broken.crashes).toEqual([])
  })
})

describe('the gate', () => {
  test.each(['/go/m/@v/v1.0.0.mod', '/go/fixed/a.mod'])('%s: what is kept stays behind it', async (path) => {
    await kept(path, mod)
    room.closed.add(path.startsWith('/go/m/') ? 'example.org/m' : 'example.org/fixed')
    room.relay.forgetAll()
    const response = await room.get(path)
    expect([response.status, response.headers.get('cache-status')]).toEqual([403, 'Posthaste; detail=denied'])
    expect(room.upstream.requests).toHaveLength(1)
  })

  test('nothing is asked or foretold of a closed name', async () => {
    room.closed.add('example.org/m')
    await room.get('/go/m/@v/v1.0.0.mod')
    expect([room.upstream.requests, room.told]).toEqual([[], []])
  })
})

describe('what is told for fetching ahead', () => {
  test('a hit is warm, by GET and by HEAD', async () => {
    await kept('/go/m/@v/list', text('v1.0.0\n'))
    await room.get('/go/m/@v/list', {}, 'HEAD')
    expect(room.told).toEqual(['warm go/m/@v/list'])
  })

  test('the short way tells that it was used', async () => {
    await kept('/go/fixed/a.mod', mod)
    await room.get('/go/fixed/a.mod')
    expect(room.told).toEqual(['used go/fixed/a.mod'])
  })

  test('a miss is cold', async () => {
    room.upstream.script('m/@v/v1.0.0.mod', found(mod))
    await room.get('/go/m/@v/v1.0.0.mod')
    expect(room.told).toEqual(['cold go/m/@v/v1.0.0.mod'])
  })
})

test('a filled answer says where it came from; a hit from memory is only counted', async () => {
  room.upstream.script('m/@v/v1.0.0.mod', found(mod))
  const { headers } = await room.get('/go/m/@v/v1.0.0.mod')
  expect(headers.get('cache-status')).toBe('Posthaste; fwd=uri-miss; stored')
  expect(room.reports).toMatchObject([
    { outcome: 'filled', source: clean.id, bytes: mod.byteLength, status: 200 },
  ])
  await room.get('/go/m/@v/v1.0.0.mod')
  await room.get('/go/m/@v/v1.0.0.mod')
  expect([room.reports.length, room.counted]).toEqual([2, [mod.byteLength]])
})

test('an answer of the adapter itself is sent as it is', async () => {
  const response = await room.get('/go/about')
  expect([await response.text(), response.headers.get('cache-status')]).toEqual(['us', 'Posthaste'])
  expect(room.reports).toMatchObject([{ outcome: 'local', bytes: 2 }])
})

test.each(['/nosuch/x', '/go-too/x', '/goo'])('%s belongs to no ecosystem', async (path) => {
  expect((await room.get(path)).status).toBe(404)
  expect(room.reports).toEqual([])
})

describe('while sources are being found', () => {
  test('a request waits, and is then answered like any other', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    room.opening = promise
    room.upstream.script('m/@v/v1.0.0.mod', found(mod))
    const asked = room.get('/go/m/@v/v1.0.0.mod')
    await Bun.sleep(20)
    expect(room.upstream.requests).toHaveLength(0)
    room.opening = undefined
    resolve()
    expect((await asked).status).toBe(200)
  })

  test('what is kept for good does not wait', async () => {
    await kept('/go/fixed/@v/v1.0.0.mod', mod)
    room.opening = new Promise(() => undefined)
    expect((await room.get('/go/fixed/@v/v1.0.0.mod')).status).toBe(200)
  })
})
