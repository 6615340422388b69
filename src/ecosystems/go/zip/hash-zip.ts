import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import { dataOffset, readCentralDirectory, type ZipEntry } from './central-directory.ts'
import { type HashedFile, hashFiles } from './dirhash.ts'
import type { ZipCheck } from './zip-check.ts'
import { findZipBreach, MAX_ZIP_BYTES } from './zip-rules.ts'
import { ZipFault, type ZipSource } from './zip-source.ts'

export interface HashZipOptions {
  readonly module: string
  readonly version: string
  /** Asked between entries and chunks; true ends the work with an AbortError. */
  readonly isAborted: () => boolean
}

/** Below this an entry is unpacked in one call, above it in chunks. */
const ONE_CALL_BYTES = 4 * 1024 * 1024
const CHUNK_BYTES = 256 * 1024

const STORED = 0
const DEFLATED = 8

/**
 * Checks a module zip by its central directory and gives its h1. Memory does not grow with the size of the zip
 * nor with that of an entry. Throws only what reading throws, and an AbortError.
 */
export async function hashZip(source: ZipSource, options: HashZipOptions): Promise<ZipCheck> {
  const { module, version, isAborted } = options
  try {
    if (source.sizeBytes > MAX_ZIP_BYTES) throw new ZipFault(`it is larger than ${MAX_ZIP_BYTES} bytes`)
    const entries = readCentralDirectory(source)
    const breach = findZipBreach(entries, module, version)
    if (breach !== undefined) throw new ZipFault(breach)
    const files: HashedFile[] = []
    // In the order of the file, so that it is read once and forward.
    for (const entry of entries.toSorted((a, b) => a.headerOffset - b.headerOffset)) {
      if (isAborted()) throw new DOMException('The check of a zip was aborted', 'AbortError')
      files.push({ name: entry.name, sha256: await hashEntry(source, entry, isAborted) })
    }
    return { ok: true, h1: hashFiles(files) }
  } catch (error) {
    if (!(error instanceof ZipFault)) throw error
    return { ok: false, reason: `this is no module zip of ${module}@${version}: ${error.message}` }
  }
}

async function hashEntry(source: ZipSource, entry: ZipEntry, isAborted: () => boolean): Promise<string> {
  const start = dataOffset(source, entry)
  const content = new Content(entry)
  if (entry.name.endsWith('/')) {
    if (entry.sizeBytes !== 0) throw new ZipFault(`the directory ${entry.name} has content`)
    return content.end()
  }
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new ZipFault(`${entry.name} is compressed by method ${entry.method}, which is not read`)
  }
  const isSmall = entry.compressedBytes <= ONE_CALL_BYTES && entry.sizeBytes <= ONE_CALL_BYTES
  if (isSmall) {
    const packed = source.read(start, entry.compressedBytes)
    content.add(entry.method === STORED ? packed : inflate(packed, entry))
    return content.end()
  }
  const chunks = chunksOf(source, start, entry.compressedBytes, isAborted)
  if (entry.method === STORED) {
    for (const chunk of chunks) content.add(chunk)
    return content.end()
  }
  const inflater = createInflateRaw({ chunkSize: CHUNK_BYTES })
  const packed = Readable.from(chunks)
  packed.on('error', (error) => inflater.destroy(error))
  packed.pipe(inflater)
  try {
    for await (const chunk of inflater) content.add(chunk)
  } catch (error) {
    throw faultOf(error, entry)
  } finally {
    packed.destroy()
    inflater.destroy()
  }
  return content.end()
}

function inflate(packed: Buffer, entry: ZipEntry): Buffer {
  try {
    // One output chunk with room for a byte too many, which `Content` then refuses.
    return inflateRawSync(packed, {
      maxOutputLength: entry.sizeBytes + 1,
      chunkSize: Math.max(64, entry.sizeBytes + 1),
    })
  } catch (error) {
    throw faultOf(error, entry)
  }
}

function faultOf(error: unknown, entry: ZipEntry): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_BUFFER_TOO_LARGE') return new ZipFault(`${entry.name} is larger than declared`)
  if (typeof code === 'string' && code.startsWith('Z_')) {
    return new ZipFault(`the compressed data of ${entry.name} is damaged`)
  }
  return error
}

/** Copies, because the reader of a stream may look at a chunk after the next one was read. */
function* chunksOf(
  source: ZipSource,
  start: number,
  length: number,
  isAborted: () => boolean,
): Generator<Buffer> {
  for (let at = 0; at < length; at += CHUNK_BYTES) {
    if (isAborted()) throw new DOMException('The check of a zip was aborted', 'AbortError')
    yield Buffer.from(source.read(start + at, Math.min(CHUNK_BYTES, length - at)))
  }
}

/** Hashes an entry's content and holds it against what the directory declares. */
class Content {
  readonly #entry: ZipEntry
  readonly #hash: Hash = createHash('sha256')
  #sizeBytes = 0
  #crc = 0

  constructor(entry: ZipEntry) {
    this.#entry = entry
  }

  add(chunk: Buffer): void {
    this.#sizeBytes += chunk.length
    if (this.#sizeBytes > this.#entry.sizeBytes)
      throw new ZipFault(`${this.#entry.name} is larger than declared`)
    this.#crc = crc32(chunk, this.#crc)
    this.#hash.update(chunk)
  }

  /** SHA-256 in hex. */
  end(): string {
    const { name, sizeBytes, crc32: expected, hasDescriptor } = this.#entry
    if (this.#sizeBytes !== sizeBytes) throw new ZipFault(`${name} is shorter than declared`)
    const isCrcSet = expected !== 0 || hasDescriptor
    if (isCrcSet && this.#crc !== expected) throw new ZipFault(`${name} does not fit its checksum`)
    return this.#hash.digest('hex')
  }
}
