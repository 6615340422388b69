import { AnswerReader, requestFor, targetOf } from './answer-reader.ts'

export interface SlowReaders extends AsyncDisposable {
  /** Bytes that all of them have taken so far. */
  readonly receivedBytes: number
  /** Connections that ended before they were told to, or answered something other than 200. */
  readonly broken: number
}

/** Many connections that each take one body at a steady, slow rate, until disposed. */
export async function startSlowReaders(
  address: string,
  count: number,
  bytesPerSecond: number,
): Promise<SlowReaders> {
  const target = targetOf(address)
  let receivedBytes = 0
  let broken = 0
  let stopping = false
  const one = async () => {
    const began = performance.now()
    const reader = new AnswerReader()
    return await Bun.connect({
      hostname: target.hostname,
      port: target.port,
      socket: {
        data(socket, chunk) {
          const before = reader.receivedBytes
          reader.push(chunk)
          if (reader.status !== 0 && reader.status !== 200) broken++
          receivedBytes += reader.receivedBytes - before
          const aheadMs = (reader.receivedBytes / bytesPerSecond) * 1000 - (performance.now() - began)
          if (aheadMs <= 1) return
          socket.pause()
          setTimeout(() => {
            if (!stopping) socket.resume()
          }, aheadMs)
        },
        open(socket) {
          socket.write(requestFor(target))
        },
        close() {
          if (!stopping && !reader.done) broken++
        },
        error() {
          broken++
        },
      },
    })
  }
  const sockets = await Promise.all(Array.from({ length: count }, one))
  return {
    get receivedBytes() {
      return receivedBytes
    },
    get broken() {
      return broken
    },
    async [Symbol.asyncDispose]() {
      stopping = true
      for (const socket of sockets) socket.terminate()
    },
  }
}

if (import.meta.main) {
  const [address, count, bytesPerSecond] = process.argv.slice(2)
  if (address === undefined || count === undefined || bytesPerSecond === undefined) {
    console.error('usage: scripts/run lab/slow-readers.ts URL COUNT BYTES_PER_SECOND   (ends on SIGTERM)')
    process.exit(64)
  }
  const readers = await startSlowReaders(address, Number(count), Number(bytesPerSecond))
  process.once('SIGTERM', () => {
    console.log(JSON.stringify({ receivedBytes: readers.receivedBytes, broken: readers.broken }))
    process.exit(0)
  })
  console.log('slow readers ready')
}
