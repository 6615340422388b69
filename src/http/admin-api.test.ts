import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { operationsOn } from '../cache/operations.ts'
import { StoreError } from '../store/store.ts'
import { AdminApi } from './admin-api.ts'
import { type RelayRoom, relayRoom } from './testing/relay-room.ts'

let room: RelayRoom
beforeEach(async () => {
  room = await relayRoom()
})
afterEach(() => room[Symbol.asyncDispose]())

async function keep(...keys: string[]): Promise<void> {
  for (const [at, key] of keys.entries()) {
    await room.store.put(key, new Uint8Array(at + 1), {
      mediaType: 'text/plain',
      source: 'origin.example',
      proof: at % 2 === 0 ? 'proved' : 'unproved',
      checkedAtMs: 1,
    })
  }
}

async function ask(path: string, method = 'GET', headers: Record<string, string> = {}) {
  const response = await room.get(path, headers, method)
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) }
}

interface Page {
  readonly objects: readonly { readonly key: string }[]
  readonly next: string | null
}

/** The keys of each page, following `next` to the end. */
async function pages(query: string): Promise<string[][]> {
  const all: string[][] = []
  for (let after: string | null = ''; after !== null; ) {
    const { status, body } = await ask(`/api/cache/objects?${query}&after=${encodeURIComponent(after)}`)
    expect(status).toBe(200)
    const page: Page = body
    all.push(page.objects.map(({ key }) => key))
    after = page.next
    if (all.length > 10) throw new Error('the pages never end')
  }
  return all
}

describe('objects', () => {
  beforeEach(() => keep('go/a', 'go/b', 'go/c', 'go/d', 'go/e'))

  test.each([
    ['limit=2', [['go/a', 'go/b'], ['go/c', 'go/d'], ['go/e']]],
    ['limit=5', [['go/a', 'go/b', 'go/c', 'go/d', 'go/e'], []]],
    ['limit=9', [['go/a', 'go/b', 'go/c', 'go/d', 'go/e']]],
    ['proof=unproved&limit=1', [['go/b'], ['go/d'], []]],
    ['pattern=go/[a]*', [[]]],
    ['pattern=go/%3F&limit=4', [['go/a', 'go/b', 'go/c', 'go/d'], ['go/e']]],
    ['pattern=*/c', [['go/c']]],
  ])('%s', async (query, expected) => {
    expect(await pages(query)).toEqual(expected)
  })

  test('each with its size, proof and source', async () => {
    const { body } = await ask('/api/cache/objects?pattern=go/b')
    expect(body.objects).toMatchObject([
      {
        key: 'go/b',
        sizeBytes: 2,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        meta: { proof: 'unproved', source: 'origin.example' },
      },
    ])
  })
})

describe('bad parameters', () => {
  test.each([
    ['GET', '/api/cache/objects?proof=good', "'proof' is proved, sound or unproved, not 'good'"],
    ['GET', '/api/cache/objects?limit=-1', "'limit' is a whole number"],
    ['GET', '/api/cache/objects?limit=1e9', "'limit' is a whole number"],
    ['POST', '/api/cache/gc?targetBytes=10GiB', "'targetBytes' is a whole number of bytes, not '10GiB'"],
    ['POST', '/api/cache/gc?targetBytes=', "'targetBytes' is a whole number"],
    ['POST', '/api/cache/remove', "the parameter 'pattern' is missing"],
    ['POST', '/api/cache/remove?pattern=', "the parameter 'pattern' is missing"],
  ])('%s %s', async (method, path, reason) => {
    await keep('go/a')
    const { status, body } = await ask(path, method)
    expect(status).toBe(400)
    expect(body.error).toContain(reason)
    expect(await room.store.find('go/a')).toBeDefined()
  })
})

describe('who is asking', () => {
  const refused: readonly [string, string, Record<string, string>, number][] = [
    ['a page elsewhere', 'GET', { origin: 'https://evil.example' }, 403],
    ['a page elsewhere, changing', 'POST', { origin: 'https://evil.example' }, 403],
    ['a page on another port of this machine', 'GET', { origin: 'http://127.0.0.1:1' }, 403],
    ['a page without an origin', 'GET', { origin: 'null' }, 403],
    ['a name that somebody points here', 'GET', { host: 'rebound.example' }, 403],
    ['another site', 'GET', { 'sec-fetch-site': 'cross-site' }, 403],
    ['somebody behind a proxy', 'GET', { 'x-forwarded-for': '192.0.2.1' }, 403],
    ['somebody behind a proxy that tells the address only', 'GET', { 'x-real-ip': '192.0.2.1' }, 403],
  ]
  test.each(refused)('%s is refused', async (_who, method, headers, status) => {
    await keep('go/a')
    const path = method === 'GET' ? '/api/cache/stats' : '/api/cache/remove?pattern=*'
    const answer = await ask(path, method, headers)
    expect(answer.status).toBe(status)
    expect(answer.body).toEqual({ error: expect.any(String) })
    expect(await room.store.find('go/a')).toBeDefined()
  })

  test('a token lets in who comes from elsewhere, a wrong one nobody', async () => {
    room.token = 'right-right-right'
    const elsewhere = { host: 'cache.example' }
    const withToken = (token: string) => ({ ...elsewhere, authorization: `Bearer ${token}` })
    expect((await ask('/api/cache/stats', 'GET', withToken('right-right-right'))).status).toBe(200)
    const wrong = await ask('/api/cache/stats', 'GET', withToken('wrong'))
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('Bearer'),
    ])
    expect(JSON.stringify(wrong.body)).not.toContain('right-right')
  })
})

