import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { operationsOn } from '../cache/operations.ts'
import { AdminApi } from '../http/admin-api.ts'
import { writeServerFile } from '../serve/server-file.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import { type Store, StoreError } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { cacheCommand } from './cache-command.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let data: string
beforeEach(async () => {
  folder = await temporaryFolder()
  data = join(folder.path, 'data')
})
afterEach(() => folder[Symbol.asyncDispose]())

async function call(line: string, env: Record<string, string> = {}) {
  const said = { out: '', err: '' }
  const code = await cacheCommand(line.split(' ').filter(Boolean), {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env: { PATH: '/nowhere', HOME: folder.path, POSTHASTE_DATA: data, POSTHASTE_GO_UPSTREAM: 'off', ...env },
    cwd: folder.path,
  })
  return { code, ...said }
}

const openStore = () => openLocalStore({ dataDir: data, maxBytes: 1024 * 1024 * 1024 })

async function keepAll(store: Store): Promise<void> {
  const keys = ['go/a.example/m/@v/v1.0.0.mod', 'go/a.example/m/@v/v1.1.0.mod', 'go/b.example/n/@v/list']
  for (const [at, key] of keys.entries()) {
    await store.put(key, new Uint8Array(1_000).fill(at), {
      mediaType: 'text/plain',
      source: 'origin.example',
      proof: at === 1 ? 'unproved' : 'proved',
      checkedAtMs: 1,
    })
  }
  const stage = await store.stage()
  await stage.write(new Uint8Array(200 * 1024))
  await stage.commit('go/b.example/n/@v/v1.0.0.zip', {
    mediaType: 'application/zip',
    source: 'origin.example',
    proof: 'proved',
    checkedAtMs: 1,
  })
}

/** A running server on the data folder, or the folder alone. */
async function holding(how: 'a server' | 'nobody', token?: string) {
  const store = await openStore()
  await keepAll(store)
  if (how === 'nobody') {
    await store.close()
    return { [Symbol.asyncDispose]: async () => undefined }
  }
  const admin = new AdminApi({
    operations: operationsOn(store, () => undefined),
    sources: () => [],
    orderChanges: () => [],
    forgive: () => false,
    status: () => ({}),
    token: () => token,
  })
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    // With a token the test stands for who comes from elsewhere.
    fetch: (request) =>
      admin.handle(request, new URL(request.url), token === undefined ? '127.0.0.1' : '192.0.2.1'),
  })
  await writeServerFile(data, { url: `http://127.0.0.1:${server.port}`, pid: process.pid })
  return {
    async [Symbol.asyncDispose]() {
      await server.stop(true)
      await store.close()
    },
  }
}

describe.each(['a server', 'nobody'] as const)('while %s holds the data folder', (holder) => {
  let held: AsyncDisposable
  beforeEach(async () => {
    held = await holding(holder)
  })
  afterEach(() => held[Symbol.asyncDispose]())

  test('stats', async () => {
    const { code, out, err } = await call('stats')
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^objects {5}4$/m)
    expect(out).toMatch(/^unproved {4}1$/m)
    expect(JSON.parse((await call('stats --json')).out)).toMatchObject({
      objects: 4,
      unproved: 1,
      quarantined: 0,
    })
  })

  test('ls', async () => {
    const { code, out } = await call('ls')
    expect([code, out.split('\n').length]).toEqual([0, 5])
    expect(out).toMatch(/unproved {2}go\/a\.example\/m\/@v\/v1\.1\.0\.mod$/m)
  })

  test.each(['--unproved', '--unproved=true'])('ls %s shows only what waits for its proof', async (flag) => {
    expect((await call(`ls ${flag}`)).out.trimEnd()).toEndWith('go/a.example/m/@v/v1.1.0.mod')
    expect((await call(`ls ${flag}`)).out.split('\n')).toHaveLength(2)
  })

  test('ls of a pattern, one JSON object a line', async () => {
    const { code, out } = await call('ls go/b.example/* --json')
    const objects = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(objects).toMatchObject([
      { key: 'go/b.example/n/@v/list', sizeBytes: 1_000 },
      { key: 'go/b.example/n/@v/v1.0.0.zip', sizeBytes: 204_800, meta: { source: 'origin.example' } },
    ])
  })

  test('ls of nothing is nothing, and no failure', async () => {
    expect(await call('ls go/nosuch/*')).toEqual({ code: 0, out: '', err: '' })
  })

  test('verify', async () => {
    const { code, out } = await call('verify')
    expect([code, out]).toEqual([0, '4 objects, 208 kB: all sound\n'])
    expect(JSON.parse((await call('verify --json')).out)).toMatchObject({ objects: 4, findings: [] })
  })

  test('rm', async () => {
    expect(await call('rm go/a.example/*')).toEqual({
      code: 0,
      out: 'removed 2 objects, 2.0 kB\n',
      err: '',
    })
    expect(JSON.parse((await call('rm go/a.example/* --json')).out)).toEqual({ objects: 0, bytes: 0 })
    expect((await call('ls')).out.split('\n')).toHaveLength(3)
  })

  test('gc down to a size', async () => {
    expect((await call('gc 1KiB')).out).toContain('evicted 4 objects')
    expect((await call('ls')).out).toBe('')
  })

  test('gc of a size that is none', async () => {
    expect(await call('gc much')).toMatchObject({
      code: 64,
      out: '',
      err: expect.stringContaining("'much' is no size"),
    })
    expect((await call('ls')).out.split('\n')).toHaveLength(5)
  })
})

