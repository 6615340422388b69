export interface Ipv4Packet {
  readonly protocol: number
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly payload: Uint8Array
}

/** A packet as a raw IPv4 socket gives it. Undefined when it is no whole IPv4 header. */
export function readIpv4Packet(bytes: Uint8Array): Ipv4Packet | undefined {
  const first = bytes[0] ?? 0
  const headerLength = (first & 15) * 4
  if (first >> 4 !== 4 || headerLength < 20 || bytes.length < headerLength) return undefined
  return {
    protocol: bytes[9] ?? 0,
    source: bytes.subarray(12, 16),
    destination: bytes.subarray(16, 20),
    payload: bytes.subarray(headerLength),
  }
}
