import { isIPv6 } from 'node:net'
import { labelsOf } from '../kernel/control-messages.ts'
import { type Libc, MessageBuffers } from '../kernel/libc.ts'
import {
  ICMP_FILTER,
  ICMP6_FILTER,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  POLLIN,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_RAW,
} from '../kernel/linux-constants.ts'
import type { Family } from '../kernel/socket-address.ts'
import { icmpMeaning } from '../wire/icmp-meaning.ts'
import { readIpv4Packet } from '../wire/ipv4-packet.ts'
import type { Answer, Channel, ChannelTarget, Meaning, Probe, Sent } from './channel.ts'
import { icmpFormat } from './icmp-format.ts'
import type { PacketFormat } from './packet-format.ts'
import { ProbeSocket } from './probe-socket.ts'
import { tcpFormat, udpFormat } from './transport-formats.ts'

/** More packets than this are not read in one go, so that a flood cannot hold the tracer. */
const burst = 256

/**
 * Whole packets of one flow each: a raw socket (root, or CAP_NET_RAW), or for ICMP a ping socket
 * (`net.ipv4.ping_group_range`). Throws SocketError where the system refuses: `EPERM`, `EACCES`.
 */
export class PacketChannel implements Channel {
  readonly #libc: Libc
  readonly #socket: ProbeSocket
  readonly #format: PacketFormat
  readonly #target: ChannelTarget
  readonly #family: Family
  readonly #raw: boolean
  readonly #buffers = new MessageBuffers()
  #forbidsFragments = false
  /** By what a quoted packet shows of them. */
  readonly #onTheirWay = new Map<number, number>()

  constructor(libc: Libc, target: ChannelTarget, kind: 'raw' | 'ping') {
    this.#libc = libc
    this.#target = target
    this.#family = isIPv6(target.address) ? 6 : 4
    this.#raw = kind === 'raw'
    const protocol = protocolNumber(target.protocol, this.#family)
    this.#socket = new ProbeSocket(libc, {
      family: this.#family,
      type: this.#raw ? SOCK_RAW : SOCK_DGRAM,
      protocol,
    })
    try {
      if (target.protocol === 'icmp' && this.#raw) this.#passEchoRepliesOnly()
      this.#socket.connect(target.address, 0)
      const { address, port } = this.#socket.localAddress()
      const options = { libc, family: this.#family, local: address, target }
      this.#format =
        target.protocol === 'tcp'
          ? tcpFormat(options)
          : target.protocol === 'udp'
            ? udpFormat(options)
            : icmpFormat(this.#family, this.#raw ? undefined : port)
    } catch (error) {
      this.#socket[Symbol.dispose]()
      throw error
    }
  }

  get keepsFlow(): boolean {
    return this.#format.keepsFlow
  }

  send(probe: Probe): Sent {
    if (probe.sizeBytes !== undefined && !this.#forbidsFragments) {
      this.#socket.forbidFragments()
      this.#forbidsFragments = true
    }
    this.#socket.setTtl(probe.ttl)
    const { bytes, mark } = this.#format.build(probe)
    this.#onTheirWay.set(mark, probe.sequence)
    return this.#socket.send(bytes)
  }

  receive(waitMs: number): readonly Answer[] {
    if (this.#libc.poll([{ fd: this.#socket.fd, events: POLLIN }], waitMs).size === 0) return []
    this.#socket.takeError()
    return [...this.#errors(), ...this.#answers()]
  }

  forget(sequence: number): void {
    for (const [mark, one] of this.#onTheirWay) if (one === sequence) this.#onTheirWay.delete(mark)
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]()
    this.#format[Symbol.dispose]()
  }

  #errors(): Answer[] {
    const found: Answer[] = []
    for (let count = 0; count < burst; count++) {
      const message = this.#socket.receive('errors', this.#buffers)
      if (message === undefined) break
      const { error, arrivedMs } = message.control
      const sequence = this.#sequenceOf(this.#format.readQuote(message.bytes))
      if (error?.origin !== 'icmp' || error.offender === undefined || sequence === undefined) continue
      const meaning = icmpMeaning(this.#family, error.type, error.code)
      found.push({
        sequence,
        atMs: arrivedMs ?? this.#libc.realtimeMs(),
        host: error.offender,
        meaning,
        labels: labelsOf(error, message.bytes, this.#family === 4 ? 20 : 40),
        ...(meaning === 'too-big' ? { mtuBytes: error.info } : {}),
      })
    }
    return found
  }

  #answers(): Answer[] {
    const found: Answer[] = []
    for (let count = 0; count < burst; count++) {
      const message = this.#socket.receive('data', this.#buffers)
      if (message === undefined) break
      // Only a raw IPv4 socket gives the IP header along (raw(7)).
      const payload = this.#raw && this.#family === 4 ? readIpv4Packet(message.bytes)?.payload : message.bytes
      const read = payload && this.#format.readAnswer(payload)
      const sequence = this.#sequenceOf(read?.mark)
      if (read === undefined || sequence === undefined) continue
      found.push(this.#answer(sequence, message.control.arrivedMs, read.meaning))
    }
    return found
  }

  #answer(sequence: number, arrivedMs: number | undefined, meaning: Meaning): Answer {
    const atMs = arrivedMs ?? this.#libc.realtimeMs()
    return { sequence, atMs, host: this.#target.address, meaning, labels: [] }
  }

  #sequenceOf(mark: number | undefined): number | undefined {
    return mark === undefined ? undefined : this.#onTheirWay.get(mark)
  }

  #passEchoRepliesOnly(): void {
    // A set bit blocks a type, in both filters (icmp(7), RFC 3542 3.2 as Linux has it).
    if (this.#family === 4) {
      this.#socket.setInt('ICMP_FILTER', SOL_RAW, ICMP_FILTER, ~1)
      return
    }
    const blocked = new Uint8Array(32).fill(0xff)
    blocked[16] = 0xff & ~(1 << 1)
    this.#socket.set('ICMP6_FILTER', IPPROTO_ICMPV6, ICMP6_FILTER, blocked)
  }
}

function protocolNumber(protocol: ChannelTarget['protocol'], family: Family): number {
  if (protocol === 'tcp') return 6
  if (protocol === 'udp') return 17
  return family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6
}
