import { checksum, pseudoHeaderSum } from './checksum.ts'

export interface DatagramFields {
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payloadLength: number
}

/** A datagram of zeros. */
export function buildDatagram(fields: DatagramFields): Uint8Array {
  const { source, destination, sourcePort, destinationPort, payloadLength } = fields
  const bytes = new Uint8Array(8 + payloadLength)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, sourcePort)
  view.setUint16(2, destinationPort)
  view.setUint16(4, bytes.length)
  // Zero would say that there is no checksum (RFC 768).
  view.setUint16(6, checksum(bytes, pseudoHeaderSum(source, destination, 17, bytes.length)) || 0xffff)
  return bytes
}

/** The header of a datagram, whole or quoted by an ICMP error. */
export function readDatagramHeader(
  bytes: Uint8Array,
): { readonly sourcePort: number; readonly destinationPort: number; readonly length: number } | undefined {
  if (bytes.length < 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    length: view.getUint16(4),
  }
}
