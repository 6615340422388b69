import { expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { createGunzip, gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { gzipPieces } from './gzip-pieces.ts'

const gzipped = (pieces: readonly Uint8Array[]) => Buffer.concat([...gzipPieces(pieces)])

/** About as repetitive as package metadata, the same each time. */
function metadata(bytes: number): Buffer {
  let number = 1
  const lines: string[] = []
  for (let length = 0; length < bytes; length += lines.at(-1)?.length ?? 0) {
    number = (number * 48_271) % 2_147_483_647
    lines.push(
      `"1.${number % 97}.${number % 13}":{"shasum":"${number.toString(16)}","dependencies":{"a":"^1"}},`,
    )
  }
  return Buffer.from(lines.join('')).subarray(0, bytes)
}

test('is the bytes of all pieces in one member', () => {
  const bytes = fc.uint8Array({ maxLength: 3_000 })
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 8 }), (pieces) => {
      expect(gunzipSync(gzipped(pieces)).equals(Buffer.concat(pieces))).toBe(true)
    }),
  )
})

test.each([0, 1, 32_767, 32_768, 32_769, 524_288, 524_289, 3_000_000])('%i bytes come back', (size) => {
  const body = metadata(size)
  expect(gunzipSync(gzipped([body])).equals(body)).toBe(true)
  const parts = [body.subarray(0, 40_000), body.subarray(40_000, 40_010), body.subarray(40_010)]
  expect(gunzipSync(gzipped(parts)).equals(body)).toBe(true)
})

test('is as small as what is made at once', () => {
  const body = metadata(2_000_000)
  expect(gzipped([body]).length).toBeLessThan(gzipSync(body, { level: 5 }).length * 1.01)
})

test('is read by other programs, and by a reader that gets it in small pieces', async () => {
  const body = metadata(1_500_000)
  const packed = gzipped([body])
  expect(execFileSync('gzip', ['-dc'], { input: packed, maxBuffer: 1e8 }).equals(body)).toBe(true)

  const reader = createGunzip()
  for (let at = 0; at < packed.length; at += 997) reader.write(packed.subarray(at, at + 997))
  reader.end()
  const read: Buffer[] = []
  for await (const piece of reader) read.push(piece)
  expect(Buffer.concat(read).equals(body)).toBe(true)
})

test('what a piece throws comes through', () => {
  function* failing() {
    yield metadata(10)
    throw new Error('no more')
  }
  expect(() => [...gzipPieces(failing())]).toThrow('no more')
})
