import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kept, Refused } from '../cache/outcome.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Asking, CandidateBody, Refusal, Resource } from '../ecosystems/ecosystem.ts'
import { writeTestZip } from '../ecosystems/go/zip/test-zip.ts'
import { routeFor } from '../ecosystems/pypi/file-route.ts'
import { pypiChecks, pypiTransforms } from '../ecosystems/pypi/pypi-transforms.ts'
import type { StoredObject } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { type PypiRoom, pypiRoom } from './pypi-room.ts'
import type { LocatedFile } from './pypi-room-files.ts'

const signal = new AbortController().signal
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
const NOW = 1_000_000

/** An engine that keeps what it is given, and notes what it is asked. */
class FakeEngine {
  readonly kept = new Map<string, StoredObject>()
  /** What a refresh of a key brings: another body, or a refusal. */
  readonly upstream = new Map<string, string | Refusal>()
  readonly refreshed: string[] = []

  keep(
    key: string,
    body: string | Uint8Array | { path: string; sizeBytes: number },
    checkedAtMs = 0,
    source = 'a.example/simple',
  ) {
    const isFile = typeof body === 'object' && 'path' in body
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    this.kept.set(key, {
      key,
      sha256: '',
      sizeBytes: isFile ? body.sizeBytes : (bytes as Uint8Array).length,
      meta: { mediaType: '', source, proof: 'sound', checkedAtMs },
      body: isFile ? { kind: 'file', path: body.path } : { kind: 'bytes', bytes: bytes as Uint8Array },
    })
  }

  readonly ports = {
    now: () => NOW,
    ask: async (resource: Resource): Promise<Kept | Refused> => {
      const object = this.kept.get(resource.key)
      if (object !== undefined) return { kind: 'hit', object, ageMs: 0 }
      return {
        kind: 'refused',
        remembered: false,
        refusal: { kind: 'upstream-failed', reason: 'it is down' },
      }
    },
    refresh: async (resource: Resource): Promise<Kept | Refused> => {
      this.refreshed.push(resource.key)
      const brought = this.upstream.get(resource.key)
      if (typeof brought === 'object') return { kind: 'refused', remembered: false, refusal: brought }
      if (brought !== undefined) this.keep(resource.key, brought, NOW)
      return this.ports.ask(resource)
    },
    view: async (view: Parameters<import('./registry-ports.ts').RegistryPorts['view']>[0]) => {
      const of = await this.ports.ask(view.of)
      if (of.kind === 'refused') return of
      const { body } = of.object
      if (body.kind !== 'bytes') throw new Error('pages are small here')
      const { name, params } = view.transform
      const pieces = pypiTransforms[name]?.({ body: body.bytes, beside: undefined, params }) ?? []
      const made: CandidateBody = { kind: 'bytes', bytes: Buffer.concat([...pieces]) }
      return { kind: 'made' as const, body: made, sha256: '', of }
    },
    check: async (name: string, body: CandidateBody, params: Readonly<Record<string, string>> = {}) => {
      if (body.kind !== 'bytes') throw new Error('bodies are small here')
      return pypiChecks[name]?.(body.bytes, params) ?? ({ verdict: 'sound' } as const)
    },
  }
}

