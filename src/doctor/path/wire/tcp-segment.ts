import { checksum, pseudoHeaderSum } from './checksum.ts'

export interface SynFields {
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly sourcePort: number
  readonly destinationPort: number
  /** 32 bits; the answer acknowledges the next one. */
  readonly sequence: number
}

/** A SYN with a maximum segment size, as an ordinary connection starts. */
export function buildSyn(fields: SynFields): Uint8Array {
  const { source, destination, sourcePort, destinationPort, sequence } = fields
  const bytes = new Uint8Array(24)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, sourcePort)
  view.setUint16(2, destinationPort)
  view.setUint32(4, sequence)
  view.setUint8(12, 6 << 4)
  view.setUint8(13, 0x02)
  view.setUint16(14, 64_240)
  view.setUint16(20, 0x0204)
  view.setUint16(22, source.length === 4 ? 1460 : 1440)
  view.setUint16(16, checksum(bytes, pseudoHeaderSum(source, destination, 6, bytes.length)))
  return bytes
}

export interface TcpAnswer {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly acknowledged: number
  readonly kind: 'syn-ack' | 'reset'
}

/** The answer to a SYN: SYN+ACK or RST+ACK. Undefined for any other segment. */
export function readTcpAnswer(segment: Uint8Array): TcpAnswer | undefined {
  if (segment.length < 20) return undefined
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length)
  const flags = view.getUint8(13)
  const acknowledges = (flags & 0x10) !== 0
  const kind = (flags & 0x04) !== 0 ? 'reset' : (flags & 0x02) !== 0 ? 'syn-ack' : undefined
  if (kind === undefined || !acknowledges) return undefined
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    acknowledged: view.getUint32(8),
    kind,
  }
}

/** The first 8 bytes of a segment, as an ICMP error quotes them at least (RFC 792). */
export function readQuotedSyn(
  quote: Uint8Array,
): { readonly sourcePort: number; readonly destinationPort: number; readonly sequence: number } | undefined {
  if (quote.length < 8) return undefined
  const view = new DataView(quote.buffer, quote.byteOffset, quote.length)
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
  }
}
