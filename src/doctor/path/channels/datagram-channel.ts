import { randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { labelsOf } from '../kernel/control-messages.ts'
import { type Libc, MessageBuffers } from '../kernel/libc.ts'
import { POLLIN, SOCK_DGRAM } from '../kernel/linux-constants.ts'
import type { Family } from '../kernel/socket-address.ts'
import { icmpMeaning } from '../wire/icmp-meaning.ts'
import type { Answer, Channel, ChannelTarget, Probe, Sent } from './channel.ts'
import { ProbeSocket } from './probe-socket.ts'

const burst = 256
const stampLength = 8

interface Line {
  readonly socket: ProbeSocket
  /** Shared by every TTL of a flow: an answer that does not show its probe may be about any of them. */
  readonly shared: boolean
  /** The newest probe, for answers that do not show which one they are about. Only of use where one TTL has the line. */
  latest: number
  forbidsFragments: boolean
}

/**
 * UDP without privileges. The payload tells probes apart; a router that quotes only 8 bytes hides it from an ordinary
 * socket, and a service that answers quotes nothing. From the first such answer on, every TTL gets a socket (and so a
 * flow) of its own.
 */
export class DatagramChannel implements Channel {
  readonly #libc: Libc
  readonly #target: ChannelTarget
  readonly #family: Family
  readonly #cookie = randomBytes(4)
  readonly #lines = new Map<string, Line>()
  readonly #onTheirWay = new Set<number>()
  readonly #buffers = new MessageBuffers()
  #linePerTtl = false

  constructor(libc: Libc, target: ChannelTarget) {
    this.#libc = libc
    this.#target = target
    this.#family = isIPv6(target.address) ? 6 : 4
    // A machine without a route to the target is told at once.
    this.#line(0, '')
  }

  get keepsFlow(): boolean {
    return !this.#linePerTtl
  }

  send({ sequence, ttl, flow, sizeBytes }: Probe): Sent {
    const line = this.#line(flow, `${ttl} ${sizeBytes ?? ''}`)
    if (sizeBytes !== undefined && !line.forbidsFragments) {
      line.socket.forbidFragments()
      line.forbidsFragments = true
    }
    line.socket.setTtl(ttl)
    line.latest = sequence
    this.#onTheirWay.add(sequence)
    const headers = (this.#family === 4 ? 20 : 40) + 8
    const payload = new Uint8Array(sizeBytes === undefined ? 24 : Math.max(stampLength, sizeBytes - headers))
    payload.set(this.#cookie)
    new DataView(payload.buffer).setUint32(4, sequence)
    return line.socket.send(payload)
  }

  receive(waitMs: number): readonly Answer[] {
    const wanted = [...this.#lines.values()].map(({ socket }) => ({ fd: socket.fd, events: POLLIN }))
    const ready = this.#libc.poll(wanted, waitMs)
    const found: Answer[] = []
    for (const line of this.#lines.values()) {
      if (!ready.has(line.socket.fd)) continue
      line.socket.takeError()
      this.#readErrors(line, found)
      this.#readAnswers(line, found)
    }
    return found
  }

  forget(sequence: number): void {
    this.#onTheirWay.delete(sequence)
  }

  [Symbol.dispose](): void {
    for (const { socket } of this.#lines.values()) socket[Symbol.dispose]()
  }

  #line(flow: number, kind: string): Line {
    const key = this.#linePerTtl ? `${flow} ${kind}` : `${flow}`
    const known = this.#lines.get(key)
    if (known !== undefined) return known
    const socket = new ProbeSocket(this.#libc, { family: this.#family, type: SOCK_DGRAM, protocol: 0 })
    try {
      socket.connect(this.#target.address, this.#target.port)
    } catch (error) {
      socket[Symbol.dispose]()
      throw error
    }
    const line = { socket, shared: !this.#linePerTtl, latest: -1, forbidsFragments: false }
    this.#lines.set(key, line)
    return line
  }

  #readErrors(line: Line, found: Answer[]): void {
    for (let count = 0; count < burst; count++) {
      const message = line.socket.receive('errors', this.#buffers)
      if (message === undefined) return
      const { error, arrivedMs } = message.control
      if (error?.origin !== 'icmp' || error.offender === undefined) continue
      const sequence = this.#sequenceOf(message.bytes, line)
      if (sequence === undefined) continue
      const meaning = icmpMeaning(this.#family, error.type, error.code)
      found.push({
        sequence,
        atMs: arrivedMs ?? this.#libc.realtimeMs(),
        host: error.offender,
        meaning,
        labels: labelsOf(error, message.bytes, (this.#family === 4 ? 20 : 40) + 8),
        ...(meaning === 'too-big' ? { mtuBytes: error.info } : {}),
      })
    }
  }

  #readAnswers(line: Line, found: Answer[]): void {
    for (let count = 0; count < burst; count++) {
      const message = line.socket.receive('data', this.#buffers)
      if (message === undefined) return
      const sequence = this.#onlyOneOf(line)
      if (sequence === undefined) continue
      found.push({
        sequence,
        atMs: message.control.arrivedMs ?? this.#libc.realtimeMs(),
        host: this.#target.address,
        meaning: 'datagram',
        labels: [],
      })
    }
  }

  #sequenceOf(quote: Uint8Array, line: Line): number | undefined {
    if (quote.length >= stampLength) {
      if (!this.#cookie.every((byte, index) => quote[index] === byte)) return undefined
      const sequence = new DataView(quote.buffer, quote.byteOffset).getUint32(4)
      return this.#onTheirWay.has(sequence) ? sequence : undefined
    }
    return this.#onlyOneOf(line)
  }

  /** The probe that an answer must be about, by its line alone. */
  #onlyOneOf(line: Line): number | undefined {
    this.#linePerTtl = true
    if (line.shared) return undefined
    return this.#onTheirWay.has(line.latest) ? line.latest : undefined
  }
}
