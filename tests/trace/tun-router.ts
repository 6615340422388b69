/**
 * A made-up network behind a TUN device: `tun-router.ts '{"hops":[…]}'`. Hop k is 10.77.k.1 and the target 10.77.99.1.
 * Each hop can be silent, slow, stack MPLS labels, quote only 8 bytes or have a small link behind it; the network can
 * also send garbage, and the target have a UDP service.
 */
import { dlopen, ptr } from 'bun:ffi'
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, read, writeSync } from 'node:fs'
import { checksum, pseudoHeaderSum } from '../../src/doctor/path/wire/checksum.ts'

export interface TunHop {
  readonly silent?: boolean
  readonly delayMs?: number
  /** Added to every other answer of this hop and of all behind it. */
  readonly jitterMs?: number
  readonly labels?: readonly number[]
  readonly shortQuote?: boolean
  /** Of the link behind it, in bytes: larger packets are too big. */
  readonly mtuBytes?: number
}

export interface TunNetwork {
  readonly hops: readonly TunHop[]
  /** Broken ICMP messages beside every answer. */
  readonly garbage?: boolean
  /** What the target does with UDP; by default nothing listens there. */
  readonly udp?: { readonly answers: 'nothing' | 'datagram'; readonly delayMs?: number }
}

const network = JSON.parse(process.argv[2] ?? '{}') as TunNetwork
const target = [10, 77, 99, 1]
const tunSetInterface = 0x400454ca

const libc = dlopen('libc.so.6', { ioctl: { args: ['i32', 'u64', 'ptr'], returns: 'i32' } }).symbols
const device = openSync('/dev/net/tun', 'r+')
const request = Buffer.alloc(40)
request.write('tun77')
request.writeUInt16LE(0x1001, 16)
if (libc.ioctl(device, tunSetInterface, ptr(request)) < 0) throw new Error('no TUN device')
execFileSync('ip', ['addr', 'add', '10.77.0.1/16', 'dev', 'tun77'])
execFileSync('ip', ['link', 'set', 'tun77', 'up'])
process.on('exit', () => closeSync(device))

const answered = new Map<number, number>()
next()
process.stdout.write('ready\n')

function next(): void {
  const buffer = Buffer.alloc(2048)
  read(device, buffer, 0, buffer.length, null, (error, length) => {
    if (error !== null) throw error
    handle(buffer.subarray(0, length))
    next()
  })
}

function handle(packet: Buffer): void {
  if (packet[0] !== 0x45 || packet.subarray(16, 20).join() !== target.join()) return
  const ttl = packet.readUInt8(8)
  const narrow = network.hops.findIndex(
    ({ mtuBytes = 1500 }, index) => index < ttl - 1 && packet.length > mtuBytes,
  )
  const place = narrow < 0 ? ttl : narrow + 1
  const hop = network.hops[place - 1]
  const isTarget = hop === undefined
  const passed = network.hops.slice(0, isTarget ? undefined : place)
  const service = isTarget && packet[9] === 17 ? network.udp : undefined
  if (hop?.silent || service?.answers === 'nothing') return
  const count = answered.get(ttl) ?? 0
  answered.set(ttl, count + 1)
  const jitterMs = passed.reduce((sum, { jitterMs = 0 }) => sum + jitterMs, 0)
  const wayMs = passed.reduce((sum, { delayMs = 0 }) => sum + delayMs, 0) + (count % 2) * jitterMs
  const delayMs = wayMs + (service?.delayMs ?? 0)
  const source = isTarget ? target : [10, 77, place, 1]
  const answers = isTarget
    ? [service === undefined ? targetAnswer(packet) : serviceAnswer(packet)]
    : [narrow < 0 ? expired(packet, hop) : tooBig(packet, hop)]
  const garbage = network.garbage === true ? broken(packet, isTarget) : []
  setTimeout(() => {
    for (const [protocol, payload] of [...garbage, ...answers]) {
      writeSync(device, ipPacket(source, packet.subarray(12, 16), protocol, payload))
    }
  }, delayMs)
}

