import { describe, expect, test } from 'bun:test'
import type { CandidateBody } from '../../ecosystem.ts'
import { hashModFile } from '../zip/dirhash.ts'
import type { ZipCheck } from '../zip/zip-check.ts'
import { createGoProof } from './go-proof.ts'
import type { RemoteAnswer } from './sumdb-ports.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'
import { createSumdbVerifier } from './verifier.ts'

const signal = new AbortController().signal
const MOD: CandidateBody = { kind: 'bytes', bytes: Buffer.from('module m.example\n') }
const ZIP: CandidateBody = { kind: 'file', path: '/nowhere.zip', sizeBytes: 5 }
const MOD_HASH = hashModFile(Buffer.from('module m.example\n'))

interface Options {
  readonly database?: TestDatabase
  readonly answer?: (path: string) => Promise<RemoteAnswer>
  readonly zip?: ZipCheck
  readonly after?: () => Promise<void>
}

function setUp({ database = create(), answer, zip = { ok: true, h1: 'h1:zip' }, after }: Options = {}) {
  const asked: string[] = []
  const read = async (path: string): Promise<RemoteAnswer> => {
    asked.push(path)
    if (answer !== undefined) return answer(path)
    const bytes = await database.read(path)
    return bytes === undefined ? { kind: 'missing', text: 'not found' } : { kind: 'bytes', bytes }
  }
  const verifier = createSumdbVerifier({
    name: database.name,
    key: database.key,
    remote: { read },
    tiles: { get: () => undefined, put: () => undefined },
    head: { read: async () => undefined, swap: async () => true },
    onSecurity: () => undefined,
  })
  const never = () => new Promise<void>(() => undefined)
  const proof = createGoProof({ verifier, checkZip: async () => zip, waitMs: 50, after: after ?? never })
  return { asked, proof, database }
}

function create(): TestDatabase {
  const database = createTestDatabase({ name: 'sum.example' })
  database.grow(5)
  database.add({ module: 'm.example', version: 'v1.0.0', mod: MOD_HASH, zip: 'h1:zip' })
  database.add({ module: 'm.example', version: 'v1.1.0', mod: MOD_HASH })
  database.add({ module: 'golang.org/toolchain', version: 'v0.0.1-go1.30.0.linux-amd64', zip: 'h1:zip' })
  return database
}

