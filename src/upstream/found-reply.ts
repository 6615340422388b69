/** The good answer: its body checked against what was asked, decoded, counted. */

import type { Attempt } from './attempt.ts'
import { contentRange } from './content-range.ts'
import { decodeBody } from './decode-body.ts'
import { asFailure, broken, named } from './failure.ts'
import type { ByteSource, HttpResponse } from './http-response.ts'
import type { Ask, Reply } from './reply.ts'

/**
 * Judges a 200 or 206. Waits for the first bytes where a source may have compressed them without saying so.
 * @throws UpstreamError when it is not what was asked for
 */
export async function foundReply(ask: Ask, response: HttpResponse, attempt: Attempt): Promise<Reply> {
  const { source, request, from } = ask
  const host = response.url.host
  const coding = (response.headers.get('content-encoding') ?? 'identity').toLowerCase()
  let { sizeBytes, body } = response
  let isCoded = coding !== 'identity'
  let skipBytes = 0
  try {
    if (response.status === 206) {
      const range = contentRange(response.headers.get('content-range'))
      if (from === undefined) throw broken('malformed', `${host} sent a part of what was asked for`)
      if (range?.firstByte !== from.atByte || range.sizeBytes !== from.sizeBytes || coding !== 'identity') {
        throw broken(
          'malformed',
          `${host} sent another range than bytes ${from.atByte} to the end of ${from.sizeBytes}`,
        )
      }
      sizeBytes = from.sizeBytes
    } else if (from !== undefined && from.atByte > 0) {
      if (sizeBytes !== from.sizeBytes || coding !== 'identity')
        throw broken('malformed', `${host} has a body of another size`)
      skipBytes = from.atByte
    }
    if (sizeBytes !== undefined && sizeBytes > request.maxBytes) {
      throw broken(
        'too-large',
        `${host} announced ${sizeBytes} bytes, more than the ${request.maxBytes} allowed`,
      )
    }
    if (isCoded) body = decodeBody(body, coding, host)
    else if (request.compressible === true && response.status === 200 && skipBytes === 0) {
      const peeked = await peekedBody(body)
      body = peeked.body
      // Some registries send the file that they keep compressed, and do not say so.
      isCoded = isGzip(peeked.start)
      if (isCoded) body = decodeBody(body, 'gzip', host)
    }
    if (from !== undefined && from.atByte === 0 && from.sizeBytes !== undefined) {
      if (isCoded || sizeBytes !== from.sizeBytes)
        throw broken('malformed', `${host} has a body of another size`)
    }
    return {
      kind: 'found',
      source,
      host,
      sizeBytes: isCoded ? undefined : sizeBytes,
      etag: response.headers.get('etag'),
      lastModified: response.headers.get('last-modified'),
      mediaType: (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '',
      body: counted(skipped(body, skipBytes), attempt, ask),
    }
  } catch (error) {
    body.discard()
    throw error
  }
}

/** Enough to tell gzip by (RFC 1952 2.3.1: its two marks, and the one method there is). */
const PEEKED_BYTES = 3

/** The first bytes of a body, fewer only when it has no more, and the body as if nobody had looked. */
async function peekedBody(
  body: ByteSource,
): Promise<{ readonly start: Uint8Array; readonly body: ByteSource }> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  while (bytes < PEEKED_BYTES) {
    const chunk = await body.next()
    if (chunk === undefined) break
    chunks.push(chunk)
    bytes += chunk.length
  }
  const start = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
  const next = async () => chunks.shift() ?? (await body.next())
  return { start, body: { next, discard: () => body.discard() } }
}

function isGzip([first, second, method]: Uint8Array): boolean {
  return first === 0x1f && second === 0x8b && method === 8
}

function counted(body: ByteSource, attempt: Attempt, { source, request, from }: Ask): ByteSource {
  const { maxBytes } = request
  const roomBytes = maxBytes - (from?.atByte ?? 0)
  return {
    async next() {
      try {
        const chunk = await body.next()
        if (chunk === undefined) {
          attempt.whole = true
          attempt.over({ kind: 'found' })
          return undefined
        }
        attempt.bytes += chunk.length
        if (attempt.bytes > roomBytes)
          throw broken('too-large', `${source.id} sent more than the ${maxBytes} bytes allowed`)
        return chunk
      } catch (error) {
        const failure = named(asFailure(error, source.id), source)
        attempt.over({ kind: 'failed', failure })
        throw broken(failure.code, failure.message, failure, error)
      }
    },
    discard() {
      body.discard()
      attempt.over({ kind: 'found' })
    },
  }
}

/** A source without ranges sends all of it again; what the consumer has is passed over. */
function skipped(body: ByteSource, count: number): ByteSource {
  if (count === 0) return body
  let left = count
  return {
    async next() {
      for (;;) {
        const chunk = await body.next()
        if (chunk === undefined || left === 0) return chunk
        if (chunk.length > left) {
          const rest = chunk.subarray(left)
          left = 0
          return rest
        }
        left -= chunk.length
      }
    },
    discard: () => body.discard(),
  }
}
