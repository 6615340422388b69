/** The METADATA file inside of a wheel, read without unpacking the rest. */

import { promisify } from 'node:util'
import { inflateRaw, inflateRawSync } from 'node:zlib'
import { dataOffset, readCentralDirectory, type ZipEntry } from '../go/zip/central-directory.ts'
import { bytesSource, ZipFault, type ZipSource } from '../go/zip/zip-source.ts'
import { normalizeName } from './project-name.ts'

export interface WheelBytes {
  readonly sizeBytes: number
  /** Exactly these bytes; rejects when they cannot be read. */
  read(offset: number, length: number): Promise<Buffer>
}

export type WheelMetadata =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string }

/** So much of the end is read at first, then more: the directory of most wheels fits into the first. */
const TAILS = [68 << 10, 1 << 20, 16 << 20, 65 << 20] as const
const HEADER_BYTES = 30

const inflate = promisify(inflateRaw)

/**
 * Finds `NAME-VERSION.dist-info/METADATA` (the binary distribution format) and gives its bytes, at most
 * `maxBytes`. A wheel that is none gives a reason; rejects only when `read` does.
 */
export async function wheelMetadata(
  wheel: WheelBytes,
  project: string,
  maxBytes: number,
): Promise<WheelMetadata> {
  try {
    const entry = metadataEntry(await readDirectory(wheel), project)
    if (entry.sizeBytes > maxBytes || entry.compressedBytes > maxBytes) {
      return { ok: false, reason: `its METADATA is larger than ${maxBytes} bytes` }
    }
    const data = await readEntry(wheel, entry)
    if (entry.method === 0) return { ok: true, bytes: data }
    if (entry.method !== 8) return { ok: false, reason: `its METADATA is packed by method ${entry.method}` }
    return { ok: true, bytes: await inflate(data, { maxOutputLength: maxBytes }) }
  } catch (error) {
    if (error instanceof ZipFault) return { ok: false, reason: error.message }
    if (isZlibFault(error)) return { ok: false, reason: `its METADATA cannot be unpacked: ${error.message}` }
    throw error
  }
}

/** The same of a wheel in memory; throws ZipFault, or what zlib throws, for one that is none. */
export function metadataOfBytes(wheel: Uint8Array, project: string, maxBytes: number): Uint8Array {
  const source = bytesSource(wheel)
  const entry = metadataEntry(readCentralDirectory(source), project)
  if (entry.sizeBytes > maxBytes) throw new ZipFault(`its METADATA is larger than ${maxBytes} bytes`)
  const data = source.read(dataOffset(source, entry), entry.compressedBytes)
  return entry.method === 0 ? data : inflateRawSync(data, { maxOutputLength: maxBytes })
}

/** Reads more of the end until the whole directory is there. */
async function readDirectory(wheel: WheelBytes): Promise<readonly ZipEntry[]> {
  for (const tailBytes of TAILS) {
    const length = Math.min(tailBytes, wheel.sizeBytes)
    const offset = wheel.sizeBytes - length
    const tail = tailSource(await wheel.read(offset, length), offset, wheel.sizeBytes)
    try {
      return readCentralDirectory(tail)
    } catch (error) {
      if (!(error instanceof BeyondTail) || offset === 0) throw error
    }
  }
  throw new ZipFault('its directory is too large')
}

class BeyondTail extends ZipFault {}

function tailSource(tail: Buffer, start: number, sizeBytes: number): ZipSource {
  const bytes = bytesSource(tail)
  return {
    sizeBytes,
    read(offset, length) {
      // Where the zip ends is looked for in more than a small wheel's tail may hold.
      if (offset < start) throw new BeyondTail('more of it is needed')
      return bytes.read(offset - start, length)
    },
  }
}

function metadataEntry(entries: readonly ZipEntry[], project: string): ZipEntry {
  const found = entries.filter(({ name }) => {
    const [, distribution] = /^([^/]+)-[^/-]+\.dist-info\/METADATA$/.exec(name) ?? []
    return distribution !== undefined && normalizeName(distribution) === project
  })
  const [entry, second] = found
  if (entry === undefined) throw new ZipFault('it has no METADATA')
  if (second !== undefined) throw new ZipFault('it has more than one METADATA')
  return entry
}

async function readEntry(wheel: WheelBytes, entry: ZipEntry): Promise<Buffer> {
  const { headerOffset, compressedBytes } = entry
  if (headerOffset < 0 || headerOffset + HEADER_BYTES > wheel.sizeBytes) {
    throw new ZipFault('its METADATA lies outside of it')
  }
  const header = await wheel.read(headerOffset, HEADER_BYTES)
  const at = dataOffset(
    {
      sizeBytes: wheel.sizeBytes,
      read: (offset, count) => bytesSource(header).read(offset - headerOffset, count),
    },
    entry,
  )
  return wheel.read(at, compressedBytes)
}

function isZlibFault(error: unknown): error is Error {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' && (code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE')
}
