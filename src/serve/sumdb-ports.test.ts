import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { clean, failed, found, missing, ScriptedUpstream } from '../cache/testing/scripted-upstream.ts'
import type { LookupResult, SumdbVerifier } from '../ecosystems/go/sumdb/sumdb-ports.ts'
import { SUMDB_SOURCES } from '../sources/go-lists.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import { type Store, StoreError } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { sumdbPorts } from './sumdb-ports.ts'

const NAME = 'sumdb.example'
const path = 'lookup/example.org/m@v1.0.0'
const key = `go/sumdb/${NAME}/${path}`
const record = new TextEncoder().encode('1\nexample.org/m v1.0.0 h1:x=\n\nhead')
const { signal } = new AbortController()

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let store: Store
let upstream: ScriptedUpstream
let troubles: string[]
let ports: ReturnType<typeof sumdbPorts>

beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openLocalStore({ dataDir: folder.path, maxBytes: 1024 * 1024 * 1024 })
  upstream = new ScriptedUpstream()
  troubles = []
  ports = sumdbPorts({
    name: NAME,
    store,
    upstream,
    now: () => 5,
    storeFailed: (error) => troubles.push(error instanceof Error ? error.message : String(error)),
  })
})
afterEach(async () => {
  await store.close()
  await folder[Symbol.asyncDispose]()
})

const keepLookup = (bytes = record) =>
  store.put(key, bytes, { mediaType: 'text/plain', source: NAME, proof: 'proved', checkedAtMs: 1 })

describe('a lookup', () => {
  test('that is kept is not asked for', async () => {
    await keepLookup()
    expect(await ports.remote.read(path, signal)).toMatchObject({
      kind: 'bytes',
      bytes: record,
      source: 'the cache',
    })
    expect(upstream.requests).toEqual([])
  })

  test('that is not kept is asked of the sources of the database', async () => {
    upstream.script(path, found(record))
    expect(await ports.remote.read(path, signal)).toMatchObject({
      kind: 'bytes',
      bytes: record,
      source: clean.id,
    })
    expect(upstream.requests).toMatchObject([{ sources: SUMDB_SOURCES, path, shape: 'metadata' }])
  })

  test('that is kept and false is removed, and the next read asks a source', async () => {
    await keepLookup(new TextEncoder().encode('a lie'))
    const first = await ports.remote.read(path, signal)
    if (first.kind !== 'bytes') throw new Error('it should be kept')
    upstream.script(path, found(record))
    first.reject?.('the head is not signed')
    expect(await ports.remote.read(path, signal)).toMatchObject({ bytes: record, source: clean.id })
    while ((await store.find(key)) !== undefined) await new Promise((resolve) => setImmediate(resolve))
    expect(troubles).toEqual([])
  })

  test('that is kept and false is not read again either where it cannot be removed', async () => {
    await keepLookup(new TextEncoder().encode('a lie'))
    store.remove = () =>
      Promise.reject(new StoreError('store.readonly', 'the disk is read-only', 'remount it'))
    upstream.script(path, found(record), found(record))
    const first = await ports.remote.read(path, signal)
    if (first.kind === 'bytes') first.reject?.('the head is not signed')
    for (let time = 0; time < 2; time++) {
      expect(await ports.remote.read(path, signal)).toMatchObject({ source: clean.id })
    }
    expect(troubles).toEqual(['the disk is read-only'])
  })

  test('that is fetched and false counts against its source', async () => {
    upstream.script(path, found(record))
    const answer = await ports.remote.read(path, signal)
    if (answer.kind === 'bytes') answer.reject?.('the head is not signed')
    expect(upstream.records).toEqual([{ source: clean.id, outcome: 'wrong' }])
  })
})

test('a tree head is never answered from what is kept', async () => {
  await store.put(`go/sumdb/${NAME}/latest`, record, {
    mediaType: 'text/plain',
    source: NAME,
    proof: 'proved',
    checkedAtMs: 1,
  })
  upstream.script('latest', found(new TextEncoder().encode('new')))
  expect(await ports.remote.read('latest', signal)).toMatchObject({ source: clean.id })
})

describe('only a 404 of the database itself is a denial', () => {
  test('which it is by its text', async () => {
    upstream.script(path, missing)
    expect(await ports.remote.read(path, signal)).toEqual({
      kind: 'missing',
      text: 'not found: no such version',
    })
  })

  test.each([
    [
      'a proxy that forbids it',
      { kind: 'denied', source: clean, status: 403, text: 'no' } as const,
      'answered 403: no',
    ],
    ['an outage', failed(), 'origin.example answered 503'],
    ['no source at all', { kind: 'not-configured' } as const, 'no source of the checksum database'],
    ['a list that is off', { kind: 'off' } as const, 'no source of the checksum database'],
  ])('%s is out of reach', async (_name, answer, reason) => {
    upstream.script(path, answer)
    expect(await ports.remote.read(path, signal)).toEqual({
      kind: 'unreachable',
      reason: expect.stringContaining(reason),
    })
  })
})

