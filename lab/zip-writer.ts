import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipEntry {
  readonly name: string
  readonly bytes: Uint8Array
  /** `stored` keeps the bytes as they are: for data that does not compress, and for bodies that must be made fast. */
  readonly method?: 'stored' | 'deflated'
}

const DEFLATED = 8
const STORED = 0
const UTF8_NAMES = 0x0800
const VERSION_NEEDED = 20
/** 1980-01-01, the first day that a zip can name: equal input gives equal bytes on every day. */
const DOS_DATE = 0x0021

/**
 * A zip archive as Go's module zips are: no extra fields, no comments, a central directory at the end.
 * Deterministic. Below 4 GiB and 65,535 entries (no zip64).
 */
export function writeZip(entries: readonly ZipEntry[]): Uint8Array {
  if (entries.length > 0xffff)
    throw new RangeError(`a zip without zip64 holds 65,535 entries, not ${entries.length}`)
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const entry of entries) {
    const name = Buffer.from(entry.name, 'utf8')
    const method = entry.method === 'stored' ? STORED : DEFLATED
    const data = method === STORED ? entry.bytes : deflateRawSync(entry.bytes)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(VERSION_NEEDED, 0)
    common.writeUInt16LE(UTF8_NAMES, 2)
    common.writeUInt16LE(method, 4)
    common.writeUInt16LE(0, 6)
    common.writeUInt16LE(DOS_DATE, 8)
    common.writeUInt32LE(crc32(entry.bytes), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(entry.bytes.length, 18)
    common.writeUInt16LE(name.length, 22)
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), common, name, data)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, name)
    offset += 4 + common.length + name.length + data.length
  }
  const directoryBytes = directory.reduce((sum, part) => sum + part.length, 0)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(directoryBytes, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, ...directory, end])
}
