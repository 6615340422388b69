import { describe, expect, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { hashFiles } from './dirhash.ts'
import { hashZip } from './hash-zip.ts'
import { type TestZipEntry, writeTestZip } from './test-zip.ts'
import { bytesSource } from './zip-source.ts'

const M = 'ex.com/m@v1.0.0/'
const check = (zip: Uint8Array, isAborted = () => false) =>
  hashZip(bytesSource(zip), { module: 'ex.com/m', version: 'v1.0.0', isAborted })

const GOOD: TestZipEntry[] = [
  { name: `${M}b.go`, content: 'package m\n'.repeat(50) },
  { name: `${M}go.mod`, content: 'module ex.com/m\n' },
  { name: `${M}empty`, content: '' },
  { name: `${M}raw`, content: 'as it is', stored: true },
]

const hashOf = (entries: readonly TestZipEntry[]): string =>
  hashFiles(
    entries.map(({ name, content = '' }) => ({
      name: String(name),
      sha256: createHash('sha256').update(content).digest('hex'),
    })),
  )

describe('a good zip', () => {
  test.each([
    ['plain', writeTestZip(GOOD)],
    ['with a comment', writeTestZip(GOOD, { comment: 'hello' })],
    ['with a comment as long as can be', writeTestZip(GOOD, { comment: 'x'.repeat(0xffff) })],
    ['with bytes before it', writeTestZip(GOOD, { prefix: Buffer.from('#!/bin/sh\n') })],
    ['with a zip64 end', writeTestZip(GOOD, { zip64: true })],
    ['with zip64 entries', writeTestZip(GOOD.map((entry) => ({ ...entry, zip64: true })))],
    ['with unset checksums', writeTestZip(GOOD.map((entry) => ({ ...entry, crc32: 0 })))],
    ['in another order', writeTestZip(GOOD.toReversed())],
  ])('%s gives the hash of its files', async (_, zip) => {
    expect(await check(zip)).toEqual({ ok: true, h1: hashOf(GOOD) })
  })

  test('directories count as empty files, as in dirhash', async () => {
    const entries = [{ name: `${M}d/` }, ...GOOD]
    expect(await check(writeTestZip(entries))).toEqual({ ok: true, h1: hashOf(entries) })
  })

  test('without entries', async () => {
    expect(await check(writeTestZip([]))).toEqual({ ok: true, h1: hashOf([]) })
  })

  test('with more entries than 16 bits count', async () => {
    const entries = Array.from({ length: 65_540 }, (_, i) => ({ name: `${M}f${i}` }))
    expect(await check(writeTestZip(entries, { zip64: true }))).toEqual({ ok: true, h1: hashOf(entries) })
    expect(await check(writeTestZip(entries))).toEqual({ ok: true, h1: hashOf(entries) })
  })

  test('large entries are unpacked in chunks', async () => {
    const content = Buffer.concat([randomBytes(5 * 1024 * 1024), Buffer.alloc(6 * 1024 * 1024)])
    for (const stored of [true, false]) {
      const entries = [{ name: `${M}large`, content, stored }]
      expect(await check(writeTestZip(entries))).toEqual({ ok: true, h1: hashOf(entries) })
    }
  })
})

describe('a hostile zip', () => {
  const one = (entry: Partial<TestZipEntry>): Buffer =>
    writeTestZip([{ name: `${M}a`, content: 'content '.repeat(100), ...entry }])
  const large = Buffer.alloc(6 * 1024 * 1024, 'large ')

  test.each([
    ['nothing', Buffer.alloc(0), 'no end'],
    ['a page', Buffer.from('<html>not found</html>'), 'no end'],
    ['another module', writeTestZip([{ name: 'evil@v1/a' }]), 'does not begin'],
    ['a wrong checksum', one({ crc32: 1 }), 'checksum'],
    ['a zero checksum that is meant', one({ crc32: 0, flags: 0x808 }), 'checksum'],
    ['a size that is too small', one({ sizeBytes: 799 }), 'larger than declared'],
    ['a size of nothing', one({ sizeBytes: 0 }), 'larger than declared'],
    ['a size that is too large', one({ sizeBytes: 801 }), 'shorter than declared'],
    ['a bomb', one({ content: large, sizeBytes: 10 }), 'larger than declared'],
    ['a large bomb', one({ content: large, sizeBytes: large.length - 1 }), 'larger than declared'],
    ['a large shortfall', one({ content: large, sizeBytes: large.length + 1 }), 'shorter than declared'],
    ['a large wrong checksum', one({ content: large, crc32: 5 }), 'checksum'],
    ['a large damaged entry', one({ content: randomBytes(5_000_000), stored: true, method: 8 }), 'damaged'],
    ['data cut short', one({ compressedBytes: 5 }), 'damaged'],
    ['data that is not compressed', one({ stored: true, method: 8 }), 'damaged'],
    ['an unknown method', one({ method: 12 }), 'method 12'],
    ['encryption', one({ flags: 1 }), 'encrypted'],
    ['an offset beyond the end', one({ headerOffset: 1_000_000 }), 'outside'],
    ['an offset into data', one({ headerOffset: 3 }), 'no header'],
    ['a size beyond the end', one({ compressedBytes: 1_000_000, zip64: true }), 'beyond the end'],
    ['an absurd size', one({ sizeBytes: 2 ** 60, zip64: true }), 'absurd'],
    ['too much in sum', one({ sizeBytes: 2 ** 40, zip64: true }), 'unpacks to more'],
    ['a zip64 entry without its field', one({ headerOffset: 0xffffffff }), 'zip64'],
    ['a directory with content', writeTestZip([{ name: `${M}d/`, content: 'x' }]), 'content'],
    ['a wrong count', writeTestZip(GOOD, { entryCount: 5 }), 'instead of 5'],
    ['a directory elsewhere', writeTestZip(GOOD, { directoryOffset: 100_000 }), 'directory'],
    ['a name that is no UTF-8', writeTestZip([{ name: Buffer.from([0x61, 0xff]) }]), 'UTF-8'],
  ])('with %s is refused', async (_, zip, why) => {
    const result = await check(zip)
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining(why) })
    expect(result).not.toHaveProperty('unable')
  })

  const good = writeTestZip(GOOD, { zip64: true })

  test('cut anywhere is refused', async () => {
    for (let length = 0; length < good.length; length++) {
      expect((await check(good.subarray(0, length))).ok).toBe(false)
    }
  })

  test('with any bytes changed is refused or hashes to what it holds, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 }),
        async (changes) => {
          const zip = Buffer.from(good)
          for (const [at, value] of changes) zip[at] = value
          expect(await check(zip)).toHaveProperty('ok')
        },
      ),
      { numRuns: 500 },
    )
  })
})

test('the work ends when nobody waits for it', async () => {
  await expect(check(writeTestZip(GOOD), () => true)).rejects.toThrow('aborted')
})
