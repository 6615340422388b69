/** The ones' complement sum of RFC 1071, folded to 16 bits and not yet complemented. */
export function onesSum(bytes: Uint8Array, start = 0): number {
  let sum = start
  for (let index = 0; index < bytes.length; index += 2) {
    sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return sum
}

/** The checksum field's value for bytes whose own field is zero. */
export function checksum(bytes: Uint8Array, start = 0): number {
  return ~onesSum(bytes, start) & 0xffff
}

/** The pseudo-header of TCP and UDP over IPv4 (RFC 9293 3.1) or IPv6 (RFC 8200 8.1), summed. */
export function pseudoHeaderSum(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  length: number,
): number {
  return onesSum(destination, onesSum(source, protocol + length))
}
