import { constants, crc32, deflateRawSync } from 'node:zlib'

/** Text of package metadata becomes hardly smaller above it, and takes twice the time. */
const LEVEL = 5
/** What deflate looks back over (RFC 1951, 2). */
const WINDOW_BYTES = 32 * 1024
/** What is compressed at once: its result is held in memory whole. */
const BLOCK_BYTES = 512 * 1024

/** RFC 1952, 2.3: deflate, no flags, no time, an unknown system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
/** A last block with nothing in it (RFC 1951, 3.2.6). */
const LAST_BLOCK = Buffer.from([0x03, 0x00])

/**
 * One gzip member of the bytes of all `pieces`, piece by piece, on this thread alone. The streams of `node:zlib`
 * work on threads that all share, which would let a large body hold up those who are served meanwhile.
 *
 * Each block is flushed to a byte boundary and knows the window before it, so that together they are one deflate
 * stream as small as one made at once.
 */
export function* gzipPieces(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield HEADER
  let checksum = 0
  let sizeBytes = 0
  let window: Uint8Array = new Uint8Array(0)
  for (const piece of pieces) {
    for (let from = 0; from < piece.byteLength; from += BLOCK_BYTES) {
      const block = piece.subarray(from, from + BLOCK_BYTES)
      checksum = crc32(block, checksum)
      sizeBytes += block.byteLength
      yield deflateRawSync(block, {
        level: LEVEL,
        finishFlush: constants.Z_SYNC_FLUSH,
        ...(window.byteLength === 0 ? {} : { dictionary: window }),
      })
      window = lastOf(window, block)
    }
  }
  yield LAST_BLOCK
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(checksum, 0)
  trailer.writeUInt32LE(sizeBytes % 2 ** 32, 4)
  yield trailer
}

/** The end of what was compressed so far; a copy, because a piece may be used again. */
function lastOf(before: Uint8Array, block: Uint8Array): Uint8Array {
  if (block.byteLength >= WINDOW_BYTES) return block.slice(-WINDOW_BYTES)
  return Buffer.concat([before, block]).subarray(-WINDOW_BYTES)
}
