import { dlopen, FFIType, type Pointer, ptr, read } from 'bun:ffi'

/** The few calls of the C library that sockets with a hop limit need. Each gives -1 and sets `errno()` when it fails. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number
  close(fd: number): number
  bind(fd: number, address: Uint8Array): number
  connect(fd: number, address: Uint8Array): number
  getsockname(fd: number, address: Uint8Array): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number
  getsockopt(fd: number, level: number, name: number): number | undefined
  send(fd: number, bytes: Uint8Array, flags: number): number
  /** Fills the buffers of `message`. */
  recvmsg(fd: number, message: MessageBuffers, flags: number): number
  /** Events by descriptor that are ready; waits at most `timeoutMs`. */
  poll(wanted: readonly PollWanted[], timeoutMs: number): ReadonlyMap<number, number>
  /** Milliseconds of CLOCK_REALTIME, the clock of the kernel's packet timestamps. */
  realtimeMs(): number
  errno(): number
}

export interface PollWanted {
  readonly fd: number
  readonly events: number
}

export type OpenedLibc =
  | { readonly ok: true; readonly libc: Libc }
  | { readonly ok: false; readonly reason: string }

const libraryNames = ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1', 'libc.so']

function load(name: string) {
  return dlopen(name, {
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    close: { args: ['i32'], returns: 'i32' },
    bind: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    connect: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    getsockname: { args: ['i32', 'ptr', 'ptr'], returns: 'i32' },
    setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
    getsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'ptr'], returns: 'i32' },
    send: { args: ['i32', 'ptr', 'u64', 'i32'], returns: FFIType.i64_fast },
    recvmsg: { args: ['i32', 'ptr', 'i32'], returns: FFIType.i64_fast },
    poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' },
    clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' },
    __errno_location: { args: [], returns: 'ptr' },
  }).symbols
}

/**
 * Opens the C library of a 64-bit little-endian Linux; the layouts below are those of its x86_64 and arm64 ABI.
 * Anywhere else it says why not.
 */
export function openLibc(platform: string = process.platform, arch: string = process.arch): OpenedLibc {
  if (platform !== 'linux') return { ok: false, reason: `no packet sockets on ${platform}` }
  if (arch !== 'x64' && arch !== 'arm64') return { ok: false, reason: `no packet sockets on ${arch}` }
  const reasons: string[] = []
  for (const name of libraryNames) {
    try {
      return { ok: true, libc: wrap(load(name)) }
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  return { ok: false, reason: `the C library cannot be opened: ${reasons[0]}` }
}

function wrap(c: ReturnType<typeof load>): Libc {
  const timespec = new BigInt64Array(2)
  const length = new Uint32Array(1)
  const option = new Int32Array(1)
  return {
    socket: c.socket,
    close: c.close,
    bind: (fd, address) => c.bind(fd, ptr(address), address.length),
    connect: (fd, address) => c.connect(fd, ptr(address), address.length),
    getsockname: (fd, address) => {
      length[0] = address.length
      return c.getsockname(fd, ptr(address), ptr(length))
    },
    setsockopt: (fd, level, name, value) => c.setsockopt(fd, level, name, ptr(value), value.length),
    getsockopt: (fd, level, name) => {
      length[0] = 4
      option[0] = 0
      return c.getsockopt(fd, level, name, ptr(option), ptr(length)) === 0 ? option[0] : undefined
    },
    send: (fd, bytes, flags) => Number(c.send(fd, ptr(bytes), bytes.length, flags)),
    recvmsg: (fd, message, flags) => {
      message.prepare()
      return Number(c.recvmsg(fd, message.header, flags))
    },
    poll: (wanted, timeoutMs) => {
      const view = new DataView(new ArrayBuffer(Math.max(8, wanted.length * 8)))
      for (const [index, { fd, events }] of wanted.entries()) {
        view.setInt32(index * 8, fd, true)
        view.setInt16(index * 8 + 4, events, true)
      }
      const ready = new Map<number, number>()
      if (c.poll(ptr(view.buffer), wanted.length, timeoutMs) <= 0) return ready
      for (const [index, { fd }] of wanted.entries()) {
        const events = view.getInt16(index * 8 + 6, true)
        if (events !== 0) ready.set(fd, events)
      }
      return ready
    },
    realtimeMs: () => {
      c.clock_gettime(0, ptr(timespec))
      return Number(timespec[0]) * 1000 + Number(timespec[1]) / 1e6
    },
    errno: () => {
      const place = c.__errno_location()
      return place === null ? 0 : read.i32(place, 0)
    },
  }
}

/** A `struct msghdr` with room for one packet, its source and its control messages. Used again and again. */
export class MessageBuffers {
  readonly name = new Uint8Array(28)
  readonly data = new Uint8Array(2048)
  readonly control = new Uint8Array(1024)
  readonly #header = new BigUint64Array(7)
  readonly #vector = new BigUint64Array(2)

  get header(): Pointer {
    return ptr(this.#header)
  }

  /** As received: the control messages that the kernel wrote. */
  get controlBytes(): Uint8Array {
    return this.control.subarray(0, Number(this.#header[5] ?? 0n))
  }

  prepare(): void {
    this.#vector[0] = BigInt(ptr(this.data))
    this.#vector[1] = BigInt(this.data.length)
    this.#header[0] = BigInt(ptr(this.name))
    this.#header[1] = BigInt(this.name.length)
    this.#header[2] = BigInt(ptr(this.#vector))
    this.#header[3] = 1n
    this.#header[4] = BigInt(ptr(this.control))
    this.#header[5] = BigInt(this.control.length)
    this.#header[6] = 0n
  }
}
