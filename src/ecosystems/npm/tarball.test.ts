import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import type { CandidateBody, Refusal } from '../ecosystem.ts'
import type { DistEntry } from './dist-index.ts'
import { type Algorithm, expectedOf } from './integrity.ts'
import { readRegistryKeys } from './registry-signatures.ts'
import { type DistAnswer, proveTarball, type TarballPorts, tarballLocator } from './tarball.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

const { signal } = new AbortController()
const bytes = Buffer.from('a tarball')
const body: CandidateBody = { kind: 'bytes', bytes }
const sri = (algorithm: string, of: Buffer = bytes) =>
  `${algorithm}-${createHash(algorithm).update(of).digest('base64')}`
const shasum = createHash('sha1').update(bytes).digest('hex')
const other = Buffer.from('another')

function ports(answer: DistAnswer | DistEntry, more: Partial<TarballPorts> = {}): TarballPorts {
  const dist = 'kind' in answer ? answer : ({ kind: 'entry', entry: answer } as const)
  return { dist: async () => dist, bases: () => [], keys: async () => [], ...more }
}
const verdictOf = (entry: Omit<DistEntry, 'version'>, of: CandidateBody = body) =>
  proveTarball('a', 'a-1.0.0.tgz', ports({ version: '1.0.0', ...entry }), signal).check(of, signal)

describe('the checksum that counts', () => {
  const table: readonly [string, string | undefined, string | undefined, Algorithm | undefined][] = [
    ['the strongest', `${sri('sha1')} ${sri('sha512')} ${sri('sha256')}`, undefined, 'sha512'],
    ['sha384 over sha256', `${sri('sha256')} ${sri('sha384')}`, undefined, 'sha384'],
    ['integrity over shasum', sri('sha1'), '0'.repeat(40), 'sha1'],
    ['shasum alone', undefined, shasum, 'sha1'],
    ['shasum beside nonsense', 'md5-xx sha512-short', shasum, 'sha1'],
    ['options are passed over', `${sri('sha512')}?x=y`, undefined, 'sha512'],
    ['none', undefined, undefined, undefined],
    ['a shasum that is none', '', 'zz', undefined],
  ]
  for (const [what, integrity, sha1, algorithm] of table) {
    test(what, () => expect(expectedOf(integrity, sha1)?.algorithm).toBe(algorithm))
  }

  test('any of the strongest may match', async () => {
    const integrity = `${sri('sha512', other)} ${sri('sha512')}`
    expect(await verdictOf({ integrity })).toEqual({ verdict: 'proved' })
  })

  test('a weaker one that matches does not make up for it', async () => {
    expect(await verdictOf({ integrity: `${sri('sha512', other)} ${sri('sha1')}`, shasum })).toMatchObject({
      verdict: 'wrong',
    })
  })

  test('any text is read without a fault', () => {
    const item = fc.oneof(fc.string(), fc.constantFrom('sha512-', 'sha1-AA==', sri('sha1'), ' ', '\n', '?'))
    fc.assert(
      fc.property(fc.array(item), (items) => {
        for (const digest of expectedOf(items.join(''), items[0])?.digests ?? []) {
          expect(digest).toMatch(/^(?:[0-9a-f]{2})+$/)
        }
      }),
    )
  })
})