async function room(engine: FakeEngine, settings: Record<string, string> = {}): Promise<PypiRoom> {
  const loaded = await loadConfig({
    env: {
      POSTHASTE_PYPI_UPSTREAM: 'https://a.example/simple,https://b.example/simple',
      POSTHASTE_PYPI_PRIVATE: 'Corp_*',
      ...settings,
    },
    cwd: '/nowhere',
    home: '/nowhere',
    readFile: async () => undefined,
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return pypiRoom(loaded.config, loaded.origins, engine.ports)
}

const asking: Asking = {
  method: 'GET',
  query: '',
  base: 'http://relay.example/pypi',
  atRoot: false,
  header: () => undefined,
}

function resourceAt({ ecosystem }: PypiRoom, path: string): Resource {
  const asked = ecosystem.parse(path, asking)
  if (asked.kind === 'view') return asked.view.of
  if (asked.kind !== 'resource') throw new Error(`${path}: ${JSON.stringify(asked)}`)
  return asked.resource
}

async function locate(of: PypiRoom, path: string): Promise<LocatedFile> {
  const located = await resourceAt(of, path).locate?.(signal)
  if (located === undefined) throw new Error('nothing to locate')
  return located
}

/** As a fetch does that found the file at none of the first places. */
async function locateAgain(of: PypiRoom, path: string): Promise<LocatedFile> {
  const resource = resourceAt(of, path)
  expect(await resource.locate?.(signal)).toMatchObject({ kind: 'places', isGuess: true })
  const located = await resource.locate?.(signal)
  if (located === undefined) throw new Error('nothing to locate')
  expect(located).not.toHaveProperty('isGuess')
  return located
}

async function verdict(of: PypiRoom, path: string, body: string | Uint8Array | CandidateBody) {
  const candidate: CandidateBody =
    typeof body === 'string' || body instanceof Uint8Array
      ? { kind: 'bytes', bytes: Buffer.from(body) }
      : body
  return resourceAt(of, path).prove?.(signal).check(candidate, signal)
}

const content = 'the wheel'
const hash = sha256(content)
const wheel = 'demo-1.0-py3-none-any.whl'
const path = `/files/demo/${hash}/${wheel}`
const pageKey = 'pypi/simple/demo/'
const page = (file: Record<string, unknown> = {}) =>
  JSON.stringify({
    name: 'demo',
    files: [{ filename: wheel, url: `../../packages/${wheel}`, hashes: { sha256: hash }, ...file }],
  })

describe('where a file lies', () => {
  test('at the source of its page first, then at its equal', async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, page(), 0, 'b.example/simple')
    expect(await locate(await room(engine), path)).toMatchObject({
      kind: 'places',
      urls: [`https://b.example/packages/${wheel}`, `https://a.example/packages/${wheel}`],
    })
    expect(engine.refreshed).toEqual([])
  })

  test('a file that the kept page lacks: the page is asked for once more', async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, '{"name":"demo","files":[]}')
    engine.upstream.set(pageKey, page())
    expect(await locate(await room(engine), path)).toMatchObject({ kind: 'places' })
    expect(engine.refreshed).toEqual([pageKey])
  })

  test('a file that the fresh page lacks is not there, and the page is not asked for again', async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, '{"name":"demo","files":[]}', 0)
    engine.upstream.set(pageKey, '{"name":"demo","files":[]}')
    const of = await room(engine)
    expect(await locate(of, path)).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'not-found', reason: `the index does not list ${wheel}` },
    })
    expect(await locate(of, path)).toMatchObject({ kind: 'refused', refusal: { kind: 'not-found' } })
    expect(engine.refreshed).toEqual([pageKey])
  })

  const keyAt = (source: string) => `pypi/at/${sha256(source).slice(0, 16)}/demo/`

  test("where no place of the page has it, at those of the other sources' own pages", async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, page({ url: `https://files.b.example/${wheel}` }), NOW, 'b.example/simple')
    const elsewhere = page({ url: `https://files.a.example/x/${wheel}` })
    engine.keep(keyAt('a.example/simple'), elsewhere, NOW, 'a.example/simple')
    const of = await room(engine)
    expect(await locate(of, path)).toMatchObject({ urls: [`https://files.b.example/${wheel}`] })
    expect(await locateAgain(of, path)).toEqual({
      kind: 'places',
      urls: [`https://files.a.example/x/${wheel}`],
    })
    expect(
      of.ecosystem.pageAt('demo', { id: 'a.example/simple', url: 'https://a.example/simple' }),
    ).toMatchObject({
      key: keyAt('a.example/simple'),
      sources: 'pypi',
    })
    const asked = of.ecosystem.pageAt('demo', { id: 'a.example/simple', url: 'https://a.example/simple' })
    expect(await asked.locate?.(signal)).toEqual({ kind: 'places', urls: ['https://a.example/simple/demo/'] })
  })

  test('other sources whose pages cannot be had change nothing', async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, page(), NOW, 'b.example/simple')
    expect(await locateAgain(await room(engine), path)).toMatchObject({
      urls: [`https://b.example/packages/${wheel}`, `https://a.example/packages/${wheel}`],
    })
  })

  test('a file that a mirror behind the others does not list is not denied', async () => {
    const engine = new FakeEngine()
    const lagging = '{"name":"demo","files":[]}'
    engine.keep(pageKey, lagging, 0, 'b.example/simple')
    engine.upstream.set(pageKey, lagging)
    const text = 'Metadata-Version: 2.1\nName: demo\n'
    const ahead = page({ 'core-metadata': { sha256: sha256(text) } })
    engine.keep(keyAt('a.example/simple'), ahead, NOW, 'a.example/simple')
    engine.keep(keyAt('b.example/simple'), ahead, NOW, 'b.example/simple')
    const of = await room(engine)
    expect(await locate(of, path)).toMatchObject({
      urls: expect.arrayContaining([`https://a.example/packages/${wheel}`]),
    })
    expect(await verdict(of, `${path}.metadata`, text)).toEqual({ verdict: 'proved' })
    expect(await locate(of, `/files/demo/${'0'.repeat(64)}/${wheel}`)).toMatchObject({
      refusal: { kind: 'not-found' },
    })
  })

  test('a source that has no equal is not asked twice', async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, page(), NOW)
    const of = await room(engine, { POSTHASTE_PYPI_UPSTREAM: 'https://a.example/simple' })
    expect(await locate(of, path)).not.toHaveProperty('isGuess')
  })

  test('while the index is out of reach, nobody says that a file is not there', async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, '{"name":"demo","files":[]}')
    engine.upstream.set(pageKey, { kind: 'upstream-failed', reason: 'a.example is down' })
    const located = await locate(await room(engine), path)
    expect(located).toMatchObject({ kind: 'refused', refusal: { kind: 'upstream-failed' } })
    if (located.kind === 'refused') expect(located.refusal.reason).toContain('a.example is down')
  })

  test('the name alone does not do: another hash is another file', async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, page(), NOW)
    expect(await locate(await room(engine), `/files/demo/${'0'.repeat(64)}/${wheel}`)).toMatchObject({
      refusal: { kind: 'not-found' },
    })
  })

  for (const [part, said, kind] of [
    ['metadata', {}, 'refused'],
    ['metadata', { 'core-metadata': true }, 'places'],
    ['metadata', { 'dist-info-metadata': { sha256: hash } }, 'places'],
    ['metadata', { 'core-metadata': false }, 'refused'],
    ['asc', {}, 'refused'],
    ['asc', { 'gpg-sig': true }, 'places'],
    ['asc', { 'gpg-sig': false }, 'refused'],
    ['provenance', {}, 'refused'],
    ['provenance', { provenance: 'https://a.example/p' }, 'places'],
  ] as const) {
    test(`.${part} with ${JSON.stringify(said)} is ${kind}`, async () => {
      const engine = new FakeEngine()
      engine.keep(pageKey, page(said), NOW)
      expect((await locate(await room(engine), `${path}.${part}`)).kind).toBe(kind)
    })
  }
})

