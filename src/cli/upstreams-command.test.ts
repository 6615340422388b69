import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AdminApi } from '../http/admin-api.ts'
import { writeServerFile } from '../serve/server-file.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { answer, fakeServer, saying } from '../upstream/testing/fake-server.ts'
import { ask, bodyOf, request, upstreamOf } from '../upstream/testing/upstream-fixture.ts'
import { upstreamsCommand } from './upstreams-command.ts'

let good: ReturnType<typeof Bun.serve>
let bad: ReturnType<typeof Bun.serve>
let asked: string[] = []

beforeAll(() => {
  const serve = (status: number) =>
    Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch(request) {
        asked.push(`${status} ${new URL(request.url).pathname}`)
        return new Response('', { status })
      },
    })
  good = serve(200)
  bad = serve(503)
})
afterAll(() => Promise.all([good.stop(true), bad.stop(true)]))

async function call(line: string, upstream?: string, env: Record<string, string> = {}) {
  const said = { out: '', err: '' }
  asked = []
  const code = await upstreamsCommand(line.split(' ').filter(Boolean), {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env: {
      PATH: '/nowhere',
      HOME: '/nowhere',
      POSTHASTE_GO_SUMDB: 'off',
      ...(upstream === undefined ? {} : { POSTHASTE_GO_UPSTREAM: upstream }),
      ...env,
    },
    cwd: '/nowhere',
  })
  return { code, ...said }
}

const at = ({ port }: { port?: number | undefined }, path = '') => `http://127.0.0.1:${port}${path}`

describe('a list', () => {
  test('with a source that answers is healthy', async () => {
    const { code, out } = await call('', `${at(bad)}|${at(good)},direct`)
    expect(code).toBe(0)
    expect(out).toMatch(/^go$/m)
    expect(out).toMatch(new RegExp(`^ {2}✗ ${at(bad)} +\\| .*503.*\\(POSTHASTE_GO_UPSTREAM\\)$`, 'm'))
    expect(out).toMatch(new RegExp(`^ {2}✓ ${at(good)} +, `, 'm'))
    expect(out).toMatch(/^ {4}direct .*the client's own part$/m)
  })

  test('without one is a problem', async () => {
    expect((await call('', at(bad))).code).toBe(1)
    expect((await call('', 'http://127.0.0.1:1')).code).toBe(1)
  })

  test('that is not there is a problem, and the fix is told', async () => {
    const { code, out } = await call('')
    expect(code).toBe(1)
    expect(out).toContain('set go.upstream in posthaste.yaml, or POSTHASTE_GO_UPSTREAM')
  })

  test('of npm and of PyPI is asked too, for something small', async () => {
    const env = {
      POSTHASTE_NPM_UPSTREAM: at(good, '/npm'),
      POSTHASTE_PYPI_UPSTREAM: at(good, '/simple'),
      POSTHASTE_PYPI_PRIVATE_UPSTREAM: at(bad, '/corp'),
    }
    const { code, out } = await call('', at(good, '/go'), env)
    expect(code).toBe(1)
    expect(asked.toSorted()).toEqual(['200 /go/', '200 /npm/-/ping', '200 /simple/pip/', '503 /corp/pip/'])
    expect(out.match(/^\S+$/gm)).toEqual(['go', 'npm', 'pypi', 'pypi-private'])
    const { POSTHASTE_PYPI_PRIVATE_UPSTREAM: _down, ...up } = env
    expect((await call('', at(good), up)).code).toBe(0)
  })

  test('as JSON', async () => {
    const { code, out } = await call('--json', `${at(good, '/go')},${at(bad)},off`)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      sources: [
        {
          list: 'go',
          id: `127.0.0.1:${good.port}/go`,
          address: at(good, '/go'),
          foundIn: 'POSTHASTE_GO_UPSTREAM',
          separator: ',',
          ok: true,
          detail: expect.any(String),
          tookMs: expect.any(Number),
        },
        expect.objectContaining({ address: at(bad), ok: false, separator: ',' }),
        {
          list: 'go',
          id: 'off',
          address: 'off',
          foundIn: '',
          separator: null,
          ok: false,
          detail: 'nothing is fetched beyond this',
          tookMs: null,
        },
      ],
      go: { found: false, notes: [expect.any(String)] },
    })
  })

  test('is asked, each source with a path of its own base', async () => {
    await call('', `${at(good, '/go')},${at(bad)}`)
    expect(asked.filter((line) => line.startsWith('200 /go/'))).not.toEqual([])
    expect(asked.filter((line) => line.startsWith('503 '))).not.toEqual([])
  })

  test.each(['direct', 'off'])('of %s alone fetches nothing, as it was told to: no problem', async (word) => {
    const { code, out } = await call('', word)
    expect(code).toBe(0)
    expect(out).toContain(word)
  })

  test('offline asks nobody', async () => {
    await call('--offline', at(good))
    expect(asked).toEqual([])
  })
})

