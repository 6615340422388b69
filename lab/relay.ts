import net, { type AddressInfo, type Socket } from 'node:net'
import { parseArgs } from 'node:util'

export interface RelayOptions {
  /** Where to connect to, on loopback. */
  readonly toPort: number
  readonly port?: number
  /** Added in each direction; the round trip of the TCP handshake is added too. */
  readonly oneWayMs: number
  /** Per connection, from the far side to the client. Default: no limit. */
  readonly bytesPerSecond?: number
}

export interface Relay extends AsyncDisposable {
  readonly port: number
}

/** Beyond this a direction stops reading: more than a line of 1 Gbit/s at 200 ms holds. */
const MAX_IN_FLIGHT_BYTES = 32 * 1024 * 1024

/** A loopback TCP relay with the delay, and if asked the rate, of a far line. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>()
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: false }, (near) => {
    const far = net.connect({ port: options.toPort, host: '127.0.0.1', allowHalfOpen: true })
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', (hadError) => {
        sockets.delete(socket)
        if (hadError) other.destroy()
      })
    }
    // A loopback connect succeeds at once; on a far line the first byte leaves a round trip later.
    new DelayedPipe(near, far, options.oneWayMs, undefined, performance.now() + 2 * options.oneWayMs)
    new DelayedPipe(far, near, options.oneWayMs, options.bytesPerSecond, 0)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** One direction: every piece is handed on `delayMs` after it came, in order, no faster than the rate. */
class DelayedPipe {
  readonly #to: Socket
  readonly #from: Socket
  readonly #queue: { dueMs: number; bytes: Buffer | undefined }[] = []
  #queuedBytes = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #blocked = false
  #lineFreeAtMs: number

  constructor(
    from: Socket,
    to: Socket,
    delayMs: number,
    bytesPerSecond: number | undefined,
    opensAtMs: number,
  ) {
    this.#from = from
    this.#to = to
    this.#lineFreeAtMs = opensAtMs
    const push = (bytes: Buffer | undefined) => {
      const leavesAtMs = Math.max(performance.now(), this.#lineFreeAtMs)
      const takesMs = bytesPerSecond === undefined ? 0 : ((bytes?.length ?? 0) / bytesPerSecond) * 1000
      this.#lineFreeAtMs = leavesAtMs + takesMs
      this.#queue.push({ dueMs: this.#lineFreeAtMs + delayMs, bytes })
      this.#queuedBytes += bytes?.length ?? 0
      if (this.#queuedBytes > MAX_IN_FLIGHT_BYTES) from.pause()
      this.#pump()
    }
    from.on('data', push)
    from.on('end', () => push(undefined))
    to.on('close', () => clearTimeout(this.#timer))
    to.on('drain', () => {
      this.#blocked = false
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#timer !== undefined || this.#blocked) return
    for (let first = this.#queue[0]; first; first = this.#queue[0]) {
      const waitMs = first.dueMs - performance.now()
      if (waitMs > 0.5) {
        this.#timer = setTimeout(() => {
          this.#timer = undefined
          this.#pump()
        }, waitMs)
        return
      }
      this.#queue.shift()
      if (first.bytes === undefined) {
        this.#to.end()
        return
      }
      this.#queuedBytes -= first.bytes.length
      if (this.#queuedBytes < MAX_IN_FLIGHT_BYTES / 2) this.#from.resume()
      if (this.#to.destroyed) return
      if (!this.#to.write(first.bytes)) {
        this.#blocked = true
        return
      }
    }
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      to: { type: 'string' },
      listen: { type: 'string', default: '0' },
      'one-way-ms': { type: 'string', default: '100' },
      rate: { type: 'string' },
    },
  })
  if (values.to === undefined) {
    console.error(
      'usage: scripts/run lab/relay.ts --to PORT [--listen PORT] [--one-way-ms 100] [--rate BYTES_PER_SECOND]',
    )
    process.exit(64)
  }
  const relay = await startRelay({
    toPort: Number(values.to.split(':').at(-1)),
    port: Number(values.listen.split(':').at(-1)),
    oneWayMs: Number(values['one-way-ms']),
    ...(values.rate === undefined ? {} : { bytesPerSecond: Number(values.rate) }),
  })
  console.log(`relay ready on 127.0.0.1:${relay.port}`)
}
