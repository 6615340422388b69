import { crc32 } from 'node:zlib'
import type { ObjectMeta } from '../store.ts'

/**
 * One entry of a pack: what is remembered of a key, so that it is found again without the index.
 *
 *     0  u32  magic        8  u8   kind (1 body inside, 2 body in a blob file, 3 removed)
 *     4  u32  CRC-32 of everything from byte 8 on, started with the pack's own random salt
 *    12  u32  bytes of the head (JSON)    16  u32  bytes of the body    20  u32  zero
 *    24  head, then body
 *
 * All numbers are little-endian. The salt keeps bytes that came from outside from passing as a record, when
 * a damaged pack is searched for the next good one.
 */
export type PackRecord =
  | { readonly kind: 'body'; readonly head: ObjectHead; readonly body: Buffer }
  | { readonly kind: 'blob'; readonly head: ObjectHead }
  | { readonly kind: 'gone'; readonly key: string }

/** A record that an object is made from. */
export type LiveRecord = Exclude<PackRecord, { kind: 'gone' }>

export interface ObjectHead {
  readonly key: string
  readonly sha256: string
  readonly sizeBytes: number
  readonly meta: ObjectMeta
}

/** Bodies up to this size lie inside the packs. */
export const smallBodyBytes = 64 * 1024
/** Room for a record beside its body. */
export const recordRoomBytes = 1024
/** First number of a record, "PHR1". */
export const recordMagic = 0x31524850
export const recordHeaderBytes = 24
/** No head is longer: a length beyond it is damage, not a record. */
const maxHeadBytes = 1 << 20
const maxBodyBytes = 1 << 24

/** Numbers of what a record holds. */
export const kinds = { body: 1, blob: 2, gone: 3 } as const
const noBody = Buffer.alloc(0)

/** A record without its checksum (`sealRecord`). */
export function encodeRecord(
  record: { kind: 'body'; head: ObjectHead; body: Uint8Array } | Exclude<PackRecord, { kind: 'body' }>,
): Buffer {
  const head =
    record.kind === 'gone'
      ? { k: record.key }
      : { k: record.head.key, s: record.head.sha256, n: record.head.sizeBytes, m: record.head.meta }
  const text = JSON.stringify(head)
  const headBytes = Buffer.byteLength(text)
  const body = record.kind === 'body' ? record.body : noBody
  const bytes = Buffer.allocUnsafeSlow(recordHeaderBytes + headBytes + body.length)
  bytes.writeUInt32LE(recordMagic, 0)
  bytes.writeUInt32LE(kinds[record.kind], 8)
  bytes.writeUInt32LE(headBytes, 12)
  bytes.writeUInt32LE(body.length, 16)
  bytes.writeUInt32LE(0, 20)
  bytes.write(text, recordHeaderBytes)
  bytes.set(body, recordHeaderBytes + headBytes)
  return bytes
}

/** Makes the checksum of an encoded record for the pack that it goes to. */
export function sealRecord(bytes: Buffer, salt: number): void {
  bytes.writeUInt32LE(crc32(bytes.subarray(8), salt), 4)
}

/** The length of the record that starts with `header`, or undefined when none does. */
export function recordLength(header: Buffer): number | undefined {
  if (header.length < recordHeaderBytes || header.readUInt32LE(0) !== recordMagic) return undefined
  const headBytes = header.readUInt32LE(12)
  const bodyBytes = header.readUInt32LE(16)
  if (headBytes > maxHeadBytes || bodyBytes > maxBodyBytes) return undefined
  return recordHeaderBytes + headBytes + bodyBytes
}

/** The record that fills `bytes` exactly, or undefined when it is torn or damaged. The body is a view. */
export function decodeRecord(bytes: Buffer, salt: number): PackRecord | undefined {
  if (recordLength(bytes) !== bytes.length) return undefined
  if (crc32(bytes.subarray(8), salt) !== bytes.readUInt32LE(4)) return undefined
  const kind = bytes.readUInt32LE(8)
  const bodyFrom = recordHeaderBytes + bytes.readUInt32LE(12)
  const head = JSON.parse(bytes.toString('utf8', recordHeaderBytes, bodyFrom)) as {
    k: string
    s: string
    n: number
    m: ObjectMeta
  }
  if (kind === kinds.gone) return { kind: 'gone', key: head.k }
  const object = { key: head.k, sha256: head.s, sizeBytes: head.n, meta: head.m }
  if (kind === kinds.body) return { kind: 'body', head: object, body: bytes.subarray(bodyFrom) }
  return kind === kinds.blob ? { kind: 'blob', head: object } : undefined
}
