import { ZipFault, type ZipSource } from './zip-source.ts'

export interface ZipEntry {
  /** As it stands in the zip; a directory's ends in `/`. */
  readonly name: string
  /** 0 stored, 8 deflated; others cannot be read. */
  readonly method: number
  readonly crc32: number
  /** A CRC of 0 without one means that the writer set none (Go's archive/zip reads it so). */
  readonly hasDescriptor: boolean
  readonly compressedBytes: number
  /** As declared. */
  readonly sizeBytes: number
  readonly headerOffset: number
}

const END_SIGNATURE = 0x06054b50
const END_BYTES = 22
const END64_SIGNATURE = 0x06064b50
const END64_BYTES = 56
const LOCATOR64_SIGNATURE = 0x07064b50
const LOCATOR64_BYTES = 20
const ENTRY_SIGNATURE = 0x02014b50
const ENTRY_BYTES = 46
const LOCAL_SIGNATURE = 0x04034b50
const LOCAL_BYTES = 30
const ZIP64_EXTRA = 1
const MAX_COMMENT_BYTES = 0xffff

/** A directory is held in memory while it is read; the largest modules need a tenth of this. */
const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024

/** Reads the list of entries (APPNOTE 4.3.12 to 4.3.16, zip64 too). Throws ZipFault. */
export function readCentralDirectory(source: ZipSource): ZipEntry[] {
  const end = findEnd(source)
  let base = end.offset - end.directoryBytes - end.directoryOffset
  if (base < 0) throw new ZipFault('its directory does not lie where its end says')
  // Some writers count the offset of a prefix twice; archive/zip looks for an entry at the plain offset.
  if (base > 0 && isEntryAt(source, end.directoryOffset)) base = 0
  const start = base + end.directoryOffset
  if (end.offset - start > MAX_DIRECTORY_BYTES) {
    throw new ZipFault(`its directory is larger than ${MAX_DIRECTORY_BYTES} bytes`)
  }
  const directory = Buffer.from(source.read(start, end.offset - start))
  const entries: ZipEntry[] = []
  let at = 0
  while (at + ENTRY_BYTES <= directory.length && directory.readUInt32LE(at) === ENTRY_SIGNATURE) {
    const { entry, next } = readEntry(directory, at, base)
    entries.push(entry)
    at = next
  }
  // The count is kept in 16 bits, also where there are more entries (archive/zip compares it so).
  if ((entries.length & 0xffff) !== (end.entries & 0xffff)) {
    throw new ZipFault(`its directory holds ${entries.length} entries instead of ${end.entries}`)
  }
  return entries
}

/** Where an entry's data begins, from its local header. Throws ZipFault when it does not lie in the zip. */
export function dataOffset(source: ZipSource, entry: ZipEntry): number {
  const header = source.read(entry.headerOffset, LOCAL_BYTES)
  if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw new ZipFault(`${entry.name} has no header`)
  const offset = entry.headerOffset + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28)
  if (offset + entry.compressedBytes > source.sizeBytes) {
    throw new ZipFault(`${entry.name} reaches beyond the end`)
  }
  return offset
}

interface DirectoryEnd {
  /** Where the directory must have ended. */
  readonly offset: number
  readonly entries: number
  readonly directoryBytes: number
  readonly directoryOffset: number
}

function findEnd(source: ZipSource): DirectoryEnd {
  const tailBytes = Math.min(source.sizeBytes, END_BYTES + MAX_COMMENT_BYTES)
  const tail = Buffer.from(source.read(source.sizeBytes - tailBytes, tailBytes))
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_SIGNATURE) continue
    if (at + END_BYTES + tail.readUInt16LE(at + 20) > tail.length) break
    const end = {
      offset: source.sizeBytes - tailBytes + at,
      entries: tail.readUInt16LE(at + 10),
      directoryBytes: tail.readUInt32LE(at + 12),
      directoryOffset: tail.readUInt32LE(at + 16),
    }
    const isLarge =
      end.entries === 0xffff || end.directoryBytes === 0xffffffff || end.directoryOffset === 0xffffffff
    return (isLarge ? findEnd64(source, end.offset) : undefined) ?? end
  }
  throw new ZipFault('it has no end of a zip: truncated, or something else')
}