describe('what proves a file', () => {
  test('its hash, which stands in its address', async () => {
    const of = await room(new FakeEngine())
    expect(await verdict(of, path, content)).toEqual({ verdict: 'proved' })
    expect(await verdict(of, path, `${content}!`)).toMatchObject({ verdict: 'wrong' })
  })

  test('a large one is read from its file', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'body')
    const bytes = Buffer.alloc(3 << 20, 7)
    await writeFile(file, bytes)
    const of = await room(new FakeEngine())
    const body: CandidateBody = { kind: 'file', path: file, sizeBytes: bytes.length }
    expect(await verdict(of, `/files/demo/${sha256(bytes)}/${wheel}`, body)).toEqual({ verdict: 'proved' })
    expect(await verdict(of, path, body)).toMatchObject({ verdict: 'wrong' })
    expect(await verdict(of, path, { ...body, path: `${file}x` })).toMatchObject({ verdict: 'unproved' })
  })

  for (const [hashes, body, expected] of [
    [{ md5: createHash('md5').update(content).digest('hex') }, content, 'sound'],
    [{ md5: '00'.repeat(16) }, content, 'wrong'],
    [{ md5: '00' }, content, 'wrong'],
    [{}, content, 'sound'],
    [{}, '<!DOCTYPE html><p>sign in', 'wrong'],
  ] as const) {
    test(`with ${JSON.stringify(hashes)} alone ${body} is ${expected}`, async () => {
      const engine = new FakeEngine()
      engine.keep(pageKey, page({ hashes }), NOW)
      expect(
        await verdict(await room(engine), `/files/demo/${routeFor(hashes)}/${wheel}`, body),
      ).toMatchObject({
        verdict: expected,
      })
    })
  }

  test('a weak hash tells a file from the one that replaced it; without any it is not fresh for ever', async () => {
    const engine = new FakeEngine()
    const md5 = (text: string) => createHash('md5').update(text).digest('hex')
    engine.keep(pageKey, page({ hashes: { md5: md5('replaced') } }), NOW)
    const of = await room(engine)
    const at = (text: string) => `/files/demo/md5-${md5(text)}/${wheel}`
    expect(await locate(of, at('replaced'))).toMatchObject({ kind: 'places' })
    expect(await locate(of, at(content))).toMatchObject({ refusal: { kind: 'not-found' } })
    expect(await verdict(of, at('replaced'), 'replaced')).toEqual({ verdict: 'sound' })
    expect(await verdict(of, at('replaced'), content)).toMatchObject({ verdict: 'wrong' })
    expect(resourceAt(of, at(content)).freshMs).toBe(Number.POSITIVE_INFINITY)
    expect(resourceAt(of, `/files/demo/-/${wheel}`).freshMs).toBe(300_000)
  })

  test('a size that is not the announced one', async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, page({ hashes: {}, size: 3 }), NOW)
    expect(await verdict(await room(engine), `/files/demo/-/${wheel}`, content)).toMatchObject({
      verdict: 'wrong',
    })
  })

  test('metadata: the hash on the page, else its form', async () => {
    const text = 'Metadata-Version: 2.1\nName: demo\n'
    const engine = new FakeEngine()
    engine.keep(pageKey, page({ 'core-metadata': { sha256: sha256(text) } }), NOW)
    const of = await room(engine)
    expect(await verdict(of, `${path}.metadata`, text)).toEqual({ verdict: 'proved' })
    expect(await verdict(of, `${path}.metadata`, `${text}x`)).toMatchObject({ verdict: 'wrong' })
    engine.keep(pageKey, page({ 'core-metadata': true }), NOW)
    expect(await verdict(of, `${path}.metadata`, text)).toEqual({ verdict: 'sound' })
    expect(await verdict(of, `${path}.metadata`, '<html>')).toMatchObject({ verdict: 'wrong' })
  })

  test('a signature and a provenance: their form', async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, page({ provenance: 'https://a.example/p' }), NOW)
    const of = await room(engine)
    expect(await verdict(of, `${path}.asc`, '-----BEGIN PGP SIGNATURE-----')).toEqual({ verdict: 'sound' })
    expect(await verdict(of, `${path}.asc`, '<html>')).toMatchObject({ verdict: 'wrong' })
    expect(await verdict(of, `${path}.provenance`, '{"version":1}')).toEqual({ verdict: 'sound' })
    expect(await verdict(of, `${path}.provenance`, '<html>')).toMatchObject({ verdict: 'wrong' })
  })

  test('pages are judged by their form', async () => {
    const of = await room(new FakeEngine())
    expect(await verdict(of, '/simple/demo/', page())).toEqual({ verdict: 'sound' })
    expect(await verdict(of, '/simple/demo/', '<html><form>')).toMatchObject({ verdict: 'wrong' })
    expect(await verdict(of, '/simple/', '{"projects":[]}')).toEqual({ verdict: 'sound' })
    expect(await verdict(of, '/demo/json', '{"info":{"name":"other"}}')).toMatchObject({ verdict: 'wrong' })
  })
})