test.each(['', '--json'])('credentials are never shown (%s)', async (flags) => {
  const withSecret = at(bad).replace('//', '//ann:s3cret@')
  const { out, err } = await call(flags, `${withSecret},${at(good)}`)
  expect(out + err).not.toContain('s3cret')
  expect(out).toContain('***')
})

describe('usage', () => {
  test.each([
    ['now', "'upstreams' takes no 'now'"],
    ['--jsn', 'did you mean --json?'],
    ['--go-upstream ftp://a.example', 'ftp'],
  ])('%s is wrong', async (line, message) => {
    const { code, out, err } = await call(line)
    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(message)
  })
})

/** A server that runs on a data folder, with the admin API over real sources. */
async function running(token?: string) {
  const parts = new AsyncDisposableStack()
  const folder = parts.use(await temporaryFolder())
  const mirror = parts.use(await fakeServer(saying(answer('200 OK', Buffer.alloc(200_000, 'x')))))
  const down = parts.use(await fakeServer(saying(answer('500 Internal Server Error'))))
  const upstream = parts.use(upstreamOf(`${mirror.url}|${down.url}`))
  const admin = new AdminApi({
    operations: {
      stats: () => Promise.reject(new Error('nobody asks for this')),
      list: () => {
        throw new Error('nobody asks for this')
      },
      verify: () => Promise.reject(new Error('nobody asks for this')),
      collect: () => Promise.reject(new Error('nobody asks for this')),
      remove: () => Promise.reject(new Error('nobody asks for this')),
    },
    sources: () => upstream.states(),
    orderChanges: () => upstream.orderChanges(),
    forgive: (id) => upstream.forgive(id),
    status: () => ({}),
    token: () => token,
  })
  // A peer that is not this machine needs the token.
  const peer = token === undefined ? '127.0.0.1' : '192.0.2.1'
  const http = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) => admin.handle(request, new URL(request.url), peer),
  })
  parts.defer(() => http.stop(true))
  await writeServerFile(folder.path, { url: `http://127.0.0.1:${http.port}`, pid: process.pid })
  const env = { POSTHASTE_DATA: folder.path }
  const id = new URL(mirror.url).host
  return {
    upstream,
    mirror,
    down,
    id,
    env,
    folder,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

describe('a server that runs', () => {
  test('tells what it knows of its sources, and they are not asked again', async () => {
    await using server = await running()
    const { upstream, id } = server
    for (let count = 0; count < 25; count++) await bodyOf(await ask(upstream))
    upstream.noteLag(id, {
      behind: 3,
      atLeastMs: 7_200_000,
      at: 'm.example/x',
      lacks: 'v1.2.0',
      measuredAtMs: Date.now(),
    })
    for (let count = 0; count < 8; count++) upstream.record(id, 'proved')
    const { signal } = new AbortController()
    await upstream.walkOne(new URL(server.down.url).host, request).next(signal)
    const before = server.mirror.seen.length
    const { code, out } = await call('', undefined, server.env)
    expect(code).toBe(0)
    expect(server.mirror.seen.length).toBe(before)
    expect(out).toMatch(/^as the server at http:\/\/127\.0\.0\.1:\d+ knows them\ngo\n/)
    expect(out).toMatch(new RegExp(`^ {2}✓ http://${id} \\| {2}\\(a test\\)$`, 'm'))
    expect(out).toMatch(
      /archives +healthy, place 1 · first byte .+ · p95 .+ · .+\/s · score \d+ ms = \d+ ms first byte \+ \d+ ms for 1 MB/,
    )
    expect(out).toContain(
      'lag        lags ≥ 120 min, 3 versions behind at m.example/x (lacks v1.2.0), compared',
    )
    expect(out).toMatch(/traffic +25 requests, 0 errors, 5\.0 MB received, last .+ ago/)
    expect(out).toContain('record     clean (8 bodies proved, 0 wrong)')
    expect(out).toMatch(/last error .+ answered 500/)
  })

  test('tells the last change of order with its reason', async () => {
    await using server = await running()
    const { upstream, id } = server
    for (let count = 0; count < 3; count++) await bodyOf(await ask(upstream))
    upstream.record(id, 'wrong')
    await bodyOf(await ask(upstream))
    const { out } = await call('', undefined, server.env)
    expect(out).toContain(
      `0 bodies proved, 1 wrong: sent on when proved; when its cause is mended: posthaste upstreams --forgive ${id}`,
    )
    expect(out).toMatch(
      new RegExp(`order of archives changed .+ ago, ${id} → 127.+: ${id} sent wrong bytes lately`),
    )
  })

  test('as JSON', async () => {
    await using server = await running()
    await bodyOf(await ask(server.upstream))
    const { code, out } = await call('--json', undefined, server.env)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      server: expect.any(String),
      sources: [
        {
          list: 'go',
          id: server.id,
          ok: true,
          classes: { blob: { state: 'healthy', place: expect.any(Number) } },
          bytes: 200_000,
        },
        { list: 'go', ok: true, classes: { metadata: { reckoning: 'not measured yet' } } },
      ],
      changes: expect.any(Array),
    })
  })

  test('is not asked with --probe', async () => {
    await using server = await running()
    const { out } = await call('--probe', at(good), server.env)
    expect(out).toContain(at(good))
    expect(out).not.toContain('as the server')
  })

  test('that refuses is told of, and the sources are asked from here', async () => {
    await using server = await running('a-long-secret-token')
    const { code, out, err } = await call('', at(good), server.env)
    expect(code).toBe(0)
    expect(err).toContain('refused')
    expect(out).toContain(at(good))
    const known = await call('', at(good), { ...server.env, POSTHASTE_ADMIN_TOKEN: 'a-long-secret-token' })
    expect(known.out).toContain('as the server')
  })

  test('that was killed is none', async () => {
    await using server = await running()
    const file = join(server.folder.path, 'server.json')
    await writeFile(file, JSON.stringify({ url: 'http://127.0.0.1:1', pid: 2 ** 30 }))
    const { out } = await call('', at(good), server.env)
    expect(out).toContain(at(good))
  })
})

describe('--forgive', () => {
  test('lets a source prove itself anew', async () => {
    await using server = await running()
    const { upstream, id } = server
    upstream.record(id, 'wrong')
    const { code, out } = await call(`--forgive ${id}`, undefined, server.env)
    expect([code, out]).toEqual([0, `${id} has to prove itself anew\n`])
    expect(upstream.states()[0]).toMatchObject({ wrong: 0 })
  })

  test('of a source that is not there names those that are', async () => {
    await using server = await running()
    const { code, out, err } = await call('--forgive other.example', undefined, server.env)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(`no source is called 'other.example'; there are ${server.id}, `)
  })

  test('needs a server', async () => {
    const { code, err } = await call('--forgive a.example', at(good))
    expect(code).toBe(1)
    expect(err).toContain('no server runs on')
  })
})
