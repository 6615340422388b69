import { describe, expect, test } from 'bun:test'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type FakeGoproxyOptions, startFakeGoproxy } from './fake-goproxy.ts'
import type { Fault } from './faults.ts'
import { fetchRaw, type RawAnswer } from './raw-client.ts'
import { makeModule, modulePath } from './synthetic-modules.ts'

const module = makeModule({ path: 'm.example/Lib', version: 'v1.0.0', sizeBytes: 100_000 })
const zipPath = modulePath(module.path, module.version, 'zip')
const start = (options: FakeGoproxyOptions = {}) => startFakeGoproxy({ modules: [module], ...options })

describe('an honest upstream', () => {
  test('serves list, latest, info, mod and zip, escaped raw or in percent form', async () => {
    await using upstream = await start()
    const get = async (path: string) => (await fetchRaw(`${upstream.url}/${path}`)).body.toString()
    expect(await get('m.example/!lib/@v/list')).toBe('v1.0.0\n')
    expect(JSON.parse(await get('m.example/%21lib/@latest')).Version).toBe('v1.0.0')
    expect(await get('m.example/!lib/@v/v1.0.0.mod')).toContain('module m.example/Lib\n')
    const zip = await fetchRaw(`${upstream.url}/${zipPath}`)
    expect(zip.body).toEqual(Buffer.from(module.zip))
    expect(zip.headers.get('content-type')).toBe('application/zip')
  })

  test('answers 404 for what it does not have, and counts by path', async () => {
    await using upstream = await start()
    expect((await fetchRaw(`${upstream.url}/m.example/other/@v/list`)).status).toBe(404)
    await fetchRaw(`${upstream.url}/${zipPath}`)
    await fetchRaw(`${upstream.url}/${zipPath}`)
    const counts = JSON.parse((await fetchRaw(`${upstream.url}/_count`)).body.toString())
    expect(counts.requests).toBe(3)
    expect(counts.paths[zipPath]).toEqual({ requests: 2, bytes: 2 * module.zip.length })
    upstream.resetCounts()
    expect(upstream.counts().requests).toBe(0)
  })

  test('resumes with Range and If-Range, and starts over for another attempt', async () => {
    await using upstream = await start()
    const url = `${upstream.url}/${zipPath}`
    const etag = (await fetchRaw(url)).headers.get('etag') ?? ''
    const rest = await fetchRaw(url, { headers: { Range: 'bytes=60000-', 'If-Range': etag } })
    expect(rest.status).toBe(206)
    expect(rest.body).toEqual(Buffer.from(module.zip.subarray(60_000)))
    expect(rest.headers.get('content-range')).toBe(
      `bytes 60000-${module.zip.length - 1}/${module.zip.length}`,
    )
    expect((await fetchRaw(url, { headers: { Range: 'bytes=60000-', 'If-Range': '"other"' } })).status).toBe(
      200,
    )
  })

  test('keeps one connection for many requests', async () => {
    await using upstream = await start()
    const sockets = await import('node:net')
    const socket = sockets.connect(upstream.port, '127.0.0.1')
    let text = ''
    const done = new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        if (text.split('HTTP/1.1 200').length === 3 && text.endsWith('v1.0.0\n')) resolve()
      })
    })
    socket.write('GET /m.example/!lib/@v/list HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2))
    await done
    socket.destroy()
  })

  test('speaks TLS with an authority of its own', async () => {
    await using upstream = await start({ tls: true })
    const zip = await fetchRaw(`${upstream.url}/${zipPath}`, { ca: upstream.ca ?? '' })
    expect(zip.body).toEqual(Buffer.from(module.zip))
    const stranger = await fetchRaw(`${upstream.url}/${zipPath}`)
    expect(stranger.end).toBe('error')
  })
})

