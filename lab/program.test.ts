import { describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from './certificate.ts'
import { startFakeGoproxy } from './fake-goproxy.ts'
import { startNginxCache, startStaticNginx } from './nginx.ts'
import { residentBytes, startProgram } from './program.ts'
import { fetchRaw } from './raw-client.ts'
import { makeModule, modulePath } from './synthetic-modules.ts'
import { parseWrk } from './wrk.ts'

describe('a program of the lab', () => {
  test('is ready with what its line says, is seen in memory, and ends when told', async () => {
    const program = await startProgram({
      command: ['sh', '-c', 'echo "ready on port 42"; exec sleep 30'],
      readyLine: /^ready on port (\d+)/m,
    })
    expect(program.ready).toBe('42')
    if (process.platform === 'linux') expect(await residentBytes(program.pid)).toBeGreaterThan(100_000)
    expect(await program.stop()).toContain('port 42')
    expect(await residentBytes(program.pid)).toBe(0)
  })

  test('that ends or stays silent before it is ready is told with its own words', async () => {
    const ended = startProgram({ command: ['sh', '-c', 'echo no port left >&2; exit 3'], readyLine: /ready/ })
    await expect(ended).rejects.toThrow(/ended with 3: no port left/)
    const silent = startProgram({ command: ['sleep', '30'], readyLine: /ready/, readyWithinMs: 100 })
    await expect(silent).rejects.toThrow(/not ready in time/)
  })

  test('that does not exist is named', async () => {
    const missing = startProgram({ command: ['/nonexistent/program'], readyLine: /ready/ })
    await expect(missing).rejects.toThrow(/\/nonexistent\/program did not start/)
  })
})

test('wrk that saw an error gives no figure', () => {
  const good = '  1000 requests in 1.00s, 1.00MB read\nRequests/sec:   1000.50\n'
  expect(parseWrk(good)).toEqual({ requestsPerSecond: 1000.5, requests: 1000 })
  expect(() => parseWrk(`${good}  Non-2xx or 3xx responses: 3\n`)).toThrow(/Non-2xx or 3xx responses: 3/)
  expect(() => parseWrk(`${good}  Socket errors: connect 0, read 1, write 0, timeout 0\n`)).toThrow(/read 1/)
})

const nginx = Bun.which('nginx') ?? Bun.which('/usr/sbin/nginx')
describe.skipIf(!nginx || !Bun.which('openssl'))('nginx as a yardstick', () => {
  const module = makeModule({ path: 'm.example/x', version: 'v1.0.0' })
  const path = modulePath(module.path, module.version, 'zip')

  async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'posthaste-nginx-'))
    try {
      await work(folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  test('caches what the upstream says', () =>
    inFolder(async (folder) => {
      await using upstream = await startFakeGoproxy({ modules: [module] })
      await using cache = await startNginxCache(folder, upstream.port)
      for (let i = 0; i < 3; i++) {
        const answer = await fetchRaw(`${cache.url}/${path}`)
        expect([answer.status, answer.body.equals(module.zip)]).toEqual([200, true])
      }
      expect(upstream.requestsOf(path)).toBe(1)
    }))

  test('serves a folder over TLS, tells what was asked for, and passes the checksum database on', () =>
    inFolder(async (folder) => {
      const files = await mkdtemp(join(folder, 'files-'))
      await Bun.write(join(files, 'm.example/x/@v/list'), 'v1.0.0\n')
      await using sumdb = await startFakeGoproxy({
        files: (asked) =>
          asked === 'sumdb/x/latest'
            ? { mediaType: 'text/plain', sizeBytes: 2, etag: '"a"', content: Buffer.from('ok') }
            : undefined,
      })
      const certificate = await makeCertificate()
      await using origin = await startStaticNginx(folder, files, certificate, sumdb.port)
      const get = (asked: string) => fetchRaw(`${origin.url}/${asked}`, { ca: certificate.ca })
      expect((await get('m.example/x/@v/list')).body.toString()).toBe('v1.0.0\n')
      expect((await get('missing')).status).toBe(404)
      expect((await get('sumdb/x/latest')).body.toString()).toBe('ok')
      const log = await origin.takeLog()
      expect(log.map(({ path: asked, status }) => `${status} ${asked}`)).toEqual([
        '200 m.example/x/@v/list',
        '404 missing',
        '200 sumdb/x/latest',
      ])
      expect(log[0]?.bytes).toBe(7)
      expect(await origin.takeLog()).toEqual([])
    }))
})
