/** Undoes a content coding that nobody asked for. */

import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { broken } from './failure.ts'
import type { ByteSource } from './http-response.ts'
import { UpstreamError } from './upstream.ts'

/** Each piece is a turn of the thread pool and of the disk: with the usual 16 kB a packument of 42 MB has 2,600 of both. */
const pieces = { chunkSize: 64 * 1024 }

/**
 * The decoded bytes; the caller bounds them. Streams with back-pressure, so a bomb costs no memory.
 * @throws UpstreamError `malformed` for a coding that is not known, and from `next` when the data are broken
 */
export function decodeBody(source: ByteSource, coding: string, host: string): ByteSource {
  const decoder = decoderFor(coding)
  if (decoder === undefined) {
    source.discard()
    throw broken('malformed', `${host} sent the content coding ${coding}, which was not asked for`)
  }
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
        if (upstreamError instanceof UpstreamError) throw upstreamError
        throw broken('malformed', `${host} sent broken ${coding} data`, {}, error)
      }
    },
    discard() {
      decoder.destroy()
      source.discard()
    },
  }
}

function decoderFor(coding: string) {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip(pieces)
    case 'deflate':
      return createInflate(pieces)
    case 'br':
      return createBrotliDecompress(pieces)
    default:
      return undefined
  }
}
