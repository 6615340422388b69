import { AnswerReader, requestFor, type Target, targetOf } from './answer-reader.ts'
import { quantile } from './statistics.ts'

export interface CrowdResult {
  readonly clients: number
  readonly equal: number
  readonly failures: readonly string[]
  /** To the last byte. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/** So many clients ask for one address at once, each on its own connection; every body is compared with `expected` as it comes. */
export async function crowd(
  address: string,
  clients: number,
  expected: Uint8Array,
  signal: AbortSignal,
): Promise<CrowdResult> {
  const target = targetOf(address)
  const times: number[] = []
  const failures: string[] = []
  const began = performance.now()
  const one = async () => {
    try {
      await readExpected(target, expected, signal)
      times.push(performance.now() - began)
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error))
    }
  }
  await Promise.all(Array.from({ length: clients }, one))
  return { clients, equal: times.length, failures, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) }
}

async function readExpected(target: Target, expected: Uint8Array, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let at = 0
  const reader = new AnswerReader((piece) => {
    if (reader.status !== 200) return
    if (Buffer.compare(piece, expected.subarray(at, at + piece.length)) !== 0) {
      reject(new Error(`wrong bytes after ${at}`))
    }
    at += piece.length
  })
  const socket = await Bun.connect({
    hostname: target.hostname,
    port: target.port,
    socket: {
      data(_, chunk) {
        reader.push(chunk)
        if (reader.status !== 0 && reader.status !== 200) reject(new Error(`status ${reader.status}`))
        if (reader.done && at !== expected.length)
          reject(new Error(`${at} instead of ${expected.length} bytes`))
        if (reader.done) resolve()
      },
      close: () => reject(new Error(`closed after ${at} of ${expected.length} bytes`)),
      error: (_, error) => reject(error),
    },
  })
  const abort = () => reject(new Error(`not done in time, after ${at} bytes`))
  signal.addEventListener('abort', abort, { once: true })
  try {
    socket.write(requestFor(target))
    await promise
  } finally {
    signal.removeEventListener('abort', abort)
    socket.terminate()
  }
}

export interface LatencyResult {
  readonly requests: number
  readonly failures: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface LatencyOptions {
  readonly durationMs: number
  /** Keep-alive connections, each with one request at a time. Default 4. */
  readonly connections?: number
  /** Pause after each answer, so that the load stays light. Default 2. */
  readonly pauseMs?: number
  /** Asked before `durationMs` begins and not counted: who has just started is slow itself. Default 0. */
  readonly warmUpMs?: number
}

/** The latency of answers that are at hand, over keep-alive connections, under light load. */
export async function measureLatency(address: string, options: LatencyOptions): Promise<LatencyResult> {
  const { durationMs, connections = 4, pauseMs = 2, warmUpMs = 0 } = options
  const target = targetOf(address)
  const request = requestFor(target)
  const from = performance.now() + warmUpMs
  const until = from + durationMs
  const times: number[] = []
  let failures = 0
  const one = async () => {
    using connection = await KeepAlive.open(target)
    while (performance.now() < until) {
      const began = performance.now()
      if (!(await connection.ask(request))) {
        failures++
        return
      }
      if (began >= from) times.push(performance.now() - began)
      await Bun.sleep(pauseMs)
    }
  }
  await Promise.all(Array.from({ length: connections }, one))
  return { requests: times.length, failures, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) }
}

/** Fetches every path once, so many at a time; gives how many were answered with 200. */
export async function fetchAll(base: string, paths: Iterable<string>, concurrency: number): Promise<number> {
  const target = targetOf(base)
  const queue = paths[Symbol.iterator]()
  let good = 0
  const one = async () => {
    using connection = await KeepAlive.open(target)
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const path = `${target.path.replace(/\/$/, '')}/${next.value}`
      if (await connection.ask(requestFor({ ...target, path }))) good++
    }
  }
  await Promise.all(Array.from({ length: concurrency }, one))
  return good
}

/** One connection that is asked again and again. */
class KeepAlive implements Disposable {
  #socket: Bun.Socket | undefined
  #pending: { resolve: (good: boolean) => void; reader: AnswerReader } | undefined
  #closed = false

  static async open(target: Target): Promise<KeepAlive> {
    const connection = new KeepAlive()
    connection.#socket = await Bun.connect({
      hostname: target.hostname,
      port: target.port,
      socket: {
        data: (_, chunk) => connection.#take(chunk),
        close: () => connection.#end(),
        error: () => connection.#end(),
      },
    })
    return connection
  }

  /** True when the answer was a 200 and came whole. */
  ask(request: Uint8Array): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#pending = { resolve, reader: new AnswerReader() }
      this.#socket?.write(request)
    })
  }

  #take(chunk: Buffer): void {
    const pending = this.#pending
    if (!pending) return
    pending.reader.push(chunk)
    if (!pending.reader.done) return
    this.#pending = undefined
    pending.resolve(pending.reader.status === 200)
  }

  #end(): void {
    this.#closed = true
    this.#pending?.resolve(false)
  }

  [Symbol.dispose](): void {
    this.#socket?.terminate()
  }
}

/** Fetches one address to its end; gives when the first byte of the body came, of `performance.now()`. */
export async function firstBodyByte(address: string, signal: AbortSignal): Promise<number> {
  const target = targetOf(address)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let firstAtMs = 0
  const reader = new AnswerReader(() => {
    firstAtMs ||= performance.now()
  })
  const incomplete = (why: string) =>
    reject(new Error(`${why} after ${reader.receivedBytes} bytes of ${address}`))
  const socket = await Bun.connect({
    hostname: target.hostname,
    port: target.port,
    socket: {
      data(_, chunk) {
        reader.push(chunk)
        if (reader.status !== 0 && reader.status !== 200) return reject(new Error(`status ${reader.status}`))
        if (reader.done) resolve(firstAtMs)
      },
      close: () => incomplete('closed'),
      error: (_, error) => reject(error),
    },
  })
  const abort = () => incomplete('not done in time')
  signal.addEventListener('abort', abort, { once: true })
  try {
    socket.write(requestFor(target))
    return await promise
  } finally {
    signal.removeEventListener('abort', abort)
    socket.terminate()
  }
}
