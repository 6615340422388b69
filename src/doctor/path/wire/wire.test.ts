import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readControlMessages } from '../kernel/control-messages.ts'
import { addressBytes, formatAddress, readSocketAddress, socketAddress } from '../kernel/socket-address.ts'
import { checksum, onesSum, pseudoHeaderSum } from './checksum.ts'
import { buildEcho, readEcho } from './icmp-echo.ts'
import { readMplsLabels } from './icmp-extensions.ts'
import { icmpMeaning } from './icmp-meaning.ts'
import { readIpv4Packet } from './ipv4-packet.ts'
import { buildSyn, readQuotedSyn, readTcpAnswer } from './tcp-segment.ts'
import { buildDatagram, readDatagramHeader } from './udp-datagram.ts'

const here = Uint8Array.of(192, 0, 2, 1)
const there = Uint8Array.of(198, 51, 100, 7)

describe('what comes from outside', () => {
  const readers: Record<string, (bytes: Uint8Array) => unknown> = {
    'control messages': readControlMessages,
    'an IPv4 packet': readIpv4Packet,
    'an echo': (bytes) => [readEcho(4, bytes), readEcho(6, bytes)],
    'a TCP answer': readTcpAnswer,
    'a quoted SYN': readQuotedSyn,
    'a datagram': readDatagramHeader,
    'a socket address': readSocketAddress,
    'labels anywhere': (bytes) => [-1, 0, 4, 100, bytes.length].map((at) => readMplsLabels(bytes, at)),
  }
  test.each(Object.entries(readers))('%s of any bytes does no harm', (_, read) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(8), (bytes, start) => {
        // In the middle of a buffer, as they lie there in life.
        const buffer = new Uint8Array(bytes.length + start)
        buffer.set(bytes, start)
        read(buffer.subarray(start))
      }),
      { numRuns: 500 },
    )
  })

  test('labels of any structure are at most 16', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 400 }), (body) => {
        const bytes = Uint8Array.from([0x20, 0, 0, 0, ...body])
        expect(readMplsLabels(bytes, 0).length).toBeLessThanOrEqual(16)
      }),
      { numRuns: 500 },
    )
  })
})

describe('checksums', () => {
  test('the example of RFC 1071', () => {
    expect(onesSum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0xddf2)
  })

  test('built segments and datagrams are right', () => {
    const ports = { source: here, destination: there, sourcePort: 40_000, destinationPort: 443 }
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(600), (sequence, payloadLength) => {
        const syn = buildSyn({ ...ports, sequence })
        expect(checksum(syn, pseudoHeaderSum(here, there, 6, syn.length))).toBe(0)
        const datagram = buildDatagram({ ...ports, payloadLength })
        expect(checksum(datagram, pseudoHeaderSum(here, there, 17, datagram.length))).toBe(0)
        expect(readDatagramHeader(datagram)).toEqual({
          sourcePort: 40_000,
          destinationPort: 443,
          length: payloadLength + 8,
        })
      }),
    )
  })

  test('an echo keeps its checksum whatever its sequence is', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.nat(0xffff),
        fc.integer({ min: 1, max: 0xfffe }),
        fc.nat(200),
        (identifier, sequence, wanted, size) => {
          const bytes = buildEcho({ family: 4, identifier, sequence, sizeBytes: size, checksum: wanted })
          expect(checksum(bytes)).toBe(0)
          expect(new DataView(bytes.buffer).getUint16(2)).toBe(wanted)
          expect(readEcho(4, bytes)).toEqual({ kind: 'request', identifier, sequence })
        },
      ),
    )
  })
})

describe('MPLS labels', () => {
  const entry = ({ label, trafficClass, bottom, ttl }: ReturnType<typeof readMplsLabels>[number]) => {
    const word = ((label << 12) | (trafficClass << 9) | (bottom ? 256 : 0) | ttl) >>> 0
    return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]
  }
  const stack = [
    { label: 24_001, trafficClass: 3, bottom: false, ttl: 1 },
    { label: 1_048_575, trafficClass: 0, bottom: true, ttl: 255 },
  ]
  const structure = (sum: 'right' | 'none' | 'wrong') => {
    const bytes = Uint8Array.from([0x20, 0, 0, 0, 0, 12, 1, 1, ...stack.flatMap(entry)])
    const value = sum === 'none' ? 0 : checksum(bytes) ^ (sum === 'wrong' ? 1 : 0)
    new DataView(bytes.buffer).setUint16(2, value)
    return bytes
  }

  test('are read with a right checksum or none, not with a wrong one', () => {
    expect(readMplsLabels(structure('right'), 0)).toEqual(stack)
    expect(readMplsLabels(structure('none'), 0)).toEqual(stack)
    expect(readMplsLabels(structure('wrong'), 0)).toEqual([])
  })

  test('behind an object of another kind', () => {
    const bytes = Uint8Array.from([
      0x20,
      0,
      0,
      0,
      0,
      8,
      2,
      1,
      9,
      9,
      9,
      9,
      0,
      8,
      1,
      1,
      ...entry({ label: 16, trafficClass: 0, bottom: true, ttl: 9 }),
    ])
    expect(readMplsLabels(bytes, 0)).toMatchObject([{ label: 16, ttl: 9 }])
  })
})

describe('answers', () => {
  test('a SYN+ACK and a reset, but no other segment', () => {
    const segment = (flags: number) => {
      const bytes = buildSyn({
        source: there,
        destination: here,
        sourcePort: 443,
        destinationPort: 40_000,
        sequence: 5,
      })
      bytes[13] = flags
      new DataView(bytes.buffer).setUint32(8, 1234)
      return readTcpAnswer(bytes)
    }
    const common = { sourcePort: 443, destinationPort: 40_000, acknowledged: 1234 }
    expect(segment(0x12)).toEqual({ ...common, kind: 'syn-ack' })
    expect(segment(0x14)).toEqual({ ...common, kind: 'reset' })
    expect(segment(0x04)).toBeUndefined()
    expect(segment(0x10)).toBeUndefined()
  })

  test.each([
    [4, 11, 0, 'expired'],
    [4, 11, 1, 'other'],
    [4, 3, 0, 'net'],
    [4, 3, 1, 'host'],
    [4, 3, 3, 'port'],
    [4, 3, 4, 'too-big'],
    [4, 3, 13, 'prohibited'],
    [4, 3, 99, 'other'],
    [6, 3, 0, 'expired'],
    [6, 2, 0, 'too-big'],
    [6, 1, 0, 'net'],
    [6, 1, 1, 'prohibited'],
    [6, 1, 4, 'port'],
    [6, 1, 6, 'prohibited'],
    [6, 4, 1, 'protocol'],
  ] as const)('ICMP for IPv%d, type %d, code %d means %s', (family, type, code, meaning) => {
    expect(icmpMeaning(family, type, code)).toBe(meaning)
  })
})

describe('addresses', () => {
  test('are the same after a way through the kernel', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65_535), (address, port) => {
        const read = readSocketAddress(socketAddress(address, port))
        expect(read?.port).toBe(port)
        const given = addressBytes(address)
        expect(addressBytes(read?.address ?? '')).toEqual(
          given.slice(formatAddress(given).includes(':') ? 0 : -4),
        )
      }),
    )
  })

  test.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['1:2:3:4:5:6:0:8', '1:2:3:4:5:6:0:8'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
  ])('%s is written %s (RFC 5952)', (given, written) => {
    expect(formatAddress(addressBytes(given))).toBe(written)
  })
})
