/** Subresource integrity as npm uses it: `sha512-…`, maybe several, and the old SHA-1 beside it. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { CandidateBody } from '../ecosystem.ts'

export type Algorithm = 'sha512' | 'sha384' | 'sha256' | 'sha1'

/** What a body must hash to; one of the digests, in lower-case hex, is enough. */
export interface Expected {
  readonly algorithm: Algorithm
  readonly digests: readonly string[]
}

const strongestFirst: readonly Algorithm[] = ['sha512', 'sha384', 'sha256', 'sha1']
const digestBytes: Readonly<Record<Algorithm, number>> = { sha512: 64, sha384: 48, sha256: 32, sha1: 20 }

/** Read in pieces of this size, so that the serving thread gets its turn between two. */
const PIECE_BYTES = 256 * 1024

/**
 * The strongest algorithm that is named, with all its digests (W3C SRI 3.3.4: any of them may match). SHA-1 of
 * `shasum` counts only when nothing else is said. What is malformed is passed over; undefined when nothing is left.
 */
export function expectedOf(integrity: string | undefined, shasum: string | undefined): Expected | undefined {
  const named = new Map<Algorithm, string[]>()
  for (const item of (integrity ?? '').trim().split(/\s+/)) {
    const match = /^(sha512|sha384|sha256|sha1)-([A-Za-z0-9+/]+={0,2})(?:\?[\x21-\x7e]*)?$/.exec(item)
    const algorithm = strongestFirst.find((known) => known === match?.[1])
    const digest = Buffer.from(match?.[2] ?? '', 'base64')
    if (algorithm === undefined || digest.length !== digestBytes[algorithm]) continue
    const digests = named.get(algorithm) ?? []
    digests.push(digest.toString('hex'))
    named.set(algorithm, digests)
  }
  for (const algorithm of strongestFirst) {
    const digests = named.get(algorithm)
    if (digests !== undefined) return { algorithm, digests }
  }
  const sha1 = shasum?.trim().toLowerCase() ?? ''
  return /^[0-9a-f]{40}$/.test(sha1) ? { algorithm: 'sha1', digests: [sha1] } : undefined
}

/** In lower-case hex. Rejects when `signal` aborts, or when the file cannot be read as it should be. */
export async function digestOf(
  body: CandidateBody,
  algorithm: Algorithm,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm)
  if (body.kind === 'bytes') return hash.update(body.bytes).digest('hex')
  let sizeBytes = 0
  for await (const piece of createReadStream(body.path, { highWaterMark: PIECE_BYTES, signal })) {
    const bytes: Buffer = piece
    sizeBytes += bytes.length
    hash.update(bytes)
  }
  if (sizeBytes !== body.sizeBytes) {
    throw new Error(`the file has ${sizeBytes} bytes instead of ${body.sizeBytes}`)
  }
  return hash.digest('hex')
}

/** At most so many bytes from the start. Rejects when the file cannot be read. */
export async function firstBytes(body: CandidateBody, count: number): Promise<Uint8Array> {
  if (body.kind === 'bytes') return body.bytes.subarray(0, count)
  await using file = await open(body.path)
  const { buffer, bytesRead } = await file.read(new Uint8Array(count), 0, count, 0)
  return buffer.subarray(0, bytesRead)
}
