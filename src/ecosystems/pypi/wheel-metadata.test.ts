import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type TestZipEntry, writeTestZip } from '../go/zip/test-zip.ts'
import { wheelMetadata } from './wheel-metadata.ts'

const metadata = 'Metadata-Version: 2.1\nName: a.b\nVersion: 1.0\n'

function reading(bytes: Buffer) {
  const reads: number[] = []
  return {
    reads,
    wheel: {
      sizeBytes: bytes.length,
      read: async (offset: number, length: number) => {
        if (offset < 0 || offset + length > bytes.length) throw new Error(`read outside: ${offset}+${length}`)
        reads.push(length)
        return bytes.subarray(offset, offset + length)
      },
    },
  }
}

const find = (entries: readonly TestZipEntry[], project = 'a-b', max = 1 << 20) =>
  wheelMetadata(reading(writeTestZip(entries)).wheel, project, max)

describe('the METADATA of a wheel', () => {
  for (const stored of [true, false]) {
    test(stored ? 'stored' : 'deflated', async () => {
      const found = await find([
        { name: 'a_b/__init__.py', content: 'x' },
        { name: 'a_b-1.0.dist-info/METADATA', content: metadata, stored },
        { name: 'a_b-1.0.dist-info/RECORD', content: '' },
      ])
      expect(found.ok && Buffer.from(found.bytes).toString()).toBe(metadata)
    })
  }

  test('of a large wheel only the end and the entry are read', async () => {
    const zip = writeTestZip([
      { name: 'a_b/data', content: Buffer.alloc(8 << 20, 1), stored: true },
      { name: 'a_b-1.0.dist-info/METADATA', content: metadata },
    ])
    const { wheel, reads } = reading(zip)
    expect((await wheelMetadata(wheel, 'a-b', 1 << 20)).ok).toBe(true)
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(512 * 1024)
  })

  test('a directory that is larger than the first look is read whole', async () => {
    const many = Array.from({ length: 3_000 }, (_, n) => ({ name: `a_b/${'d'.repeat(40)}${n}`, content: '' }))
    const found = await find([{ name: 'a_b-1.0.dist-info/METADATA', content: metadata }, ...many])
    expect(found.ok).toBe(true)
  })

  const none: readonly (readonly [string, readonly TestZipEntry[], string])[] = [
    ['none', [{ name: 'a_b/x', content: '' }], 'it has no METADATA'],
    ["another project's", [{ name: 'c-1.0.dist-info/METADATA', content: metadata }], 'it has no METADATA'],
    [
      'a vendored one alone',
      [{ name: 'a_b/_vendor/a_b-1.0.dist-info/METADATA', content: metadata }],
      'it has no METADATA',
    ],
    [
      'two',
      [
        { name: 'a_b-1.0.dist-info/METADATA', content: metadata },
        { name: 'A.B-2.0.dist-info/METADATA', content: metadata },
      ],
      'more than one METADATA',
    ],
    [
      'a bomb',
      [{ name: 'a_b-1.0.dist-info/METADATA', content: Buffer.alloc(4 << 20), sizeBytes: 10 }],
      'cannot be unpacked',
    ],
    [
      'too large a one',
      [{ name: 'a_b-1.0.dist-info/METADATA', content: Buffer.alloc(4 << 20) }],
      'larger than',
    ],
  ]
  for (const [what, entries, reason] of none) {
    test(`${what} is told`, async () => {
      const found = await find(entries)
      expect(found.ok ? 'found' : found.reason).toContain(reason)
    })
  }

  test('what is no wheel gives a reason, whatever it is', async () => {
    const zip = writeTestZip([{ name: 'a_b-1.0.dist-info/METADATA', content: metadata }])
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(zip.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(zip.length),
        async (changes, cut) => {
          const broken = Buffer.from(zip.subarray(0, cut % 3 === 0 ? cut : zip.length))
          for (const [at, byte] of changes) if (at < broken.length) broken[at] = byte
          const found = await wheelMetadata(reading(broken).wheel, 'a-b', 1 << 16)
          if (!found.ok) expect(found.reason.length).toBeGreaterThan(5)
          else expect(found.bytes.length).toBeLessThanOrEqual(1 << 16)
        },
      ),
      { numRuns: 500 },
    )
  })
})