describe('each fault does what it says', () => {
  const half = 50_000
  const cases: readonly [Fault, (got: RawAnswer) => void][] = [
    [{ kind: 'stall', afterBytes: 'headers' }, (got) => expect([got.end, got.status]).toEqual(['idle', 0])],
    [
      { kind: 'stall', afterBytes: half },
      (got) => expect([got.end, got.body.length]).toEqual(['idle', half]),
    ],
    [
      { kind: 'truncate', afterBytes: half },
      (got) => expect([got.end, got.body.length]).toEqual(['short', half]),
    ],
    [{ kind: 'reset', afterBytes: 'headers' }, (got) => expect([got.end, got.status]).toEqual(['reset', 0])],
    [{ kind: 'reset', afterBytes: half }, (got) => expect([got.end, got.status]).toEqual(['reset', 200])],
    [
      { kind: 'html' },
      (got) => expect([got.status, got.headers.get('content-type')]).toEqual([200, 'text/html']),
    ],
    [
      { kind: 'wrong-bytes' },
      (got) => {
        const wrong = got.body.filter((byte, index) => byte !== module.zip[index])
        expect([got.end, got.body.length, wrong.length]).toEqual(['whole', module.zip.length, 1])
      },
    ],
    [
      { kind: 'status', status: 429, retryAfter: '7' },
      (got) => expect([got.status, got.headers.get('retry-after')]).toEqual([429, '7']),
    ],
    [
      { kind: 'redirect-loop' },
      (got) => expect([got.status, got.headers.get('location')]).toEqual([302, `/${zipPath}`]),
    ],
    [
      { kind: 'redirect', to: 'http://10.0.0.1/x' },
      (got) => expect(got.headers.get('location')).toBe('http://10.0.0.1/x'),
    ],
    [
      { kind: 'lying-length', deltaBytes: 10 },
      (got) => expect([got.end, got.body.length]).toEqual(['short', module.zip.length]),
    ],
    [
      { kind: 'lying-length', deltaBytes: -10 },
      (got) =>
        expect([got.headers.get('content-length'), got.body.length]).toEqual([
          String(module.zip.length - 10),
          module.zip.length,
        ]),
    ],
    [
      { kind: 'gzip' },
      (got) => {
        expect(got.headers.get('content-encoding')).toBe('gzip')
        expect(Buffer.from(Bun.gunzipSync(Uint8Array.from(got.body)))).toEqual(Buffer.from(module.zip))
      },
    ],
    [
      { kind: 'gzip-bomb', unpackedBytes: 5_000_000 },
      (got) => expect(Bun.gunzipSync(Uint8Array.from(got.body)).length).toBe(5_000_000),
    ],
    [{ kind: 'delay', delayMs: 1 }, (got) => expect(got.body).toEqual(Buffer.from(module.zip))],
    [
      { kind: 'drip', bytesPerSecond: 400_000, burstBytes: 40_000 },
      (got) => {
        expect(got.body).toEqual(Buffer.from(module.zip))
        expect(got.chunks).toBeGreaterThan(2)
      },
    ],
  ]
  for (const secure of [false, true]) {
    for (const [fault, check] of cases) {
      test(`${JSON.stringify(fault)}${secure ? ' over TLS' : ''}`, async () => {
        await using upstream = await start({ tls: secure })
        upstream.inject({ pattern: '*.zip', fault })
        check(
          await fetchRaw(`${upstream.url}/${zipPath}`, {
            idleMs: 300,
            ...(upstream.ca ? { ca: upstream.ca } : {}),
          }),
        )
      })
    }
  }

  test('wrong-range names another range than was asked for', async () => {
    await using upstream = await start()
    upstream.inject({ pattern: '*', fault: { kind: 'wrong-range' } })
    const got = await fetchRaw(`${upstream.url}/${zipPath}`, { headers: { Range: 'bytes=10-19' } })
    expect(got.headers.get('content-range')).toBe(`bytes 11-20/${module.zip.length}`)
  })
})

describe('rules', () => {
  test('hit the paths of their pattern, so many times, after so many', async () => {
    await using upstream = await start()
    upstream.inject({ pattern: '*.zip', fault: { kind: 'status', status: 404 }, times: 1, skip: 1 })
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) statuses.push((await fetchRaw(`${upstream.url}/${zipPath}`)).status)
    expect(statuses).toEqual([200, 404, 200])
    expect((await fetchRaw(`${upstream.url}/m.example/!lib/@v/list`)).status).toBe(200)
  })

  test('go away when disposed, and all at once', async () => {
    await using upstream = await start()
    {
      using _rule = upstream.inject({ pattern: '*', fault: { kind: 'status', status: 500 } })
      expect((await fetchRaw(`${upstream.url}/${zipPath}`)).status).toBe(500)
    }
    expect((await fetchRaw(`${upstream.url}/${zipPath}`)).status).toBe(200)
  })

  test('come and go over HTTP, and a wrong one is refused with its reason', async () => {
    await using upstream = await start()
    const post = (rule: unknown) =>
      fetchRaw(`${upstream.url}/_faults`, { method: 'POST', body: JSON.stringify(rule) })
    expect((await post({ pattern: '*', fault: { kind: 'status', status: 503 } })).status).toBe(200)
    expect((await fetchRaw(`${upstream.url}/${zipPath}`)).status).toBe(503)
    await fetchRaw(`${upstream.url}/_faults`, { method: 'DELETE' })
    expect((await fetchRaw(`${upstream.url}/${zipPath}`)).status).toBe(200)
    const refused = await post({ pattern: '*', fault: { kind: 'drip' } })
    expect([refused.status, refused.body.toString()]).toEqual([
      400,
      expect.stringContaining('bytesPerSecond'),
    ])
  })
})

test('closing frees stalled connections', async () => {
  const upstream = await start()
  upstream.inject({ pattern: '*', fault: { kind: 'stall', afterBytes: 'headers' } })
  const stalled = fetchRaw(`${upstream.url}/${zipPath}`, { idleMs: 10_000 })
  while (upstream.connections === 0) await new Promise((resolve) => setImmediate(resolve))
  await upstream[Symbol.asyncDispose]()
  expect((await stalled).end).not.toBe('idle')
  expect(upstream.connections).toBe(0)
})

test('the go command downloads from it and agrees on the checksums', async () => {
  const go = Bun.which('go')
  if (!go) {
    console.warn('skipped: no go command on this machine')
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-lab-go-'))
  await using upstream = await start()
  try {
    await writeFile(join(folder, 'go.mod'), 'module x.example/x\n\ngo 1.20\n\nrequire m.example/Lib v1.0.0\n')
    const env = {
      ...{
        PATH: process.env.PATH ?? '',
        HOME: folder,
        GOMODCACHE: join(folder, 'cache'),
        GOPROXY: upstream.url,
      },
      ...{ GONOSUMDB: '*', GOFLAGS: '-mod=mod -modcacherw', GOTOOLCHAIN: 'local', GO111MODULE: 'on' },
    }
    await promisify(execFile)(go, ['mod', 'download', 'all'], { cwd: folder, env })
    const sums = await readFile(join(folder, 'go.sum'), 'utf8')
    expect(sums).toContain(`m.example/Lib v1.0.0 ${module.zipSum}\n`)
    expect(sums).toContain(`m.example/Lib v1.0.0/go.mod ${module.modSum}\n`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