describe('metadata that no place has', () => {
  const text = 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n'
  const zip = writeTestZip([{ name: 'demo-1.0.dist-info/METADATA', content: text }])
  const made = async (keep: (engine: FakeEngine, key: string) => void) => {
    const engine = new FakeEngine()
    const zipHash = sha256(zip)
    engine.keep(
      pageKey,
      page({ hashes: { sha256: zipHash }, 'core-metadata': { sha256: sha256(text) } }),
      NOW,
    )
    keep(engine, `pypi/files/demo/${zipHash}/${wheel}`)
    const of = await room(engine)
    const metadataPath = `/files/demo/${zipHash}/${wheel}.metadata`
    const located = await locateAgain(of, metadataPath)
    if (located.kind !== 'places' || located.otherwise === undefined) throw new Error('no other way')
    const bytes = await located.otherwise(signal)
    return bytes === undefined ? undefined : await verdict(of, metadataPath, bytes)
  }

  test('is made from the kept wheel, and proved like any other', async () => {
    expect(await made((engine, key) => engine.keep(key, zip))).toEqual({ verdict: 'proved' })
  })

  test('also from one on disk', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'wheel')
    await writeFile(file, zip)
    const body = { path: file, sizeBytes: zip.length }
    expect(await made((engine, key) => engine.keep(key, body))).toEqual({ verdict: 'proved' })
    expect(await made((engine, key) => engine.keep(key, { ...body, path: `${file}x` }))).toBeUndefined()
  })

  test('is not there when the wheel cannot be had, or is none', async () => {
    expect(await made(() => undefined)).toBeUndefined()
    expect(await made((engine, key) => engine.keep(key, 'no zip'))).toBeUndefined()
  })

  test('of a source distribution it is not made', async () => {
    const engine = new FakeEngine()
    engine.keep(pageKey, page({ filename: 'demo-1.0.tar.gz', 'core-metadata': true }), NOW)
    const located = await locateAgain(await room(engine), `/files/demo/${hash}/demo-1.0.tar.gz.metadata`)
    expect(located.kind).toBe('places')
    expect(located.otherwise).toBeUndefined()
  })
})

