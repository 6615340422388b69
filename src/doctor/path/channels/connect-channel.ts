import { isIPv6 } from 'node:net'
import { labelsOf } from '../kernel/control-messages.ts'
import { type Libc, MessageBuffers } from '../kernel/libc.ts'
import {
  errorName,
  IPPROTO_TCP,
  POLLOUT,
  SO_LINGER,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_SYNCNT,
} from '../kernel/linux-constants.ts'
import type { Family } from '../kernel/socket-address.ts'
import { icmpMeaning } from '../wire/icmp-meaning.ts'
import type { Answer, Channel, ChannelTarget, Probe, Sent } from './channel.ts'
import { ProbeSocket, SocketError } from './probe-socket.ts'

interface Attempt {
  readonly sequence: number
  readonly socket: ProbeSocket
}

/**
 * TCP without privileges: connections with a hop limit. Two that are open at once cannot share a source port, so each
 * TTL of a flow has its own port, the same in every round: rows are steady, but need not belong to one path.
 */
export class ConnectChannel implements Channel {
  readonly keepsFlow = false
  /** The kernel repeats a SYN after 1 s (RFC 6298 2.1). */
  readonly longestWaitMs = 950
  readonly #libc: Libc
  readonly #target: ChannelTarget
  readonly #family: Family
  readonly #attempts = new Map<number, Attempt>()
  readonly #ports = new Map<string, number>()
  readonly #buffers = new MessageBuffers()

  constructor(libc: Libc, target: ChannelTarget) {
    this.#libc = libc
    this.#target = target
    this.#family = isIPv6(target.address) ? 6 : 4
  }

  send({ sequence, ttl, flow }: Probe): Sent {
    const socket = this.#socket()
    try {
      socket.setTtl(ttl)
      socket.setInt('TCP_SYNCNT', IPPROTO_TCP, TCP_SYNCNT, 1)
      socket.setInt('SO_REUSEADDR', SOL_SOCKET, SO_REUSEADDR, 1)
      // Closing resets at once, which frees the port for the next round.
      socket.set('SO_LINGER', SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, 0).buffer))
      const atMs = this.#libc.realtimeMs()
      const error = this.#connect(socket, `${flow} ${ttl}`)
      if (error !== undefined) {
        socket[Symbol.dispose]()
        return { ok: false, error }
      }
      this.#attempts.set(sequence, { sequence, socket })
      return { ok: true, atMs }
    } catch (error) {
      socket[Symbol.dispose]()
      if (error instanceof SocketError) return { ok: false, error: error.code }
      throw error
    }
  }

  receive(waitMs: number): readonly Answer[] {
    const wanted = [...this.#attempts.values()].map(({ socket }) => ({ fd: socket.fd, events: POLLOUT }))
    const ready = this.#libc.poll(wanted, waitMs)
    const found: Answer[] = []
    for (const attempt of [...this.#attempts.values()]) {
      if (!ready.has(attempt.socket.fd)) continue
      const answer = this.#answerOf(attempt)
      if (answer !== undefined) found.push(answer)
      this.forget(attempt.sequence)
    }
    return found
  }

  forget(sequence: number): void {
    this.#attempts.get(sequence)?.socket[Symbol.dispose]()
    this.#attempts.delete(sequence)
  }

  [Symbol.dispose](): void {
    for (const sequence of [...this.#attempts.keys()]) this.forget(sequence)
  }

  #socket(): ProbeSocket {
    return new ProbeSocket(this.#libc, { family: this.#family, type: SOCK_STREAM, protocol: 0 })
  }

  #connect(socket: ProbeSocket, key: string): string | undefined {
    const { address, port } = this.#target
    const known = this.#ports.get(key)
    if (known !== undefined) {
      try {
        socket.bind(this.#family === 4 ? '0.0.0.0' : '::', known)
      } catch (error) {
        if (!(error instanceof SocketError)) throw error
        // Somebody else has the port by now: the flow moves.
        this.#ports.delete(key)
      }
    }
    const error = socket.startConnecting(address, port)
    if (error === undefined && !this.#ports.has(key)) this.#ports.set(key, socket.localAddress().port)
    return error
  }

  #answerOf({ sequence, socket }: Attempt): Answer | undefined {
    const message = socket.receive('errors', this.#buffers)
    const queued = message?.control.error
    if (message !== undefined && queued?.origin === 'icmp' && queued.offender !== undefined) {
      return {
        sequence,
        atMs: message.control.arrivedMs ?? this.#libc.realtimeMs(),
        host: queued.offender,
        meaning: icmpMeaning(this.#family, queued.type, queued.code),
        labels: labelsOf(queued, message.bytes, this.#family === 4 ? 20 : 40),
      }
    }
    const atMs = this.#libc.realtimeMs()
    const code = socket.takeError()
    if (code !== 0 && errorName(code) !== 'ECONNREFUSED') return undefined
    const meaning = code === 0 ? 'syn-ack' : 'reset'
    return { sequence, atMs, host: this.#target.address, meaning, labels: [] }
  }
}
