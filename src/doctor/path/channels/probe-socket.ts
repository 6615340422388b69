import { type ControlMessages, readControlMessages } from '../kernel/control-messages.ts'
import type { Libc, MessageBuffers } from '../kernel/libc.ts'
import {
  AF_INET,
  AF_INET6,
  errorName,
  IP_MTU_DISCOVER,
  IP_RECVERR,
  IP_RECVERR_RFC4884,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  IPV6_RECVERR,
  IPV6_RECVERR_RFC4884,
  IPV6_UNICAST_HOPS,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  PMTUDISC_PROBE,
  SO_ERROR,
  SO_TIMESTAMPNS,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from '../kernel/linux-constants.ts'
import { type Family, readSocketAddress, socketAddress } from '../kernel/socket-address.ts'
import type { Sent } from './channel.ts'

/** A system call that failed, with the system's name of the error. */
export class SocketError extends Error {
  readonly code: string

  constructor(call: string, code: string) {
    super(`${call}: ${code}`)
    this.code = code
  }
}

export interface SocketKind {
  readonly family: Family
  readonly type: number
  readonly protocol: number
}

/** A socket with a hop limit of its own that hears the ICMP errors to its packets (`IP_RECVERR`, ip(7)). */
export class ProbeSocket implements Disposable {
  readonly fd: number
  readonly #libc: Libc
  readonly #family: Family

  /** Throws SocketError where the system refuses. */
  constructor(libc: Libc, { family, type, protocol }: SocketKind) {
    this.#libc = libc
    this.#family = family
    const domain = family === 4 ? AF_INET : AF_INET6
    this.fd = libc.socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol)
    if (this.fd < 0) throw new SocketError('socket', errorName(libc.errno()))
    try {
      this.setInt('IP_RECVERR', ...this.#either([IP_RECVERR, IPV6_RECVERR]), 1)
      // Kernels before 5.9 lack it: then MPLS labels are found by their old place only.
      this.trySetInt(...this.#either([IP_RECVERR_RFC4884, IPV6_RECVERR_RFC4884]), 1)
      this.trySetInt(SOL_SOCKET, SO_TIMESTAMPNS, 1)
    } catch (error) {
      libc.close(this.fd)
      throw error
    }
  }

  setTtl(ttl: number): void {
    this.setInt('IP_TTL', ...this.#either([IP_TTL, IPV6_UNICAST_HOPS]), ttl)
  }

  forbidFragments(): void {
    this.setInt('IP_MTU_DISCOVER', ...this.#either([IP_MTU_DISCOVER, IPV6_MTU_DISCOVER]), PMTUDISC_PROBE)
  }

  bind(address: string, port: number): void {
    if (this.#libc.bind(this.fd, socketAddress(address, port)) < 0) this.#fail('bind')
  }

  /** For a datagram or raw socket: nothing but what comes from there is heard. */
  connect(address: string, port: number): void {
    if (this.#libc.connect(this.fd, socketAddress(address, port)) < 0) this.#fail('connect')
  }

  /** For a stream socket: starts connecting, and gives the error that comes at once. */
  startConnecting(address: string, port: number): string | undefined {
    if (this.#libc.connect(this.fd, socketAddress(address, port)) === 0) return undefined
    const error = errorName(this.#libc.errno())
    return error === 'EINPROGRESS' ? undefined : error
  }

  localAddress(): { readonly address: string; readonly port: number } {
    const bytes = new Uint8Array(28)
    if (this.#libc.getsockname(this.fd, bytes) < 0) this.#fail('getsockname')
    const local = readSocketAddress(bytes)
    if (local === undefined) throw new SocketError('getsockname', 'EAFNOSUPPORT')
    return local
  }

  /** The pending error, which is cleared. */
  takeError(): number {
    return this.#libc.getsockopt(this.fd, SOL_SOCKET, SO_ERROR) ?? 0
  }

  send(bytes: Uint8Array): Sent {
    let error = ''
    // An ICMP error to an earlier packet makes the next call fail once, though its packet could go.
    for (let attempt = 0; attempt < 4; attempt++) {
      this.takeError()
      const atMs = this.#libc.realtimeMs()
      if (this.#libc.send(this.fd, bytes, MSG_DONTWAIT) >= 0) return { ok: true, atMs }
      error = errorName(this.#libc.errno())
      if (!['EHOSTUNREACH', 'ECONNREFUSED', 'ENETUNREACH', 'EACCES'].includes(error)) break
    }
    return { ok: false, error }
  }

  /** One message of the error queue (or of the data), or undefined when there is none. The bytes are valid until the next call. */
  receive(
    from: 'errors' | 'data',
    buffers: MessageBuffers,
  ): { readonly bytes: Uint8Array; readonly control: ControlMessages } | undefined {
    const flags = MSG_DONTWAIT | (from === 'errors' ? MSG_ERRQUEUE : 0)
    const length = this.#libc.recvmsg(this.fd, buffers, flags)
    if (length < 0) return undefined
    return { bytes: buffers.data.subarray(0, length), control: readControlMessages(buffers.controlBytes) }
  }

  set(call: string, level: number, name: number, value: Uint8Array): void {
    if (this.#libc.setsockopt(this.fd, level, name, value) < 0) this.#fail(call)
  }

  setInt(call: string, level: number, name: number, value: number): void {
    this.set(call, level, name, intBytes(value))
  }

  trySetInt(level: number, name: number, value: number): boolean {
    return this.#libc.setsockopt(this.fd, level, name, intBytes(value)) === 0
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.fd)
  }

  #either([four, six]: readonly [number, number]): readonly [level: number, name: number] {
    return this.#family === 4 ? [IPPROTO_IP, four] : [IPPROTO_IPV6, six]
  }

  #fail(call: string): never {
    throw new SocketError(call, errorName(this.#libc.errno()))
  }
}

function intBytes(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer)
}
