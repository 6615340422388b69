import { describe, expect, test } from 'bun:test'
import type { CacheOperations } from '../cache/operations.ts'
import { RequestWatch } from '../observe/request-watch.ts'
import { AdminApi } from './admin-api.ts'

const unused = () => {
  throw new Error('no route of this test reaches the store')
}
const operations: CacheOperations = {
  stats: unused,
  list: unused,
  verify: unused,
  collect: unused,
  remove: unused,
}

function setUp() {
  const requests = new RequestWatch({ mask: (text) => text })
  const admin = new AdminApi({
    operations,
    sources: () => [],
    orderChanges: () => [],
    forgive: () => false,
    status: () => ({}),
    requests,
    token: () => undefined,
  })
  const ask = async (path: string, method = 'GET', headers: Record<string, string> = {}) => {
    const url = new URL(path, 'http://127.0.0.1:7678')
    const request = new Request(url.href, { method, headers: { host: url.host, ...headers } })
    const response = await admin.handle(request, url, '127.0.0.1')
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  return { requests, ask }
}

describe('requests', () => {
  const watch = '/api/requests/watch?marker=marker-1&text=/m.example/'

  test('are told to who watches, and to nobody else', async () => {
    const { ask, requests } = setUp()
    expect((await ask('/api/requests?marker=marker-1')).status).toBe(400)
    expect(await ask(watch, 'POST')).toMatchObject({
      status: 200,
      body: { watching: 'marker-1', seconds: 60 },
    })
    expect((await ask('/api/requests?marker=marker-1')).body).toEqual({ requests: [], dropped: 0 })
    const seen = {
      atMs: 1,
      ecosystem: 'go',
      method: 'GET',
      status: 200,
      outcome: 'hit',
      bytes: 1,
      userAgent: '',
    }
    requests.note({ ...seen, path: '/go/m.example/@v/list' })
    requests.note({ ...seen, path: '/go/other.example/@v/list' })
    expect((await ask('/api/requests?marker=marker-1')).body.requests).toEqual([
      { ...seen, path: '/go/m.example/@v/list' },
    ])
    expect((await ask('/api/requests?marker=marker-2')).status).toBe(400)
  })

  test.each([
    ['/api/requests/watch', 'POST', 400],
    ['/api/requests/watch?marker=short', 'POST', 400],
    ['/api/requests/watch?marker=marker-1&text=x', 'POST', 400],
    ['/api/requests/watch?marker=marker-1&seconds=601', 'POST', 400],
    ['/api/requests/watch?marker=marker-1&seconds=1.5', 'POST', 400],
    [`/api/requests/watch?marker=marker-1${'&text=text'.repeat(9)}`, 'POST', 400],
    [watch, 'GET', 405],
  ])('%s %s: %i', async (path, method, status) => {
    expect((await setUp().ask(path, method)).status).toBe(status)
  })

  test('a stranger may not watch', async () => {
    expect((await setUp().ask(watch, 'POST', { origin: 'http://evil.example' })).status).toBe(403)
  })
})
