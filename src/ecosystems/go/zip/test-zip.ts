import { crc32, deflateRawSync } from 'node:zlib'

export interface TestZipEntry {
  readonly name: string | Uint8Array
  readonly content?: string | Uint8Array
  readonly stored?: boolean
  /** Overrides of what the directory says. */
  readonly crc32?: number
  readonly sizeBytes?: number
  readonly compressedBytes?: number
  readonly headerOffset?: number
  readonly method?: number
  readonly flags?: number
  /** Puts the sizes and the offset into a zip64 field. */
  readonly zip64?: boolean
}

export interface TestZipOptions {
  readonly comment?: string
  /** Bytes before the zip, which its offsets do not count. */
  readonly prefix?: Uint8Array
  readonly entryCount?: number
  /** Ends with the zip64 records. */
  readonly zip64?: boolean
  readonly directoryOffset?: number
}

/** Writes zips for tests, false ones too. */
export function writeTestZip(entries: readonly TestZipEntry[], options: TestZipOptions = {}): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const entry of entries) {
    const name = Buffer.from(entry.name)
    const content = Buffer.from(entry.content ?? '')
    const isStored = entry.stored ?? content.length === 0
    const packed = isStored ? content : deflateRawSync(content)
    const facts = {
      method: entry.method ?? (isStored ? 0 : 8),
      crc: entry.crc32 ?? crc32(content),
      compressedBytes: entry.compressedBytes ?? packed.length,
      sizeBytes: entry.sizeBytes ?? content.length,
      flags: entry.flags ?? 0x800,
    }
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    writeFacts(local, 6, facts)
    local.writeUInt16LE(name.length, 26)

    const large = Buffer.alloc(28)
    large.writeUInt16LE(1, 0)
    large.writeUInt16LE(24, 2)
    large.writeBigUInt64LE(BigInt(facts.sizeBytes), 4)
    large.writeBigUInt64LE(BigInt(facts.compressedBytes), 12)
    large.writeBigUInt64LE(BigInt(entry.headerOffset ?? offset), 20)
    const extra = entry.zip64 === true ? large : Buffer.alloc(0)
    const header = Buffer.alloc(46)
    header.writeUInt32LE(0x02014b50, 0)
    writeFacts(header, 8, facts)
    header.writeUInt16LE(name.length, 28)
    header.writeUInt16LE(extra.length, 30)
    header.writeUInt32LE(entry.headerOffset ?? offset, 42)
    if (entry.zip64 === true) for (const at of [20, 24, 42]) header.writeUInt32LE(0xffffffff, at)
    directory.push(header, name, extra)
    locals.push(local, name, packed)
    offset += local.length + name.length + packed.length
  }
  const listing = Buffer.concat(directory)
  const count = options.entryCount ?? entries.length
  const start = options.directoryOffset ?? offset
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count & 0xffff, 8)
  end.writeUInt16LE(count & 0xffff, 10)
  end.writeUInt32LE(listing.length, 12)
  end.writeUInt32LE(options.zip64 === true ? 0xffffffff : start, 16)
  end.writeUInt16LE(options.comment?.length ?? 0, 20)
  const ends64 = options.zip64 === true ? zip64End(count, listing.length, start, offset + listing.length) : []
  return Buffer.concat([
    options.prefix ?? Buffer.alloc(0),
    ...locals,
    listing,
    ...ends64,
    end,
    Buffer.from(options.comment ?? ''),
  ])
}

function writeFacts(
  target: Buffer,
  at: number,
  facts: { flags: number; method: number; crc: number; compressedBytes: number; sizeBytes: number },
): void {
  target.writeUInt16LE(facts.flags, at)
  target.writeUInt16LE(facts.method, at + 2)
  target.writeUInt32LE(facts.crc, at + 8)
  target.writeUInt32LE(Math.min(facts.compressedBytes, 0xffffffff), at + 12)
  target.writeUInt32LE(Math.min(facts.sizeBytes, 0xffffffff), at + 16)
}

function zip64End(count: number, bytes: number, start: number, at: number): Buffer[] {
  const end = Buffer.alloc(56)
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(44n, 4)
  end.writeBigUInt64LE(BigInt(count), 24)
  end.writeBigUInt64LE(BigInt(count), 32)
  end.writeBigUInt64LE(BigInt(bytes), 40)
  end.writeBigUInt64LE(BigInt(start), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(at), 8)
  locator.writeUInt32LE(1, 16)
  return [end, locator]
}