describe('a source that has no record while the database itself cannot be reached', () => {
  const outage = { ...failed(), lacking: [{ id: 'relay.example', text: 'not found: no such version' }] }
  const relay = { id: 'relay.example', clean: false }

  test('speaks for the database when it relays it', async () => {
    upstream.script(path, outage)
    upstream.script('supported', found(new Uint8Array()), found(new Uint8Array(), { source: relay }))
    expect(await ports.remote.read(path, signal)).toEqual({
      kind: 'missing',
      text: 'not found: no such version',
    })
  })

  test.each([
    ['knows no database', outage, 1],
    ['and all others know none', missing, 1],
    ['is gone by then', failed(), 2],
  ])('says nothing when it %s', async (_name, answer, asked) => {
    upstream.script(path, outage)
    upstream.script('supported', answer)
    expect(await ports.remote.read(path, signal)).toMatchObject({ kind: 'unreachable' })
    expect(await ports.remote.read(path, signal)).toMatchObject({ kind: 'unreachable' })
    expect(upstream.requests.filter((request) => request.path === 'supported')).toHaveLength(asked)
  })

  test('is not asked about a tile', async () => {
    upstream.script('tile/8/0/000', outage)
    expect(await ports.remote.read('tile/8/0/000', signal)).toMatchObject({ kind: 'unreachable' })
  })
})

test('a body that breaks off is left for the next source', async () => {
  const failure = { code: 'truncated', message: 'broke off' } as const
  upstream.script(path, found(record, { breaks: failure }), found(record))
  expect(await ports.remote.read(path, signal)).toMatchObject({ kind: 'bytes', bytes: record })
  expect(upstream.rejected).toEqual([failure])
})

test('stopping is no answer', async () => {
  upstream.script(path, missing)
  await expect(ports.remote.read(path, AbortSignal.abort(new Error('stopping')))).rejects.toThrow('stopping')
})

describe('a record that the verifier found true', () => {
  const verifier = (result: LookupResult): SumdbVerifier => ({
    name: NAME,
    lookup: async () => result,
    authenticateLookup: async () => ({ verdict: 'proved' }),
    authenticateTile: async () => ({ verdict: 'proved' }),
    authenticateHead: async () => ({ verdict: 'proved' }),
    flush: async () => undefined,
  })
  const lookup = (result: LookupResult, module = 'example.org/m') =>
    ports.keeping(verifier(result)).lookup(module, 'v1.0.0', signal)

  test('is kept where clients ask for it', async () => {
    await lookup({ kind: 'record', bytes: record })
    expect((await store.find(key))?.body).toMatchObject({ bytes: record })
    await lookup({ kind: 'record', bytes: record }, 'example.org/Upper')
    expect(await store.find(`go/sumdb/${NAME}/lookup/example.org/!upper@v1.0.0`)).toBeDefined()
  })

  test.each([
    { kind: 'denied', reason: 'no' },
    { kind: 'unreachable', reason: 'no' },
    { kind: 'bad', reason: 'no' },
  ] as const)('$kind is not kept', async (result) => {
    expect(await lookup(result)).toEqual(result)
    expect(await store.find(key)).toBeUndefined()
  })

  test('is true also when the disk does not take it', async () => {
    store.put = () => Promise.reject(new StoreError('store.full', 'the disk is full', 'make room'))
    expect(await lookup({ kind: 'record', bytes: record })).toMatchObject({ kind: 'record' })
    expect(troubles).toEqual(['the disk is full'])
  })
})

describe('tiles and heads', () => {
  test('a tile is kept where clients ask for it', async () => {
    await ports.tiles.put('tile/8/0/001', record)
    expect(await ports.tiles.get('tile/8/0/001')).toEqual(record)
    expect(await store.find(`go/sumdb/${NAME}/tile/8/0/001`)).toBeDefined()
    expect(await ports.tiles.get('tile/8/0/002')).toBeUndefined()
  })

  test('the head changes only from what it was', async () => {
    expect(await ports.head.read()).toBeUndefined()
    expect(await ports.head.swap(undefined, 'one')).toBe(true)
    expect(await ports.head.swap(undefined, 'two')).toBe(false)
    expect(await ports.head.swap('one', 'two')).toBe(true)
    expect(await ports.head.read()).toBe('two')
  })

  test('each database has its own', async () => {
    const other = sumdbPorts({
      name: 'other.example',
      store,
      upstream,
      now: () => 5,
      storeFailed: () => undefined,
    })
    await ports.head.swap(undefined, 'one')
    await ports.tiles.put('tile/8/0/001', record)
    expect([await other.head.read(), await other.tiles.get('tile/8/0/001')]).toEqual([undefined, undefined])
  })
})
