import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rawRequest } from '../../src/http/testing/raw-request.ts'
import { type Product, startProduct } from '../support/product.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import {
  bytes,
  flood,
  goodTarball,
  goodWheel,
  type HostileRegistry,
  hostileRegistry,
  json,
  packument,
  page,
  type Reply,
  text,
} from './hostile-registry.ts'

const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'
/** Above what a server with nothing to do takes; a body of the sizes below would not fit into it twice. */
const MAX_RSS_MIB = 450
const MIB = 1024 * 1024

setDefaultTimeout(30_000)

let folder: TemporaryFolder
let registry: HostileRegistry
let product: Product

beforeAll(async () => {
  folder = await temporaryFolder('edge')
  registry = await hostileRegistry()
  product = await start()
}, 60_000)
afterAll(async () => {
  await product[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

function start(): Promise<Product> {
  const args = ['--npm-upstream', `${registry.url}/npm`, '--pypi-upstream', `${registry.url}/simple`]
  return startProduct({ dataDir: join(folder.path, 'data'), args })
}

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${product.url}${path}`, { headers, redirect: 'manual' })

/** A request whose path goes out byte for byte as it stands here. */
const rawGet = (path: string) =>
  rawRequest(product.url, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)

async function keptKeys(): Promise<string[]> {
  const response = await get('/api/cache/objects')
  const { objects } = (await response.json()) as { objects: { key: string }[] }
  return objects.map(({ key }) => key)
}

async function peakRssMib(): Promise<number> {
  const status = await readFile(`/proc/${product.pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

/** Asks for what is sound, again and again, until `work` is over; gives how often it came. */
async function servingMeanwhile(work: Promise<unknown>): Promise<number> {
  let isOver = false
  let served = 0
  const over = work.finally(() => {
    isOver = true
  })
  while (!isOver) {
    const response = await get('/npm/left-pad')
    if (response.status !== 200 || !(await response.text()).includes('"left-pad"')) {
      throw new Error(`left-pad was answered with ${response.status}`)
    }
    served++
  }
  await over
  return served
}

describe('hostile names', () => {
  const long = 'a'.repeat(10_000)
  test.each([
    ['dots', '/npm/../../etc/passwd'],
    ['encoded dots', '/npm/%2e%2e/%2e%2e/etc/passwd'],
    ['dots behind encoded slashes', '/npm/..%2f..%2fetc%2fpasswd'],
    ['dots in a scope', '/npm/@a%2f..%2fb'],
    ['twice encoded dots', '/npm/%252e%252e%252fpasswd'],
    ['a NUL', '/npm/left-pad%00'],
    ['a NUL in a tarball', '/npm/left-pad/-/left-pad%00-1.0.0.tgz'],
    ['overlong UTF-8', '/npm/%c0%ae%c0%ae/%c0%afetc'],
    ['half a character', '/npm/left%e2%82'],
    ['a look-alike', '/npm/l%d0%b5ft-pad'],
    ['a wide look-alike', '/npm/%ef%bd%8ceft-pad'],
    ['a direction mark', '/npm/left%e2%80%aepad'],
    ['ten thousand letters', `/npm/${long}`],
    ['ten thousand letters in a scope', `/npm/@${long}%2fx`],
    ['a scope in capitals', '/npm/@CORP%2fx'],
    ['a hidden file', '/npm/.git/config'],
    ['node_modules', '/npm/node_modules'],
    ['__proto__', '/npm/__proto__'],
    ['a tarball elsewhere', '/npm/left-pad/-/..%2f..%2fevil.tgz'],
    ['a line break', '/npm/left-pad%0d%0aevil:1'],
    ['dots in a project', '/pypi/simple/%2e%2e/etc/passwd'],
    ['dots behind encoded slashes in a project', '/pypi/simple/..%2f..%2fetc/'],
    ['a NUL in a project', '/pypi/simple/good%00/'],
    ['overlong UTF-8 in a project', '/pypi/simple/%c0%ae%c0%ae/'],
    ['a look-alike in a project', '/pypi/simple/g%d0%beod/'],
    ['ten thousand letters in a project', `/pypi/simple/${long}/`],
    ['a file elsewhere', '/pypi/files/good/0/..%2f..%2fevil.whl'],
    ['a line break in a project', '/pypi/simple/good%0d%0aevil/'],
  ])('%s: refused, and nobody else hears of it', async (_, path) => {
    const before = registry.asked.length
    const answer = await rawGet(path)
    expect(answer.status).toMatch(/^HTTP\/1\.1 (400|404|414|431) /)
    const isOfNpm = answer.headers.get('content-type') === 'application/json'
    if (isOfNpm) expect(JSON.parse(answer.rest)).toEqual({ error: expect.any(String) })
    expect(answer.rest.length).toBeLessThan(1_000)
    expect(registry.asked.slice(before)).toEqual([])
  })

  test('a NUL or a blank as such is no request at all', async () => {
    for (const path of ['/npm/left\0pad', '/npm/left pad']) {
      const before = registry.asked.length
      const answer = await rawGet(path).catch(() => undefined)
      expect(answer?.status ?? '').not.toContain(' 200 ')
      expect(registry.asked.slice(before)).toEqual([])
    }
  })

  test('capitals are another name, and an answer about the small one is not taken for it', async () => {
    registry.replies.set('/npm/Left-Pad', json(packument('left-pad', `${registry.url}/npm`)))
    const response = await get('/npm/Left-Pad')
    expect([response.status, await response.json()]).toEqual([
      502,
      { error: expect.stringContaining('about left-pad, not about Left-Pad') },
    ])
    const moved = await get('/pypi/simple/GOOD/')
    expect([moved.status, moved.headers.get('location')]).toEqual([301, expect.stringMatching(/\/good\/$/)])
  })
})

describe('hostile packuments', () => {
  const deep = `{"name":"NAME","versions":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  const bomb = gzipSync(Buffer.alloc(220 * MIB))
  const gzipped =
    (announced: boolean): Reply =>
    (response) => {
      const coding = announced ? { 'content-encoding': 'gzip' } : {}
      response.writeHead(200, { 'content-type': 'application/json', ...coding }).end(bomb)
    }
  test.each<[string, (name: string) => Reply, RegExp]>([
    ['a web page', () => text('<html><form>log in</form>', 'text/html'), /JSON|\{/i],
    ['a web page that says it is JSON', () => text('<html><form>log in</form>'), /JSON|\{/i],
    ['nothing', () => text(''), /./],
    ['half of it', (name) => text(`{"name":"${name}","versions":{"1.0.0":{`), /./],
    ['more behind its end', (name) => text(`{"name":"${name}"}{"x":1}`), /./],
    ['another package', () => json(packument('other', 'http://a.example')), /not about/],
    ['no name', () => json({ versions: {} }), /not about/],
    ['two names', (name) => text(`{"name":"${name}","name":"other"}`), /not about/],
    ['a name that is an object', (name) => text(`{"name":{"${name}":1}}`), /./],
    ['brackets, a hundred thousand deep', (name) => text(deep.replace('NAME', name)), /deep|nest/i],
    ['a gzip bomb', () => gzipped(true), /bytes/],
    ['a gzip bomb that is not announced', () => gzipped(false), /bytes/],
    [
      '210 MB without a length',
      (name) =>
        flood({ start: `{"name":"${name}","readme":"`, piece: 'x'.repeat(MIB), times: 210, end: '"}' }),
      /bytes/,
    ],
    [
      '120 MB that are about another package in the end',
      (name) =>
        flood({
          start: `{"name":"${name}","readme":"`,
          piece: 'x'.repeat(MIB),
          times: 120,
          end: '","name":"other"}',
        }),
      /about other/,
    ],
    [
      '210 MB with a length',
      (name) => (response) =>
        void response.writeHead(200, { 'content-length': 210 * MIB }).write(`{"name":"${name}`),
      /bytes/,
    ],
  ])('%s: refused in words that npm shows, and not kept', async (what, replyOf, words) => {
    const name = `evil-${what.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}`
    registry.replies.set(`/npm/${name}`, replyOf(name))
    const asking = get(`/npm/${name}`)
    const served = await servingMeanwhile(asking)
    const response = await asking
    expect([response.status, response.headers.get('content-type')]).toEqual([502, 'application/json'])
    const { error } = (await response.json()) as { error: string }
    expect(error).toMatch(words)
    expect(error).toContain('127.0.0.1')
    expect(served).toBeGreaterThan(0)
    expect((await keptKeys()).filter((key) => key.includes(name))).toEqual([])
    expect(await peakRssMib()).toBeLessThan(MAX_RSS_MIB)
  })

  test('keys that mean something to JavaScript are keys', async () => {
    const name = 'proto-pad'
    const sound = JSON.stringify(packument(name, `${registry.url}/npm`))
    const body = `${sound.slice(0, -1)},"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}}}`
    registry.replies.set(`/npm/${name}`, text(body))
    for (const accept of ['application/json', 'application/vnd.npm.install-v1+json']) {
      const response = await get(`/npm/${name}`, { accept })
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('1.0.0')
    }
    expect(await (await get(`/npm/${name}`)).text()).toContain('"__proto__":{"isAdmin":true}')
    expect(await (await get('/npm/left-pad')).text()).not.toContain('isAdmin')
  })

  test('bytes that are no UTF-8 come through as they are, or not at all', async () => {
    const name = 'latin-pad'
    const sound = JSON.stringify({ ...packument(name, `${registry.url}/npm`), readme: 'caf\u00e9' })
    registry.replies.set(`/npm/${name}`, text(Buffer.from(sound, 'latin1')))
    const response = await get(`/npm/${name}`)
    const body = Buffer.from(await response.bytes())
    if (response.status === 200) expect(body.includes(Buffer.from('caf\u00e9', 'latin1'))).toBe(true)
    else expect(JSON.parse(body.toString())).toEqual({ error: expect.any(String) })
  })
})

describe('hostile tarballs', () => {
  const wrong = Buffer.from(goodTarball.map((byte, at) => (at === 40 ? byte ^ 1 : byte)))
  test.each<[string, Reply, RegExp]>([
    ['other bytes', bytes(wrong), /sha512|metadata says/],
    ['fewer bytes', bytes(goodTarball.subarray(0, -5)), /sha512|metadata says/],
    ['more bytes', bytes(Buffer.concat([goodTarball, Buffer.alloc(5)])), /sha512|metadata says/],
    ['a web page', text('<html>log in', 'text/html'), /./],
    [
      'fewer bytes than announced',
      (response) => {
        response.writeHead(200, { 'content-length': 5_000 })
        response.write(goodTarball, () => response.destroy())
      },
      /./,
    ],
    [
      '150 MB of nothing',
      flood(
        { start: '', piece: '\0'.repeat(MIB), times: 150, end: '' },
        { 'content-type': 'application/gzip' },
      ),
      /sha512|metadata says/,
    ],
  ])('%s: no client gets a whole answer of it, and nothing is kept', async (what, reply, words) => {
    const name = `evil-tar-${what.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}`
    registry.replies.set(`/npm/${name}`, json(packument(name, `${registry.url}/npm`)))
    registry.replies.set(`/npm/${name}/-/${name}-1.0.0.tgz`, reply)
    expect((await get(`/npm/${name}`)).status).toBe(200)
    const response = await get(`/npm/${name}/-/${name}-1.0.0.tgz`)
    expect(response.status).toBe(502)
    const { error } = (await response.json()) as { error: string }
    expect(error).toMatch(words)
    expect((await keptKeys()).filter((key) => key.includes(name) && key.endsWith('.tgz'))).toEqual([])
    expect(await peakRssMib()).toBeLessThan(MAX_RSS_MIB)
  })
})

describe('hostile pages of an index', () => {
  const deep = `{"name":"NAME","files":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  const html = 'text/html'
  test.each<[string, (name: string) => Reply, RegExp]>([
    ['a login page', () => text('<html><title>Log in</title><form>', html), /index/],
    ['a login page that says it is JSON', () => text('<html><form>', SIMPLE_JSON), /index/],
    ['another project', () => json(page('other', goodWheel), SIMPLE_JSON), /other/],
    ['no files', (name) => json({ meta: {}, name }, SIMPLE_JSON), /files/],
    ['half of it', (name) => text(`{"name":"${name}","files":[`, SIMPLE_JSON), /./],
    ['brackets, a hundred thousand deep', (name) => text(deep.replace('NAME', name), SIMPLE_JSON), /./],
    [
      'endless HTML',
      () =>
        flood(
          {
            start: '<html><title>Links for x</title>',
            piece: '<a href="x">x</a>'.repeat(60_000),
            times: 250,
            end: '',
          },
          { 'content-type': html },
        ),
      /bytes/,
    ],
  ])('%s: refused in one plain line, and not kept', async (what, replyOf, words) => {
    const name = `evil-${what.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}`
    registry.replies.set(`/simple/${name}/`, replyOf(name))
    const asking = get(`/pypi/simple/${name}/`)
    expect(await servingMeanwhile(asking)).toBeGreaterThan(0)
    const response = await asking
    expect([response.status, response.headers.get('content-type')]).toEqual([
      502,
      'text/plain; charset=utf-8',
    ])
    const line = await response.text()
    expect(line).toMatch(words)
    expect(line.split('\n')).toHaveLength(2)
    expect((await keptKeys()).filter((key) => key.includes(name))).toEqual([])
    expect(await peakRssMib()).toBeLessThan(MAX_RSS_MIB)
  })

  test.each<[string, Reply]>([
    ['other', bytes(Buffer.from(goodWheel.map((byte, at) => (at === 40 ? byte ^ 1 : byte))))],
    ['fewer', bytes(goodWheel.subarray(0, -5))],
    ['more', bytes(Buffer.concat([goodWheel, Buffer.alloc(5)]))],
  ])('a wheel of %s bytes than its page says is refused, and not kept', async (what, reply) => {
    const name = `wheel-${what}`
    registry.replies.set(`/simple/${name}/`, json(page(name, goodWheel), SIMPLE_JSON))
    registry.replies.set(`/files/${name}-1.0-py3-none-any.whl`, reply)
    const listed = await get(`/pypi/simple/${name}/`, { accept: SIMPLE_JSON })
    const { files } = (await listed.json()) as { files: { url: string }[] }
    const address = new URL(files[0]?.url ?? '', `${product.url}/pypi/simple/${name}/`)
    const response = await fetch(address)
    expect(response.status).toBe(502)
    expect(await response.text()).toContain(name)
    expect((await keptKeys()).filter((key) => key.includes(name) && key.includes('.whl'))).toEqual([])
  })
})

test('after all of this what is sound is served, and it fits into little memory', async () => {
  const tarball = await get('/npm/left-pad/-/left-pad-1.0.0.tgz')
  expect([tarball.status, Buffer.from(await tarball.bytes()).equals(goodTarball)]).toEqual([200, true])
  const listed = await get('/pypi/simple/good/', { accept: SIMPLE_JSON })
  const { files } = (await listed.json()) as { files: { url: string }[] }
  const wheel = await fetch(new URL(files[0]?.url ?? '', `${product.url}/pypi/simple/good/`))
  expect([wheel.status, Buffer.from(await wheel.bytes()).equals(goodWheel)]).toEqual([200, true])
  expect(await peakRssMib()).toBeLessThan(MAX_RSS_MIB)
  expect(product.logLines().filter(({ level }) => level === 'error')).toEqual([])
})

test('a stop in the middle of a transform is a clean one', async () => {
  const name = 'large-pad'
  const { versions, ...rest } = packument(name, `${registry.url}/npm`)
  const manifest = { ...versions['1.0.0'], readme: 'x'.repeat(20_000) }
  const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, patch) => [`1.0.${patch}`, manifest]))
  const whole = JSON.stringify({ ...rest, versions: many })
  const sent = Promise.withResolvers<void>()
  registry.replies.set(`/npm/${name}`, (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(whole, () => sent.resolve())
  })
  const asking = get(`/npm/${name}`).then(
    (response) => response.status,
    () => 'cut',
  )
  await sent.promise
  const exit = await product.stop()
  expect(exit).toEqual({ code: 0, signal: undefined })
  expect([200, 500, 502, 503, 'cut']).toContain(await asking)
  await product[Symbol.asyncDispose]()
  product = await start()
  const response = await get(`/npm/${name}`)
  expect([response.status, (await response.text()).length]).toEqual([200, expect.any(Number)])
}, 60_000)
