/** Whether a file is the one that its index lists. */

import { createHash, getHashes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { CandidateBody, Verdict } from '../ecosystem.ts'
import type { RouteHash } from './file-route.ts'
import type { Hashes } from './page-file.ts'

/** Hashes that still tell a file from a forged one, best first. */
const strong = ['sha256', 'sha512', 'sha384', 'sha3_256', 'sha3_512', 'blake2b', 'blake2b_256']
/** Enough against accidents alone: what they vouch for is not called proved. */
const weak = ['sha224', 'sha1', 'md5']

const nodeNames: Readonly<Record<string, string>> = {
  sha3_256: 'sha3-256',
  sha3_512: 'sha3-512',
  blake2b: 'blake2b512',
}

const READ_BYTES = 1 << 20

/** Whether this hash vouches for a file on its own. */
export function isStrong(algorithm: string): boolean {
  return strong.includes(algorithm)
}

/** By the strong hash in the file's own address: nothing else needs to be asked. */
export async function proveByRoute(
  body: CandidateBody,
  what: string,
  hash: RouteHash,
  signal: AbortSignal,
): Promise<Verdict> {
  return compare(body, what, hash, 'proved', signal)
}

/** By the best hash that is known; `sound` where a file merely is what it should be in form. */
export async function proveByHashes(
  body: CandidateBody,
  what: string,
  {
    hashes,
    size,
    looksRight,
  }: {
    readonly hashes: Hashes
    readonly size: number | undefined
    /** Says what is wrong with the form, by the first bytes; asked where no hash is known. */
    readonly looksRight: (start: Uint8Array) => string | undefined
  },
  signal: AbortSignal,
): Promise<Verdict> {
  const has = sizeOf(body)
  if (size !== undefined && has !== size) {
    return { verdict: 'wrong', reason: `${what} has ${has} bytes, its index says ${size}` }
  }
  const known = new Set(getHashes().map((name) => name.toLowerCase()))
  for (const algorithm of [...strong, ...weak]) {
    const hex = hashes[algorithm]
    if (hex === undefined || !known.has(nodeName(algorithm))) continue
    return compare(body, what, { algorithm, hex }, strong.includes(algorithm) ? 'proved' : 'sound', signal)
  }
  return readSafely(signal, async () => {
    const fault = looksRight(await startOf(body, signal))
    return fault === undefined ? { verdict: 'sound' } : { verdict: 'wrong', reason: `${what}: ${fault}` }
  })
}

/** A page with a reason is what a broken source sends for a file. */
export function noWebPage(start: Uint8Array): string | undefined {
  const text = Buffer.from(start.subarray(0, 256)).toString('latin1').trimStart()
  return /^<(?:!doctype|html|\?xml|head|body)/i.test(text) ? 'a web page instead of a file' : undefined
}

/** Core metadata begins with its version (PEP 241 and all after it); some tools write a comment line before. */
export function isCoreMetadata(start: Uint8Array): string | undefined {
  const text = Buffer.from(start.subarray(0, 16_384)).toString('utf8')
  return /^Metadata-Version:/im.test(text) ? undefined : 'not the metadata of a distribution'
}

export function isSignature(start: Uint8Array): string | undefined {
  const text = Buffer.from(start.subarray(0, 256)).toString('latin1').trimStart()
  return text.startsWith('-----BEGIN PGP') ? undefined : 'not a signature'
}

export function isJsonObject(start: Uint8Array): string | undefined {
  return /^\s*\{/.test(Buffer.from(start.subarray(0, 256)).toString('latin1')) ? undefined : 'not JSON'
}

async function compare(
  body: CandidateBody,
  what: string,
  { algorithm, hex }: RouteHash,
  verdict: 'proved' | 'sound',
  signal: AbortSignal,
): Promise<Verdict> {
  return readSafely(signal, async () => {
    const hash = createHash(nodeName(algorithm))
    if (body.kind === 'bytes') hash.update(body.bytes)
    else {
      const file = createReadStream(body.path, { highWaterMark: READ_BYTES, signal })
      for await (const piece of file) hash.update(piece)
    }
    const is = hash.digest('hex')
    if (is === hex.toLowerCase()) return { verdict }
    return { verdict: 'wrong', reason: `${what} has ${algorithm} ${is}, its index says ${hex.toLowerCase()}` }
  })
}

async function startOf(body: CandidateBody, signal: AbortSignal): Promise<Uint8Array> {
  if (body.kind === 'bytes') return body.bytes.subarray(0, 16_384)
  const pieces: Uint8Array[] = []
  for await (const piece of createReadStream(body.path, { end: 16_383, signal })) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function readSafely(signal: AbortSignal, read: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await read()
  } catch (error) {
    signal.throwIfAborted()
    return { verdict: 'unproved', reason: `the body could not be read back from disk: ${error}` }
  }
}

function sizeOf(body: CandidateBody): number {
  return body.kind === 'bytes' ? body.bytes.length : body.sizeBytes
}

function nodeName(algorithm: string): string {
  return nodeNames[algorithm] ?? algorithm
}