describe('bodies against the record', () => {
  test('what fits is proved', async () => {
    const { proof } = setUp()
    expect(await proof.proveModFile('m.example', 'v1.0.0', signal).check(MOD, signal)).toEqual({
      verdict: 'proved',
    })
    expect(await proof.proveZip('m.example', 'v1.0.0', signal).check(ZIP, signal)).toEqual({
      verdict: 'proved',
    })
    const toolchain = proof.proveZip('golang.org/toolchain', 'v0.0.1-go1.30.0.linux-amd64', signal)
    expect(await toolchain.check(ZIP, signal)).toEqual({ verdict: 'proved' })
  })

  test('what does not is wrong, and both hashes are named', async () => {
    const { proof } = setUp({ zip: { ok: true, h1: 'h1:other' } })
    const other: CandidateBody = { kind: 'bytes', bytes: Buffer.from('module evil\n') }
    expect(await proof.proveModFile('m.example', 'v1.0.0', signal).check(other, signal)).toMatchObject({
      verdict: 'wrong',
      reason: expect.stringContaining(MOD_HASH),
    })
    expect(await proof.proveZip('m.example', 'v1.0.0', signal).check(ZIP, signal)).toMatchObject({
      verdict: 'wrong',
      reason: expect.stringContaining('h1:other'),
    })
  })

  test('a zip that breaks the rules is wrong, one that could not be looked into is unproved', async () => {
    const bad = setUp({ zip: { ok: false, reason: 'a bomb' } }).proof
    expect(await bad.proveZip('m.example', 'v1.0.0', signal).check(ZIP, signal)).toEqual({
      verdict: 'wrong',
      reason: 'a bomb',
    })
    const lost = setUp({ zip: { ok: false, reason: 'thread lost', unable: true } }).proof
    expect(await lost.proveZip('m.example', 'v1.0.0', signal).check(ZIP, signal)).toEqual({
      verdict: 'unproved',
      reason: 'thread lost',
    })
  })

  test('a record without the line, and no record, are denied', async () => {
    const { proof } = setUp()
    expect((await proof.proveZip('m.example', 'v1.1.0', signal).check(ZIP, signal)).verdict).toBe('denied')
    expect((await proof.proveZip('m.example', 'v9.0.0', signal).check(ZIP, signal)).verdict).toBe('denied')
  })

  test('a false answer in the name of the database is denied, an outage is unproved', async () => {
    const stranger = createTestDatabase({ name: 'sum.example', seed: new Uint8Array(32).fill(8) })
    stranger.add({ module: 'm.example', version: 'v1.0.0', mod: MOD_HASH, zip: 'h1:zip' })
    const forged = setUp({
      answer: async (path) => ({ kind: 'bytes', bytes: (await stranger.read(path)) ?? new Uint8Array() }),
    })
    expect((await forged.proof.proveModFile('m.example', 'v1.0.0', signal).check(MOD, signal)).verdict).toBe(
      'denied',
    )
    const down = setUp({ answer: async () => ({ kind: 'unreachable', reason: 'cable pulled' }) })
    expect(await down.proof.proveModFile('m.example', 'v1.0.0', signal).check(MOD, signal)).toEqual({
      verdict: 'unproved',
      reason: 'cable pulled',
    })
  })

  test('the look-up starts when the proof is made', () => {
    const { proof, asked } = setUp()
    proof.proveZip('m.example', 'v1.0.0', signal)
    expect(asked).toEqual(['lookup/m.example@v1.0.0'])
  })

  test('a body waits for a bounded time, and the look-up goes on behind it', async () => {
    const gate = Promise.withResolvers<void>()
    const database = create()
    const slow = setUp({
      after: async () => undefined,
      answer: async (path) => {
        await gate.promise
        return { kind: 'bytes', bytes: (await database.read(path)) ?? new Uint8Array() }
      },
    })
    const proof = slow.proof.proveModFile('m.example', 'v1.0.0', signal)
    expect(await proof.check(MOD, signal)).toMatchObject({
      verdict: 'unproved',
      reason: expect.stringContaining('within 50 ms'),
    })
    gate.resolve()
  })

  test('rejects when its check is aborted', async () => {
    const { proof } = setUp({ answer: () => new Promise(() => undefined) })
    const controller = new AbortController()
    const gone = proof.proveModFile('m.example', 'v1.0.0', controller.signal).check(MOD, controller.signal)
    controller.abort(new Error('client gone'))
    await expect(gone).rejects.toThrow('client gone')
  })
})

test('what clients fetch of the database is proved', async () => {
  const { proof, database } = setUp()
  const body = async (path: string): Promise<CandidateBody> => ({
    kind: 'bytes',
    bytes: (await database.read(path)) ?? new Uint8Array(),
  })
  const lookup = proof.proveLookup('m.example', 'v1.0.0', signal)
  expect(await lookup.check(await body('lookup/m.example@v1.0.0'), signal)).toEqual({ verdict: 'proved' })
  expect((await lookup.check(await body('lookup/m.example@v1.1.0'), signal)).verdict).toBe('wrong')
  const tile = `tile/8/0/000.p/${database.size}`
  expect(await proof.proveTile(tile, signal).check(await body(tile), signal)).toEqual({ verdict: 'proved' })
  expect((await proof.proveTile(tile, signal).check(MOD, signal)).verdict).toBe('wrong')
  expect(await proof.proveTreeHead(signal).check(await body('latest'), signal)).toEqual({ verdict: 'proved' })
  expect((await proof.proveTreeHead(signal).check(MOD, signal)).verdict).toBe('wrong')
})

test('a database makes records on demand', async () => {
  const database = createTestDatabase({
    name: 'sum.example',
    make: (module, version) => ({ module, version, mod: MOD_HASH, zip: 'h1:zip' }),
  })
  const { proof } = setUp({ database })
  expect(await proof.proveModFile('New.example/X', 'v1.0.0', signal).check(MOD, signal)).toEqual({
    verdict: 'proved',
  })
  expect(database.size).toBe(1)
})
