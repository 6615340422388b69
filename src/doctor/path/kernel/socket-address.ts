import { isIPv6 } from 'node:net'
import { AF_INET, AF_INET6 } from './linux-constants.ts'

export type Family = 4 | 6

/** A `struct sockaddr_in` or `sockaddr_in6`. `address` is numeric; a zone (`%eth0`) is not supported. */
export function socketAddress(address: string, port: number): Uint8Array {
  const six = isIPv6(address)
  const bytes = new Uint8Array(six ? 28 : 16)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, six ? AF_INET6 : AF_INET, true)
  view.setUint16(2, port)
  bytes.set(addressBytes(address), six ? 8 : 4)
  return bytes
}

/** Undefined for anything but a whole IPv4 or IPv6 socket address. */
export function readSocketAddress(
  bytes: Uint8Array,
): { readonly address: string; readonly port: number } | undefined {
  if (bytes.length < 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const family = view.getUint16(0, true)
  const port = view.getUint16(2)
  if (family === AF_INET) return { address: formatAddress(bytes.subarray(4, 8)), port }
  if (family === AF_INET6 && bytes.length >= 24) {
    return { address: formatAddress(bytes.subarray(8, 24)), port }
  }
  return undefined
}

/** 4 or 16 bytes of a numeric address. Throws RangeError for anything else. */
export function addressBytes(address: string): Uint8Array {
  if (!isIPv6(address)) {
    const parts = address.split('.').map(Number)
    if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) {
      throw new RangeError(`${address} is no numeric address`)
    }
    return Uint8Array.from(parts)
  }
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const plain = dotted
    ? `${dotted[1]}${hex(Number(dotted[2]) * 256 + Number(dotted[3]))}:${hex(Number(dotted[4]) * 256 + Number(dotted[5]))}`
    : address
  const [head = '', tail] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const words = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return Uint8Array.from(
    words.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]),
  )
}

/** The text of 4 or 16 bytes, IPv6 as in RFC 5952; an IPv4 address inside IPv6 is given as IPv4. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const words = Array.from(
    { length: 8 },
    (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0),
  )
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff)
    return bytes.subarray(12).join('.')
  const { start, length } = longestZeroRun(words)
  const text = (part: readonly number[]) => part.map(hex).join(':')
  return length < 2 ? text(words) : `${text(words.slice(0, start))}::${text(words.slice(start + length))}`
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < words.length; start++) {
    let length = 0
    while (words[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

function hex(word: number): string {
  return word.toString(16)
}