describe('methods', () => {
  test.each(['/api/cache/remove?pattern=*', '/api/cache/verify', '/api/cache/gc'])(
    'GET changes nothing at %s',
    async (path) => {
      await keep('go/a')
      const { status, headers } = await ask(path)
      expect([status, headers.get('allow')]).toEqual([405, 'POST, DELETE'])
      expect(await room.store.find('go/a')).toBeDefined()
    },
  )
  test.each(['/api/status', '/api/upstreams', '/api/cache/stats', '/api/cache/objects'])(
    'POST is not for %s',
    async (path) => {
      expect((await ask(path, 'POST')).status).toBe(405)
      expect((await ask(path)).status).toBe(200)
    },
  )
})

test('removing tells how much went, and takes it out of memory too', async () => {
  await keep('go/m/@v/v1.mod', 'go/m/@v/v2.mod', 'go/n/@v/v1.mod')
  for (let time = 0; time < 3; time++) expect((await room.get('/go/m/@v/v1.mod')).status).toBe(200)
  expect((await ask('/api/cache/remove?pattern=go/m/*', 'POST')).body).toEqual({ objects: 2, bytes: 3 })
  room.upstream.script('m/@v/v1.mod', { kind: 'failed', failure: { code: 'http', message: 'gone' } })
  expect((await room.get('/go/m/@v/v1.mod')).status).toBe(502)
  expect(await room.store.find('go/n/@v/v1.mod')).toBeDefined()
})

test('evicting down to a size tells how much went', async () => {
  await keep('go/a', 'go/b')
  expect((await ask('/api/cache/gc?targetBytes=0', 'POST')).body).toMatchObject({ objects: 2 })
  expect(await room.store.find('go/a')).toBeUndefined()
})

test('verifying reads everything and finds it sound', async () => {
  await keep('go/a', 'go/b')
  expect((await ask('/api/cache/verify', 'POST')).body).toMatchObject({ objects: 2, findings: [] })
})

test('an address that is none names those that are', async () => {
  const { status, body } = await ask('/api/nosuch')
  expect(status).toBe(404)
  expect(body.error).toContain('/api/cache/objects')
})

test('nothing that is said here may be kept by anybody', async () => {
  expect((await ask('/api/status')).headers.get('cache-control')).toBe('no-store')
})

test('what the store says of its disk reaches who asked', async () => {
  await using broken = await relayRoom((store) =>
    Object.assign(Object.create(store), {
      collect: () => Promise.reject(new StoreError('store.readonly', 'the disk is read-only', 'remount it')),
    }),
  )
  const response = await broken.get('/api/cache/gc', {}, 'POST')
  expect([response.status, await response.json()]).toEqual([
    500,
    { error: 'the disk is read-only', hint: 'remount it' },
  ])
})

describe('forgiving a source', () => {
  test('is a change', async () => {
    expect((await ask('/api/upstreams/forgive?id=mirror.example')).status).toBe(405)
    const { status, body } = await ask('/api/upstreams/forgive?id=mirror.example', 'POST')
    expect([status, body]).toEqual([200, { forgiven: 'mirror.example' }])
  })

  test.each([
    ['', "the parameter 'id' is missing"],
    ['?id=other.example', 'no source is configured'],
  ])('that is not there is told (%s)', async (query, error) => {
    const { status, body } = await ask(`/api/upstreams/forgive${query}`, 'POST')
    expect([status, body]).toEqual([400, { error }])
  })
})

test('work that is broken off because who asked has left is no bug', async () => {
  const admin = new AdminApi({
    operations: {
      ...operationsOn(room.store, () => undefined),
      verify: (signal) => Promise.reject(signal?.reason),
    },
    sources: () => [],
    orderChanges: () => [],
    forgive: () => false,
    status: () => ({}),
    token: () => undefined,
  })
  const url = new URL('http://127.0.0.1/api/cache/verify')
  const leaving = new AbortController()
  leaving.abort()
  const request = new Request(url.href, {
    method: 'POST',
    headers: { host: '127.0.0.1' },
    signal: leaving.signal,
  })
  expect((await admin.handle(request, url, '127.0.0.1')).status).toBe(503)
})

test('a bug is told to the log, and not to who asked', async () => {
  await using broken = await relayRoom((store) =>
    Object.assign(Object.create(store), {
      stats: () => {
        throw new TypeError('secret detail')
      },
    }),
  )
  const response = await broken.get('/api/cache/stats')
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('secret detail')
  expect(broken.crashes.map(({ message }) => message)).toEqual(['secret detail'])
})