describe('a tarball', () => {
  test('on disk is read from there', async () => {
    const path = join(folder.path, 'staged')
    await writeFile(path, bytes)
    const file: CandidateBody = { kind: 'file', path, sizeBytes: bytes.length }
    expect(await verdictOf({ integrity: sri('sha512') }, file)).toEqual({ verdict: 'proved' })
    expect(await verdictOf({ integrity: sri('sha512', other) }, file)).toMatchObject({ verdict: 'wrong' })
    expect(await verdictOf({ integrity: sri('sha512') }, { ...file, sizeBytes: 3 })).toMatchObject({
      verdict: 'unproved',
    })
  })

  test('with one bit changed is wrong, and the reason names it', async () => {
    const changed = Buffer.from(bytes)
    changed[0] = (changed[0] ?? 0) ^ 1
    const verdict = await verdictOf({ shasum }, { kind: 'bytes', bytes: changed })
    expect(verdict).toMatchObject({ verdict: 'wrong' })
    expect(verdict).toHaveProperty('reason', expect.stringContaining('a@1.0.0'))
  })

  test('without any checksum is sound when it is a gzip file, in memory and on disk', async () => {
    const gzip = Buffer.from([0x1f, 0x8b, 8])
    const path = join(folder.path, 'gzip')
    await writeFile(path, gzip)
    expect(await verdictOf({}, { kind: 'bytes', bytes: gzip })).toEqual({ verdict: 'sound' })
    expect(await verdictOf({}, { kind: 'file', path, sizeBytes: 3 })).toEqual({ verdict: 'sound' })
    expect(await verdictOf({})).toMatchObject({ verdict: 'wrong' })
  })

  test('that contradicts old metadata is judged by fresh metadata', async () => {
    const asked: (string | undefined)[] = []
    const dist =
      (fresh: DistEntry) => async (_name: string, _file: string, _signal: AbortSignal, anew?: 'anew') => {
        asked.push(anew)
        const old = { version: '1.0.0', integrity: sri('sha512', other) }
        return { kind: 'entry', entry: anew === undefined ? old : fresh } as const
      }
    const judged = (fresh: DistEntry) =>
      proveTarball('a', 'a-1.0.0.tgz', ports({ version: '1' }, { dist: dist(fresh) }), signal).check(
        body,
        signal,
      )
    expect(await judged({ version: '1.0.0', integrity: sri('sha512') })).toEqual({ verdict: 'proved' })
    expect(await judged({ version: '1.0.0', integrity: sri('sha512', other) })).toMatchObject({
      verdict: 'wrong',
    })
    expect(asked).toEqual([undefined, 'anew', undefined, 'anew'])
  })

  const refusals: readonly [Refusal['kind'], string][] = [
    ['not-found', 'denied'],
    ['upstream-failed', 'unproved'],
  ]
  for (const [kind, verdict] of refusals) {
    test(`whose metadata is ${kind} is ${verdict}`, async () => {
      const refusal = { kind, reason: 'because' } as Refusal
      const proof = proveTarball('a', 'a-1.tgz', ports({ kind: 'refused', refusal }), signal)
      expect(await proof.check(body, signal)).toMatchObject({ verdict, reason: 'because' })
    })
  }

  test('whose metadata was given up is unproved, and nothing is left unheard', async () => {
    const dist = () => Promise.reject(new Error('aborted'))
    const proof = proveTarball('a', 'a-1.tgz', ports({ version: '1' }, { dist }), signal)
    expect(await proof.check(body, signal)).toMatchObject({ verdict: 'unproved' })
  })
})

describe('the registry signs', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyOf = (key: KeyObject, more: Record<string, unknown> = {}) => ({
    keyid: 'SHA256:one',
    keytype: 'ecdsa-sha2-nistp256',
    scheme: 'ecdsa-sha2-nistp256',
    expires: null,
    key: key.export({ type: 'spki', format: 'der' }).toString('base64'),
    ...more,
  })
  const keys = (...said: unknown[]) => readRegistryKeys(Buffer.from(JSON.stringify({ keys: said })))
  const signatures = (text: string, keyid = 'SHA256:one') =>
    JSON.stringify([
      { keyid, sig: sign('sha256', Buffer.from(text), pair.privateKey).toString('base64'), new: 1 },
    ])
  const integrity = sri('sha512')
  const signed = signatures(`a@1.0.0:${integrity}`)
  const check = (entry: Omit<DistEntry, 'version'>, known = keys(keyOf(pair.publicKey))) => {
    const withKeys = ports({ version: '1.0.0', ...entry }, { keys: async () => known })
    return proveTarball('a', 'a-1.0.0.tgz', withKeys, signal).check(body, signal)
  }
  const expired = keys(keyOf(pair.publicKey, { expires: '2025-01-29T00:00:00.000Z' }))

  const table: readonly [string, () => ReturnType<typeof check>, string][] = [
    ['what it should', () => check({ integrity, signatures: signed }), 'proved'],
    ['another integrity', () => check({ integrity, signatures: signatures('a@1.0.0:sha512-x') }), 'wrong'],
    ['another name', () => check({ integrity, signatures: signatures(`b@1.0.0:${integrity}`) }), 'wrong'],
    ['rubbish', () => check({ integrity, signatures: '[{"keyid":"SHA256:one","sig":"rubbish"}]' }), 'wrong'],
    ['nothing', () => check({ integrity }), 'proved'],
    ['in no list', () => check({ integrity, signatures: '{"keyid":"SHA256:one"}' }), 'proved'],
    ['by a key that is not known', () => check({ integrity, signatures: signed }, []), 'proved'],
    ['by another key', () => check({ integrity, signatures: signatures('x', 'SHA256:two') }), 'proved'],
    [
      'before its key expired',
      () => check({ integrity, signatures: signed, time: '2024-05-05' }, expired),
      'proved',
    ],
    [
      'after its key expired',
      () => check({ integrity, signatures: signed, time: '2025-05-05' }, expired),
      'wrong',
    ],
    ['at a time that is not known', () => check({ integrity, signatures: signed }, expired), 'proved'],
  ]
  for (const [what, judged, verdict] of table) {
    test(`${what}: ${verdict}`, async () => expect(await judged()).toMatchObject({ verdict }))
  }

  test('with a signature that holds, wrong bytes are still wrong', async () => {
    const wrong = sri('sha512', other)
    expect(await check({ integrity: wrong, signatures: signatures(`a@1.0.0:${wrong}`) })).toMatchObject({
      verdict: 'wrong',
    })
  })

  test('keys of other kinds are passed over', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
    expect(
      keys(keyOf(rsa), keyOf(p384), { keyid: 'x' }, null, 'x', keyOf(pair.publicKey, { key: '!' })),
    ).toEqual([])
    expect(keys(keyOf(pair.publicKey))).toHaveLength(1)
    for (const text of ['', 'nonsense', '[]', 'null', '{"keys":{}}']) {
      expect(readRegistryKeys(Buffer.from(text))).toEqual([])
    }
  })
})

