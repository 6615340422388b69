import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { ObjectMeta, StoredObject } from '../store.ts'
import { decodeRecord, encodeRecord, type ObjectHead, sealRecord } from './pack-record.ts'
import { PlainReader } from './plain-reader.ts'

const salt = 0x1234_5678
const sha256 = 'd664c70ee6f8b310a2cf5590b8cbeff5c37c790a2e5ce9ed6824c7143373f906'
const usualMeta: ObjectMeta = { mediaType: 'text/plain', source: 'lab', proof: 'sound', checkedAtMs: 1_700 }

function sealed(head: Omit<ObjectHead, 'sizeBytes'>, body: Uint8Array): Buffer {
  const bytes = encodeRecord({ kind: 'body', head: { ...head, sizeBytes: body.length }, body })
  sealRecord(bytes, salt)
  return bytes
}

function read(reader: PlainReader, bytes: Uint8Array, key: string): StoredObject | undefined {
  reader.bytes.set(bytes)
  return reader.object(key, bytes.length, salt)
}

/** What the long way says of the same record. */
function decoded(bytes: Buffer): StoredObject | undefined {
  const record = decodeRecord(bytes, salt)
  if (record?.kind !== 'body') return undefined
  const { mediaType, source, proof, checkedAtMs } = record.head.meta
  return {
    ...record.head,
    meta: { mediaType, source, proof, checkedAtMs },
    body: { kind: 'bytes', bytes: new Uint8Array(record.body) },
  }
}

const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const plainKey = fc.stringMatching(/^go\/[a-z0-9./@!-]{1,60}$/)
const meta = fc.record(
  {
    mediaType: fc.oneof(fc.constantFrom('text/plain; charset=utf-8', 'application/json'), fc.string()),
    source: fc.oneof(fc.constantFrom('lab', 'mirror.example'), fc.string({ unit: 'grapheme' })),
    proof: fc.constantFrom('proved' as const, 'sound' as const, 'unproved' as const),
    checkedAtMs: fc.nat({ max: 2_000_000_000_000 }),
    etag: fc.string(),
    lastModified: fc.string(),
  },
  { requiredKeys: ['mediaType', 'source', 'proof', 'checkedAtMs'] },
)
const body = fc.uint8Array({ maxLength: 300 })

describe('records read without parsing', () => {
  test('what is usual is read, with other times and with the validators of a source', () => {
    const reader = new PlainReader(4096)
    const usual = { mediaType: 'text/plain', source: 'lab', proof: 'sound' } as const
    for (const checkedAtMs of [0, 7, 1_795_392_090_134]) {
      for (const more of [{}, { etag: '"a\\b"', lastModified: 'yesterday, "}' }]) {
        const name = `go/m.example/@v/v1.${checkedAtMs}.0.mod`
        const bytes = sealed(
          { key: name, sha256, meta: { ...usual, checkedAtMs, ...more } },
          Buffer.from('body'),
        )
        expect(read(reader, bytes, name)).toEqual({
          key: name,
          sha256,
          sizeBytes: 4,
          meta: { ...usual, checkedAtMs },
          body: { kind: 'bytes', bytes: new Uint8Array(Buffer.from('body')) },
        })
      }
    }
  })

  test('it says what the long way says, or nothing; of a plain key and meta always the former', () => {
    const reader = new PlainReader(4096)
    fc.assert(
      fc.property(fc.oneof(key, plainKey), meta, body, (name, about, bytes) => {
        const record = sealed({ key: name, sha256, meta: about }, bytes)
        const found = read(reader, record, name)
        const isPlain = /^[ !#-[\]-~]*$/.test(name + about.mediaType + about.source)
        if (isPlain || found !== undefined) expect(found).toEqual(decoded(record))
      }),
    )
  })

  test('another key with the same hash is not served', () => {
    const reader = new PlainReader(4096)
    fc.assert(
      fc.property(
        fc.oneof(key, plainKey),
        fc.oneof(key, plainKey),
        meta,
        body,
        (name, other, about, bytes) => {
          fc.pre(name !== other)
          expect(read(reader, sealed({ key: name, sha256, meta: about }, bytes), other)).toBeUndefined()
        },
      ),
    )
  })

  test('a key that is spelled like the end of a key is none', () => {
    const reader = new PlainReader(4096)
    const long = `go/a","s":"${sha256}","n":0,"m":{}}`
    const bytes = sealed({ key: 'go/a', sha256, meta: usualMeta }, Buffer.alloc(0))
    expect(read(reader, bytes, 'go/a')).toBeDefined()
    for (let end = 5; end <= long.length; end++)
      expect(read(reader, bytes, long.slice(0, end))).toBeUndefined()
  })

  test('no flipped bit and no shortened record passes', () => {
    const reader = new PlainReader(4096)
    const good = sealed({ key: 'go/a', sha256, meta: usualMeta }, Buffer.from('the body'))
    expect(read(reader, good, 'go/a')).toBeDefined()
    for (let at = 0; at < good.length; at++) {
      // Bytes 20 to 23 and the rest are all under the checksum, the magic and the checksum itself are compared.
      for (const bit of [1, 0x80]) {
        const bad = Buffer.from(good)
        bad.writeUInt8(bad.readUInt8(at) ^ bit, at)
        expect(read(reader, bad, 'go/a')).toBeUndefined()
      }
    }
    for (let length = 0; length < good.length; length++)
      expect(read(reader, good.subarray(0, length), 'go/a')).toBeUndefined()
  })

  test('records of the same length with bodies of other lengths are told apart', () => {
    const reader = new PlainReader(4096)
    for (const size of [0, 1, 5, 700, 5, 1, 0]) {
      const name = `go/${'a'.repeat(800 - size)}`
      const text = Buffer.alloc(size, 0x41 + (size % 26))
      const found = read(reader, sealed({ key: name, sha256, meta: usualMeta }, text), name)
      expect(found?.body).toEqual({ kind: 'bytes', bytes: new Uint8Array(text) })
    }
  })

  test('the largest record that fits is read, with its body whole', () => {
    const name = 'go/a'
    const text = Buffer.alloc(70_000, 'posthaste')
    const bytes = sealed({ key: name, sha256, meta: usualMeta }, text)
    expect(read(new PlainReader(bytes.length), bytes, name)?.body).toEqual({
      kind: 'bytes',
      bytes: new Uint8Array(text),
    })
  })

  test('a removal mark and a body in a file are left to the long way', () => {
    const reader = new PlainReader(4096)
    const head = { key: 'go/a', sha256, sizeBytes: 0, meta: usualMeta }
    for (const record of [{ kind: 'blob', head } as const, { kind: 'gone', key: 'go/a' } as const]) {
      const bytes = encodeRecord(record)
      sealRecord(bytes, salt)
      expect(read(reader, bytes, 'go/a')).toBeUndefined()
    }
  })

  test('more kinds of meta than are remembered are all read rightly', () => {
    const reader = new PlainReader(4096)
    for (let round = 0; round < 2; round++) {
      for (let kind = 0; kind < 40; kind++) {
        const about: ObjectMeta = { ...usualMeta, source: `source-${kind}` }
        const bytes = sealed({ key: 'go/a', sha256, meta: about }, Buffer.alloc(kind))
        expect(read(reader, bytes, 'go/a')?.meta).toEqual(about)
      }
    }
  })
})