function findEnd64(source: ZipSource, endOffset: number): DirectoryEnd | undefined {
  const locatorOffset = endOffset - LOCATOR64_BYTES
  if (locatorOffset < 0) return undefined
  const locator = source.read(locatorOffset, LOCATOR64_BYTES)
  if (locator.readUInt32LE(0) !== LOCATOR64_SIGNATURE) return undefined
  if (locator.readUInt32LE(4) !== 0 || locator.readUInt32LE(16) !== 1) return undefined
  const offset = readSize(locator, 8)
  if (offset + END64_BYTES > locatorOffset) throw new ZipFault('its zip64 end lies outside of it')
  const end = source.read(offset, END64_BYTES)
  if (end.readUInt32LE(0) !== END64_SIGNATURE) throw new ZipFault('its zip64 end is none')
  return {
    offset,
    entries: readSize(end, 32),
    directoryBytes: readSize(end, 40),
    directoryOffset: readSize(end, 48),
  }
}

function isEntryAt(source: ZipSource, offset: number): boolean {
  if (offset + ENTRY_BYTES > source.sizeBytes) return false
  return source.read(offset, ENTRY_BYTES).readUInt32LE(0) === ENTRY_SIGNATURE
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readEntry(directory: Buffer, at: number, base: number): { entry: ZipEntry; next: number } {
  const nameEnd = at + ENTRY_BYTES + directory.readUInt16LE(at + 28)
  const extraEnd = nameEnd + directory.readUInt16LE(at + 30)
  const next = extraEnd + directory.readUInt16LE(at + 32)
  if (next > directory.length) throw new ZipFault('an entry of its directory reaches beyond the directory')
  const name = decodeName(directory.subarray(at + ENTRY_BYTES, nameEnd))
  const flags = directory.readUInt16LE(at + 8)
  if ((flags & 1) === 1) throw new ZipFault(`${name} is encrypted`)
  const places = largePlaces(directory.subarray(nameEnd, extraEnd), name, {
    sizeBytes: directory.readUInt32LE(at + 24),
    compressedBytes: directory.readUInt32LE(at + 20),
    headerOffset: directory.readUInt32LE(at + 42),
  })
  const entry = {
    name,
    method: directory.readUInt16LE(at + 10),
    crc32: directory.readUInt32LE(at + 16),
    hasDescriptor: (flags & 8) === 8,
    ...places,
    headerOffset: places.headerOffset + base,
  }
  return { entry, next }
}

type Places = Pick<ZipEntry, 'sizeBytes' | 'compressedBytes' | 'headerOffset'>

/** Takes from the zip64 field, in this order, whatever is all ones in the header (APPNOTE 4.5.3). */
function largePlaces(extra: Buffer, name: string, places: Places): Places {
  const isLarge = (value: number): boolean => value === 0xffffffff
  if (!Object.values(places).some(isLarge)) return places
  const field = zip64Field(extra)
  let at = 0
  const large = (value: number, optional: boolean): number => {
    if (!isLarge(value) || (field === undefined && optional)) return value
    if (field === undefined || at + 8 > field.length) throw new ZipFault(`${name} lacks its zip64 sizes`)
    at += 8
    return readSize(field, at - 8)
  }
  const sizeBytes = large(places.sizeBytes, true)
  const compressedBytes = large(places.compressedBytes, false)
  return { sizeBytes, compressedBytes, headerOffset: large(places.headerOffset, false) }
}

function zip64Field(extra: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + extra.readUInt16LE(at + 2)
    if (end > extra.length) return undefined
    if (extra.readUInt16LE(at) === ZIP64_EXTRA) return extra.subarray(at + 4, end)
    at = end
  }
  return undefined
}

function readSize(buffer: Buffer, at: number): number {
  const size = buffer.readBigUInt64LE(at)
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipFault('it holds an absurd size')
  return Number(size)
}

function decodeName(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new ZipFault(`the name ${JSON.stringify(bytes.toString('latin1'))} is no UTF-8`)
  }
}