function expired(packet: Buffer, { labels = [], shortQuote }: TunHop): [number, Buffer] {
  const quote = packet.subarray(0, 20 + (shortQuote ? 8 : packet.length))
  if (labels.length === 0) return [1, icmp(11, 0, quote)]
  const padded = Buffer.alloc(128)
  quote.copy(padded)
  const words = labels.map((label, index) => {
    const word = Buffer.alloc(4)
    word.writeUInt32BE(((label << 12) | (index === labels.length - 1 ? 256 : 0) | 1) >>> 0)
    return word
  })
  const extension = Buffer.concat([Buffer.from([0x20, 0, 0, 0, 0, 4 + labels.length * 4, 1, 1]), ...words])
  extension.writeUInt16BE(checksum(extension), 2)
  // RFC 4884 4.1: the length of the quoted packet in words of 32 bits.
  return [1, icmp(11, 0, Buffer.concat([padded, extension]), 32)]
}

function tooBig(packet: Buffer, { mtuBytes = 0, shortQuote }: TunHop): [number, Buffer] {
  return [1, icmp(3, 4, packet.subarray(0, 20 + (shortQuote ? 8 : 528)), 0, mtuBytes)]
}

function serviceAnswer(packet: Buffer): [number, Buffer] {
  const datagram = Buffer.from('\0\0\0\0\0\0\0\0answer')
  packet.copy(datagram, 0, 22, 24)
  packet.copy(datagram, 2, 20, 22)
  datagram.writeUInt16BE(datagram.length, 4)
  return [17, datagram]
}

function targetAnswer(packet: Buffer): [number, Buffer] {
  if (packet[9] === 1) {
    const reply = Buffer.from(packet.subarray(20))
    reply.writeUInt16BE(0, 0)
    reply.writeUInt16BE(0, 2)
    reply.writeUInt16BE(checksum(reply), 2)
    return [1, reply]
  }
  if (packet[9] === 17) return [1, icmp(3, 3, packet)]
  const segment = Buffer.alloc(20)
  packet.copy(segment, 0, 22, 24)
  packet.copy(segment, 2, 20, 22)
  segment.writeUInt32BE((packet.readUInt32BE(24) + 1) >>> 0, 8)
  segment.writeUInt8(5 << 4, 12)
  segment.writeUInt8(0x14, 13)
  segment.writeUInt16BE(
    checksum(segment, pseudoHeaderSum(packet.subarray(16, 20), packet.subarray(12, 16), 6, 20)),
    16,
  )
  return [6, segment]
}

/** Quotes that are cut, of nothing we sent, with lengths that lie. */
function broken(packet: Buffer, isTarget: boolean): [number, Buffer][] {
  const other = Buffer.from(packet)
  other.writeUInt16BE(9, 20)
  return [
    [1, icmp(11, 0, packet.subarray(0, 12))],
    [1, icmp(11, 0, packet.subarray(0, 24))],
    [1, icmp(11, 0, other)],
    // A true quote: of the target it would say that the packet expired there.
    [
      1,
      icmp(
        isTarget ? 5 : 11,
        0,
        Buffer.concat([packet, Buffer.from([0x2f, 255, 255, 255, 255, 255, 1, 1, 9])]),
        255,
      ),
    ],
    [1, Buffer.from([0, 0])],
    [6, Buffer.from([1, 2, 3])],
    [17, Buffer.alloc(4)],
  ]
}

function icmp(type: number, code: number, body: Buffer, words = 0, mtuBytes = 0): Buffer {
  const head = Buffer.from([type, code, 0, 0, 0, words, 0, 0])
  head.writeUInt16BE(mtuBytes, 6)
  const message = Buffer.concat([head, body])
  message.writeUInt16BE(checksum(message), 2)
  return message
}

function ipPacket(source: readonly number[], destination: Buffer, protocol: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt8(0x45, 0)
  header.writeUInt16BE(20 + payload.length, 2)
  header.writeUInt8(60, 8)
  header.writeUInt8(protocol, 9)
  Buffer.from(source).copy(header, 12)
  destination.copy(header, 16)
  header.writeUInt16BE(checksum(header), 10)
  return Buffer.concat([header, payload])
}
