/** Undoes a content coding that nobody asked for. */

import { pipeline } from 'node:stream/promises'
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzipSync,
  inflateSync,
} from 'node:zlib'
import { broken } from './failure.ts'
import type { ByteSource } from './http-response.ts'
import { UpstreamError } from './upstream.ts'

/** Each piece is a turn of the thread pool and of the disk: with the usual 16 kB a packument of 42 MB has 2,600 of both. */
const pieces = { chunkSize: 64 * 1024 }

interface Coding {
  readonly stream: () => ReturnType<typeof createGunzip>
  readonly atOnce: (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array
}

const gzip: Coding = { stream: () => createGunzip(pieces), atOnce: gunzipSync }
const codings: Readonly<Record<string, Coding>> = {
  gzip,
  'x-gzip': gzip,
  deflate: { stream: () => createInflate(pieces), atOnce: inflateSync },
  br: { stream: () => createBrotliDecompress(pieces), atOnce: brotliDecompressSync },
}

/** What ends within so many bytes, and becomes no more than so many, is decoded at once: a stream would cost many times that. */
const AT_ONCE_BYTES = 32 * 1024
const AT_ONCE_DECODED_BYTES = 256 * 1024

/**
 * The decoded bytes; the caller bounds them. Streams with back-pressure, so a bomb costs no memory.
 * @throws UpstreamError `malformed` for a coding that is not known, and from `next` when the data are broken
 */
export function decodeBody(source: ByteSource, coding: string, host: string): ByteSource {
  const known = Object.hasOwn(codings, coding) ? codings[coding] : undefined
  if (known === undefined) {
    source.discard()
    throw broken('malformed', `${host} sent the content coding ${coding}, which was not asked for`)
  }
  let decoded: ByteSource | undefined
  const begin = async (): Promise<ByteSource> => {
    const { chunks, isWhole } = await beginningOf(source)
    const whole = isWhole ? decodedAtOnce(Buffer.concat(chunks), known) : undefined
    if (whole !== undefined) return bytesThen([whole], source, isWhole)
    const what = `broken ${coding} data`
    return streamed(bytesThen(chunks, source, isWhole), known.stream(), (error) =>
      broken('malformed', `${host} sent ${what}`, {}, error),
    )
  }
  return {
    async next() {
      decoded ??= await begin()
      return decoded.next()
    },
    discard: () => (decoded ?? source).discard(),
  }
}

/** So much of a source as may be decoded at once, or all of it, when it has no more. */
async function beginningOf(
  source: ByteSource,
): Promise<{ readonly chunks: Uint8Array[]; readonly isWhole: boolean }> {
  const chunks: Uint8Array[] = []
  for (let bytes = 0; bytes <= AT_ONCE_BYTES; ) {
    const chunk = await source.next()
    if (chunk === undefined) return { chunks, isWhole: true }
    chunks.push(chunk)
    bytes += chunk.length
  }
  return { chunks, isWhole: false }
}

/** Undefined for what is broken, or becomes too large: the stream tells which. */
function decodedAtOnce(bytes: Uint8Array, coding: Coding): Uint8Array | undefined {
  if (bytes.length > AT_ONCE_BYTES) return undefined
  try {
    return coding.atOnce(bytes, { maxOutputLength: AT_ONCE_DECODED_BYTES })
  } catch {
    return undefined
  }
}

function bytesThen(chunks: Uint8Array[], source: ByteSource, isOver: boolean): ByteSource {
  return {
    next: async () => chunks.shift() ?? (isOver ? undefined : source.next()),
    discard: () => source.discard(),
  }
}

function streamed(
  source: ByteSource,
  decoder: ReturnType<Coding['stream']>,
  asBroken: (error: unknown) => UpstreamError,
): ByteSource {
  let upstreamError: unknown
  async function* encoded() {
    try {
      for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) yield chunk
    } catch (error) {
      upstreamError = error
      throw error
    }
  }
  const feeding = pipeline(encoded, decoder)
  // The reader below sees the same error; this only keeps it from being reported a second time as unhandled.
  feeding.catch(() => undefined)
  const decoded = decoder[Symbol.asyncIterator]()
  return {
    async next() {
      try {
        const { done, value } = await decoded.next()
        if (done === true) await feeding
        return done === true ? undefined : value
      } catch (error) {
        source.discard()
        throw upstreamError instanceof UpstreamError ? upstreamError : asBroken(error)
      }
    },
    discard() {
      decoder.destroy()
      source.discard()
    },
  }
}
