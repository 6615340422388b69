import type { Family } from '../kernel/socket-address.ts'
import { checksum, onesSum } from './checksum.ts'

export interface EchoFields {
  readonly family: Family
  readonly identifier: number
  readonly sequence: number
  /** Of the whole message, 10 at least. */
  readonly sizeBytes: number
  /** What the checksum comes to, whatever the sequence: routers that share load hash it (Paris traceroute). */
  readonly checksum: number
}

/**
 * An echo request. For IPv6 the kernel adds the pseudo-header to the checksum; for a ping socket it writes the
 * identifier. Two bytes of the payload even out the sequence, so that the checksum stays as asked for.
 */
export function buildEcho({
  family,
  identifier,
  sequence,
  sizeBytes,
  checksum: wanted,
}: EchoFields): Uint8Array {
  const bytes = new Uint8Array(Math.max(10, sizeBytes))
  const view = new DataView(bytes.buffer)
  view.setUint8(0, family === 4 ? 8 : 128)
  view.setUint16(4, identifier)
  view.setUint16(6, sequence)
  const sum = onesSum(bytes)
  view.setUint16(8, onesDifference(~wanted & 0xffff, sum))
  if (family === 4) view.setUint16(2, checksum(bytes))
  return bytes
}

export interface EchoHeader {
  readonly kind: 'request' | 'reply'
  readonly identifier: number
  readonly sequence: number
}

/** The header of an echo message, whole or quoted. Undefined for any other message. */
export function readEcho(family: Family, bytes: Uint8Array): EchoHeader | undefined {
  if (bytes.length < 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const type = view.getUint8(0)
  const request = family === 4 ? 8 : 128
  const reply = family === 4 ? 0 : 129
  if ((type !== request && type !== reply) || view.getUint8(1) !== 0) return undefined
  return {
    kind: type === request ? 'request' : 'reply',
    identifier: view.getUint16(4),
    sequence: view.getUint16(6),
  }
}

function onesDifference(left: number, right: number): number {
  return onesSum(Uint8Array.of(left >> 8, left & 255), ~right & 0xffff)
}