test('more than a page comes through a server in full', async () => {
  await using _held = await holding('a server')
  expect(await readKeysThrough(2_345)).toBe(2_345)
}, 30_000)

async function readKeysThrough(count: number): Promise<number> {
  let served = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const { searchParams } = new URL(request.url)
      const after = Number(searchParams.get('after') ?? '-1')
      const objects = Array.from({ length: Math.min(1_000, count - after - 1) }, (_, at) => ({
        key: String(after + 1 + at),
        sizeBytes: 1,
        meta: { proof: 'proved' },
      }))
      served++
      return Response.json({ objects, next: objects.length === 1_000 ? String(after + 1_000) : null })
    },
  })
  await writeServerFile(data, { url: `http://127.0.0.1:${server.port}`, pid: process.pid })
  const { out } = await call('ls')
  await server.stop(true)
  expect(served).toBe(3)
  return new Set(out.trimEnd().split('\n')).size
}

test('damage is found, and is exit code 1', async () => {
  const store = await openStore()
  await keepAll(store)
  const zip = await store.find('go/b.example/n/@v/v1.0.0.zip')
  if (zip?.body.kind !== 'file') throw new Error('it should be a file')
  const { path } = zip.body
  await store.close()
  await writeFile(path, new Uint8Array(200 * 1024).fill(9))
  const { code, out } = await call('verify')
  expect(code).toBe(1)
  expect(out).toMatch(/^go\/b\.example\/n\/@v\/v1\.0\.0\.zip: .+ \(quarantined\)$/m)
  expect(out).toContain(': 1 damaged\n')
  expect((await call('verify')).code).toBe(0)
})

async function locked(): Promise<AsyncDisposable> {
  const store = await openStore()
  return { [Symbol.asyncDispose]: () => store.close() }
}

describe('a server that does not help', () => {
  test('one that refuses says why, and what to do', async () => {
    await using _held = await holding('a server', 'right-right-right')
    const refused = await call('stats')
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toContain('admin.token')
    expect(await call('stats', { POSTHASTE_ADMIN_TOKEN: 'right-right-right' })).toMatchObject({
      code: 0,
      err: '',
    })
  })

  test('one that holds the folder and does not answer', async () => {
    await using _held = await locked()
    await writeServerFile(data, { url: 'http://127.0.0.1:1', pid: process.pid })
    const { code, err } = await call('stats')
    expect(code).toBe(1)
    expect(err).toContain('http://127.0.0.1:1, which holds the data folder, does not answer')
  })

  test('one that is just starting has left no address', async () => {
    await using _held = await locked()
    const { code, out, err } = await call('stats')
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('data')
  })

  test('what its disk says is told with the fix', async () => {
    const store = await openStore()
    const admin = new AdminApi({
      operations: {
        ...operationsOn(store, () => undefined),
        collect: () =>
          Promise.reject(new StoreError('store.readonly', 'the disk is read-only', 'remount it')),
      },
      sources: () => [],
      orderChanges: () => [],
      forgive: () => false,
      status: () => ({}),
      token: () => undefined,
    })
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request) => admin.handle(request, new URL(request.url), '127.0.0.1'),
    })
    await writeServerFile(data, { url: `http://127.0.0.1:${server.port}`, pid: process.pid })
    const { code, err } = await call('gc')
    await server.stop(true)
    await store.close()
    expect(code).toBe(1)
    expect(err).toContain('the disk is read-only\n  remount it\n')
  })
})

