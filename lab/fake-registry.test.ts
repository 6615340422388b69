import { describe, expect, test } from 'bun:test'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { startFakeRegistry } from './fake-registry.ts'
import { npmSite } from './fake-registry-npm.ts'
import { makeNpmVersion, makeWheel } from './fake-registry-packages.ts'
import { filePath, pypiFileSite, pypiIndexSite } from './fake-registry-pypi.ts'

const demo = makeNpmVersion('@lab/demo', '1.0.0', { other: '^1.0.0' }, { os: ['linux'] })
const packages = [{ name: '@lab/demo', versions: [demo] }]
const wheel = makeWheel('lab-demo', '1.0', ['other>=1'])
const projects = [{ name: 'lab-demo', files: [wheel] }]
const startNpm = () => startFakeRegistry({ site: npmSite({ packages }) })
const abbreviated = 'application/vnd.npm.install-v1+json'

describe('npm', () => {
  test('both forms of a packument, each under its own type, by either spelling of a scope', async () => {
    await using registry = await startNpm()
    const full = await fetch(`${registry.url}/@lab%2fdemo`)
    const short = await fetch(`${registry.url}/@lab/demo`, { headers: { accept: abbreviated } })
    expect(full.headers.get('content-type')).toBe('application/json')
    expect(short.headers.get('content-type')).toBe(abbreviated)
    expect(await full.json()).toMatchObject({ time: { '1.0.0': expect.any(String) }, license: 'MIT' })
    const said = (await short.json()) as { time?: unknown; versions: Record<string, unknown> }
    expect(said.time).toBeUndefined()
    expect(said.versions['1.0.0']).toMatchObject({ os: ['linux'], dependencies: { other: '^1.0.0' } })
    expect(registry.requestsOf('@lab/demo')).toBe(2)
  })

  test('integrity and signature are over the tarball that it serves', async () => {
    await using registry = await startNpm()
    const { dist } = (await (await fetch(`${registry.url}/@lab/demo/latest`)).json()) as {
      dist: { tarball: string; integrity: string; signatures: { keyid: string; sig: string }[] }
    }
    const tarball = new Uint8Array(await (await fetch(dist.tarball)).arrayBuffer())
    expect(dist.integrity).toBe(`sha512-${createHash('sha512').update(tarball).digest('base64')}`)
    const { keys } = (await (await fetch(`${registry.url}/-/npm/v1/keys`)).json()) as {
      keys: { keyid: string; key: string }[]
    }
    const [signature] = dist.signatures
    const found = keys.find(({ keyid }) => keyid === signature?.keyid)
    const key = createPublicKey({ key: Buffer.from(found?.key ?? '', 'base64'), format: 'der', type: 'spki' })
    const signed = Buffer.from(`@lab/demo@1.0.0:${dist.integrity}`)
    expect(verify('sha256', signed, key, Buffer.from(signature?.sig ?? '', 'base64'))).toBe(true)
    expect(registry.immutableRequests()).toEqual(['@lab/demo/-/demo-1.0.0.tgz'])
  })
})

test('a body is compressed for who takes it, and 304 for who has it', async () => {
  await using registry = await startNpm()
  const get = (headers: Record<string, string>) =>
    fetch(`${registry.url}/@lab/demo`, { headers, decompress: false })
  const packed = await get({ 'accept-encoding': 'gzip' })
  const plain = await get({ 'accept-encoding': 'identity' })
  const unpacked = gunzipSync(new Uint8Array(await packed.arrayBuffer()))
  expect(unpacked.equals(new Uint8Array(await plain.arrayBuffer()))).toBe(true)
  const etag = plain.headers.get('etag') ?? ''
  expect(packed.headers.get('etag')).not.toBe(etag)
  const again = await get({ 'accept-encoding': 'identity', 'if-none-match': etag })
  expect([again.status, await again.text()]).toEqual([304, ''])
})

describe('PyPI', () => {
  test.each([
    ['application/vnd.pypi.simple.v1+json', 200, 'application/vnd.pypi.simple.v1+json'],
    ['application/vnd.pypi.simple.v1+html', 200, 'application/vnd.pypi.simple.v1+html'],
    ['*/*', 200, 'text/html'],
    ['image/png', 406, 'text/plain'],
  ])('a page for %s', async (accept, status, type) => {
    const site = pypiIndexSite({ projects, files: 'http://files.example' })
    await using index = await startFakeRegistry({ site })
    const answer = await fetch(`${index.url}/simple/lab-demo/`, { headers: { accept } })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, type])
    if (status === 200) {
      expect(await answer.text()).toContain(`http://files.example/${filePath(wheel)}`)
    }
  })

  test('another spelling of a name leads to the page', async () => {
    const site = pypiIndexSite({ projects, files: 'http://files.example' })
    await using index = await startFakeRegistry({ site })
    const answer = await fetch(`${index.url}/simple/Lab_Demo/`, { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([301, '/simple/lab-demo/'])
  })

  test('files have ranges, and their metadata beside them', async () => {
    await using files = await startFakeRegistry({ site: pypiFileSite(projects) })
    const address = `${files.url}/${filePath(wheel)}`
    const part = await fetch(address, { headers: { range: 'bytes=0-1' } })
    expect([part.status, await part.text()]).toEqual([206, 'PK'])
    expect(await (await fetch(`${address}.metadata`)).text()).toContain('Requires-Dist: other>=1')
    expect(files.immutableRequests()).toHaveLength(2)
  })
})

test('an injected fault hits what it names, until it is taken away', async () => {
  await using registry = await startNpm()
  const address = `${registry.url}/@lab/demo/-/demo-1.0.0.tgz`
  const rule = registry.inject({ pattern: '*.tgz', fault: { kind: 'wrong-bytes' } })
  const wrong = new Uint8Array(await (await fetch(address)).arrayBuffer())
  expect((await fetch(`${registry.url}/@lab/demo`)).status).toBe(200)
  rule[Symbol.dispose]()
  const right = new Uint8Array(await (await fetch(address)).arrayBuffer())
  expect(Buffer.from(right).equals(demo.tarball)).toBe(true)
  expect(wrong).toHaveLength(right.length)
  expect(Buffer.from(wrong).equals(right)).toBe(false)
})

test('after its stop nobody answers', async () => {
  await using registry = await startNpm()
  await registry.stop()
  expect(await fetch(registry.url).catch((error: Error) => error)).toBeInstanceOf(Error)
})