describe('private names', () => {
  const own = { POSTHASTE_PYPI_PRIVATE_UPSTREAM: 'https://index.corp.example/simple' }

  test('in every spelling of name and pattern', async () => {
    const of = await room(new FakeEngine())
    for (const name of ['corp-x', 'corp-x-y']) {
      expect(of.gate(name)).toMatchObject({ kind: 'denied', status: 403 })
      expect(of.gate(name)).toMatchObject({ reason: expect.stringContaining('pypi.private matches Corp_*') })
      expect(resourceAt(of, `/simple/${name}/`).sources).toBe('pypi-private')
    }
    expect(of.gate('corp')).toBeUndefined()
    expect(of.gate('numpy')).toBeUndefined()
    expect(of.lists['pypi-private']).toBeUndefined()
  })

  test('with a source of their own they go there and nowhere else', async () => {
    const engine = new FakeEngine()
    const of = await room(engine, own)
    expect(of.gate('corp-x')).toBeUndefined()
    expect(of.lists['pypi-private']).toMatchObject([{ url: 'https://index.corp.example/simple' }])
    engine.keep(
      'pypi/private/simple/corp-x/',
      JSON.stringify({
        name: 'corp-x',
        files: [{ filename: 'corp_x-1.0.tar.gz', url: 'f.tar.gz', hashes: { sha256: hash } }],
      }),
      NOW,
      'index.corp.example/simple',
    )
    expect(await locate(of, `/files/corp-x/${hash}/corp_x-1.0.tar.gz`)).toMatchObject({
      urls: ['https://index.corp.example/simple/corp-x/f.tar.gz'],
    })
  })

  test('what lies in the public key space is not theirs', async () => {
    const engine = new FakeEngine()
    const of = await room(engine, own)
    engine.keep(
      'pypi/simple/corp-x/',
      JSON.stringify({
        name: 'corp-x',
        files: [{ filename: 'corp_x-1.0.tar.gz', url: 'evil.tar.gz', hashes: { sha256: hash } }],
      }),
      NOW,
    )
    expect(await locate(of, `/files/corp-x/${hash}/corp_x-1.0.tar.gz`)).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'upstream-failed' },
    })
  })

  test("a client's own credentials are passed on where we have none", async () => {
    const withToken: Asking = {
      ...asking,
      header: (name) => (name === 'authorization' ? 'Basic x' : undefined),
    }
    const kindWith = async (settings: Record<string, string>) =>
      (await room(new FakeEngine(), { ...own, ...settings })).ecosystem.parse('/simple/corp-x/', withToken)
        .kind
    expect(await kindWith({})).toBe('forward')
    expect(await kindWith({ POSTHASTE_PYPI_PRIVATE_UPSTREAM: 'https://u:p@index.corp.example/simple' })).toBe(
      'view',
    )
    expect(
      await kindWith({
        POSTHASTE_UPSTREAM_CREDENTIALS: '{"index.corp.example": {"username": "u", "password": "p"}}',
      }),
    ).toBe('view')
  })
})

describe('lists', () => {
  test('equal sources, the JSON API beside each /simple, the origin marked', async () => {
    const loaded = await loadConfig({
      env: { POSTHASTE_PYPI_UPSTREAM: 'https://a.example/simple/,https://b.example/root/+simple' },
      cwd: '/nowhere',
      home: '/nowhere',
      readFile: async () => undefined,
    })
    if (!loaded.ok) throw new Error('settings')
    const { lists } = pypiRoom(loaded.config, loaded.origins, {
      ...new FakeEngine().ports,
      originAddress: 'https://a.example/simple/',
    })
    expect(lists).toMatchObject({
      pypi: [
        { url: 'https://a.example/simple', next: '|', origin: true },
        { url: 'https://b.example/root/+simple', origin: false },
      ],
      'pypi-json': [{ url: 'https://a.example/pypi', origin: true }],
    })
    expect(lists.pypi?.at(-1)).toHaveProperty('next', undefined)
  })
})
