import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { proveBytes } from './prove-bytes.ts'

const bytes = Buffer.from('the right bytes')
const sha256 = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const sha512 = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
const file = { kind: 'url', url: 'http://relay.example/file' } as const
const by = 'the registry'

test.each([
  ['one of several files', [{ hashes: ['sha256:00', sha256], by }], 'good'],
  [
    'every voucher',
    [
      { hashes: [sha256], by },
      { hashes: [sha512], by: 'the record' },
    ],
    'good',
  ],
  [
    'one voucher that says otherwise',
    [
      { hashes: [sha256], by },
      { hashes: ['sha512-AAAA'], by: 'the record' },
    ],
    'bad',
  ],
  ['nobody', [], 'unknown'],
  ['a hash of an unknown kind', [{ hashes: ['md5-AAAA'], by }], 'unknown'],
] as const)('%s', async (_, expected, state) => {
  expect((await proveBytes(file, expected, async () => bytes)).state).toBe(state)
})

test('a body that cannot be had proves nothing', async () => {
  const proof = await proveBytes(file, [{ hashes: [sha256], by }], async () => {
    throw new Error('it answers with status 502')
  })
  expect(proof).toEqual({ state: 'unknown', text: 'the bytes could not be read: it answers with status 502' })
  expect((await proveBytes(undefined, [], async () => bytes)).state).toBe('unknown')
})

test('an h1 is compared as it is', async () => {
  const artifact = { kind: 'hash', hash: 'h1:one' } as const
  const with_ = (hash: string) => proveBytes(artifact, [{ hashes: [hash], by }], async () => bytes)
  expect([(await with_('h1:one')).state, (await with_('h1:two')).state]).toEqual(['good', 'bad'])
})
