import { readSync } from 'node:fs'

/** Says in a sentence what is wrong with a zip; turned into a value where the check ends. */
export class ZipFault extends Error {
  override readonly name = 'ZipFault'
  readonly code = 'go.zip'
}

export interface ZipSource {
  readonly sizeBytes: number
  /** The bytes of this range, valid until the next call. Throws ZipFault when the range is not in the zip. */
  read(offset: number, length: number): Buffer
}

export function bytesSource(bytes: Uint8Array): ZipSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    sizeBytes: buffer.length,
    read(offset, length) {
      checkRange(offset, length, buffer.length)
      return buffer.subarray(offset, offset + length)
    },
  }
}

const WINDOW_BYTES = 1024 * 1024

/**
 * Reads an open file through one window, so that walking through it takes few calls. Synchronous: it is for a
 * thread of its own, where nobody else waits.
 */
export function fileSource(fd: number, sizeBytes: number): ZipSource {
  const window = Buffer.allocUnsafeSlow(Math.min(WINDOW_BYTES, Math.max(sizeBytes, 1)))
  let start = 0
  let end = 0
  return {
    sizeBytes,
    read(offset, length) {
      checkRange(offset, length, sizeBytes)
      if (length > window.length) {
        const large = Buffer.allocUnsafeSlow(length)
        fill(fd, large, offset)
        return large
      }
      if (offset < start || offset + length > end) {
        const available = Math.min(window.length, sizeBytes - offset)
        end = start
        fill(fd, window.subarray(0, available), offset)
        start = offset
        end = offset + available
      }
      return window.subarray(offset - start, offset - start + length)
    },
  }
}

function fill(fd: number, target: Buffer, offset: number): void {
  for (let done = 0; done < target.length; ) {
    const read = readSync(fd, target, done, target.length - done, offset + done)
    if (read === 0) throw new ZipFault('the file is shorter than it should be')
    done += read
  }
}

function checkRange(offset: number, length: number, sizeBytes: number): void {
  if (offset < 0 || length < 0 || offset + length > sizeBytes) {
    throw new ZipFault('it points to a place outside of itself')
  }
}