describe('a tarball lies', () => {
  const bases = () => ['https://a.example', 'https://b.example/npm']
  const places = (tarball: string | undefined, name = '@s/a') => {
    const entry = { version: '1.0.0', ...(tarball === undefined ? {} : { tarball }) }
    return tarballLocator(name, 'a-1.0.0.tgz', ports(entry, { bases }))(signal)
  }
  const canonical = ['https://a.example/@s/a/-/a-1.0.0.tgz', 'https://b.example/npm/@s/a/-/a-1.0.0.tgz']

  test('where the metadata says, and at its canonical place at every source', async () => {
    expect(await places('https://cdn.example/x/y.tgz')).toEqual({
      kind: 'places',
      urls: ['https://cdn.example/x/y.tgz', ...canonical],
    })
  })

  test('nowhere twice', async () => {
    expect(await places(canonical[1])).toEqual({ kind: 'places', urls: [...canonical].reverse() })
  })

  for (const tarball of [undefined, 'file:///etc/passwd', '/x.tgz', 'javascript:1', '']) {
    test(`not at ${tarball}`, async () => {
      expect(await places(tarball)).toEqual({ kind: 'places', urls: canonical })
    })
  }

  test('nowhere, when its metadata is refused', async () => {
    const refused = { kind: 'refused', refusal: { kind: 'upstream-failed', reason: 'down' } } as const
    expect(await tarballLocator('a', 'a-1.tgz', ports(refused, { bases }))(signal)).toEqual(refused)
  })

  test('at its canonical places by guess while the metadata is on its way; then for certain', async () => {
    const entry = { version: '1.0.0', tarball: 'https://cdn.example/x/y.tgz' }
    const locate = tarballLocator(
      '@s/a',
      'a-1.0.0.tgz',
      ports(entry, { bases, distSoon: async () => undefined }),
    )
    expect(await locate(signal)).toEqual({ kind: 'places', urls: canonical, isGuess: true } as never)
    expect(await locate(signal)).toEqual({
      kind: 'places',
      urls: ['https://cdn.example/x/y.tgz', ...canonical],
    })
  })

  test('where the metadata says, without a guess, when that is at hand', async () => {
    const entry = { version: '1.0.0', tarball: 'https://cdn.example/x/y.tgz' }
    const distSoon = async () => ({ kind: 'entry', entry }) as const
    const dist = () => Promise.reject(new Error('it was at hand'))
    const locate = tarballLocator('@s/a', 'a-1.0.0.tgz', ports(entry, { bases, distSoon, dist }))
    expect(await locate(signal)).toEqual({
      kind: 'places',
      urls: ['https://cdn.example/x/y.tgz', ...canonical],
    })
  })
})
