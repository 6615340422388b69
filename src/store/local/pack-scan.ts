import type { Disk } from './disk.ts'
import { decodeRecord, type PackRecord, recordHeaderBytes, recordLength, recordMagic } from './pack-record.ts'
import { type Pack, packHeaderBytes } from './packs.ts'

export interface ScannedRecord {
  readonly record: PackRecord
  /** Valid only until the next record is asked for. */
  readonly bytes: Buffer
  readonly offset: number
}

export interface PackScan {
  /** Where the last good record ends. */
  readonly endBytes: number
  /** Bytes before that end that belong to no good record. */
  readonly damagedBytes: number
}

/**
 * Reads the records of a pack from an offset on, a stretch at a time. What is torn or damaged is skipped up to
 * the next good record.
 */
export async function scanPack(
  disk: Disk,
  pack: Pack,
  from: number,
  visit: (found: ScannedRecord) => void | Promise<void>,
): Promise<PackScan> {
  const to = pack.sizeBytes
  let at = Math.max(from, packHeaderBytes)
  let goodEnd = at
  let damagedBytes = 0
  let window = Buffer.alloc(0)
  let windowAt = at
  const need = async (length: number): Promise<boolean> => {
    if (at + length > to) return false
    if (at >= windowAt && at + length <= windowAt + window.length) return true
    window = Buffer.allocUnsafeSlow(Math.min(Math.max(length, windowBytes), to - at))
    windowAt = at
    const count = await disk.read(pack.fd, window, at)
    window = window.subarray(0, count)
    return count >= length
  }
  while (await need(recordHeaderBytes)) {
    const length = recordLength(window.subarray(at - windowAt, at - windowAt + recordHeaderBytes))
    if (length !== undefined && (await need(length))) {
      const bytes = window.subarray(at - windowAt, at - windowAt + length)
      const record = decodeRecord(bytes, pack.salt)
      if (record) {
        damagedBytes += at - goodEnd
        const pause = visit({ record, bytes, offset: at })
        if (pause) await pause
        at += length
        goodEnd = at
        continue
      }
    }
    const next = window.indexOf(magicBytes, at - windowAt + 1)
    at = next === -1 ? Math.max(at + 1, windowAt + window.length - magicBytes.length + 1) : windowAt + next
  }
  return { endBytes: goodEnd, damagedBytes }
}

const windowBytes = 1 << 19
const magicBytes = Buffer.alloc(4)
magicBytes.writeUInt32LE(recordMagic)