test.each(['stats', 'ls', 'verify', 'rm nosuch*'])(
  '%s evicts nothing, whatever bound it knows',
  async (line) => {
    await using _held = await holding('nobody')
    const small = { POSTHASTE_CACHE_MAX_BYTES: '1MiB' }
    const store = await openStore()
    for (let at = 0; at < 12; at++) {
      const stage = await store.stage()
      await stage.write(new Uint8Array(100 * 1024).fill(at))
      await stage.commit(`go/large/${at}`, { mediaType: 'x/y', source: 's', proof: 'proved', checkedAtMs: 1 })
    }
    await store.close()
    expect((await call(line, small)).code).toBe(0)
    expect(JSON.parse((await call('stats --json', small)).out)).toMatchObject({ objects: 16 })
    expect((await call('gc', small)).out).not.toStartWith('evicted 0')
  },
)

test('a folder that is not there is told, and not made', async () => {
  const { code, out, err } = await call('stats')
  expect([code, out]).toEqual([1, ''])
  expect(err).toStartWith(`posthaste cache: there is no data folder at ${data}\n`)
  expect(await readdir(folder.path)).toEqual([])
})

describe('wrong usage', () => {
  test.each([
    ['', 'which one: stats, ls, verify, gc, rm?'],
    ['stat', "there is no 'cache stat'; did you mean stats?"],
    ['constructor', "there is no 'cache constructor'"],
    ['rm', "'cache rm' needs a pattern"],
    ['rm a b', "'cache rm' takes no 'b'"],
    ['stats now', "'cache stats' takes no 'now'"],
    ['ls --unprooved', 'did you mean --unproved?'],
    ['stats --data', '--data needs a value'],
    ['stats --cache-max-bytes lots', 'maxBytes'],
  ])("'cache %s'", async (line, message) => {
    const { code, out, err } = await call(line)
    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(message)
  })

  test('an empty pattern', async () => {
    const said = { out: '', err: '' }
    const io = {
      stdout: { write: (text: string) => (said.out += text) },
      stderr: { write: (text: string) => (said.err += text) },
      env: { PATH: '/nowhere', HOME: folder.path },
      cwd: folder.path,
    }
    expect(await cacheCommand(['rm', ''], io)).toBe(64)
    expect(said.err).toContain("'cache rm' needs a pattern")
  })
})

test('who reads only the beginning ends the command, quietly', async () => {
  const store = await openStore()
  for (let at = 0; at < 3_000; at++) {
    await store.put(`go/${String(at).padStart(100, '0')}`, new Uint8Array(1), {
      mediaType: 'x/y',
      source: 's',
      proof: 'proved',
      checkedAtMs: 1,
    })
  }
  await store.close()
  const child = spawn(process.execPath, [join(import.meta.dir, '..', 'main.ts'), 'cache', 'ls'], {
    cwd: folder.path,
    env: { PATH: '/nowhere', HOME: folder.path, POSTHASTE_DATA: data, POSTHASTE_GO_UPSTREAM: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const guard = setTimeout(() => child.kill('SIGKILL'), 20_000)
  const signal = await new Promise((resolve) => child.once('close', (_code, killed) => resolve(killed)))
  clearTimeout(guard)
  expect([signal === 'SIGKILL', err]).toEqual([false, ''])
}, 30_000)

test('Go modules are found by their paths as people write them', async () => {
  const store = await openStore()
  const meta = { mediaType: 'text/plain', source: 'origin.example', proof: 'proved', checkedAtMs: 1 } as const
  for (const key of ['go/github.com/!azure/x/@v/v1.0.0-!r!c1.mod', 'npm/Azure/full', 'npm/!azure/full']) {
    await store.put(key, new Uint8Array(10), meta)
  }
  await store.close()
  expect((await call('ls go/github.com/Azure/*')).out).toContain('!azure/x/@v/v1.0.0-!r!c1.mod')
  expect((await call('rm go/github.com/Azure/x/@v/v1.0.0-RC1.mod')).out).toContain('removed 1 ')
  expect((await call('rm npm/Azure/*')).out).toContain('removed 1 ')
  expect((await call('ls')).out).toContain('npm/!azure/full')
})
