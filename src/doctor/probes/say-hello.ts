import { randomBytes } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { errorCode } from '../../upstream/failure.ts'
import type { HelloFact } from '../evidence.ts'
import { clientHello, readFirstBytes } from './client-hello.ts'
import { printableLine } from './printable-line.ts'

type HelloSaid = Pick<HelloFact, 'outcome' | 'receivedBytes'> & {
  readonly alert?: number
  readonly firstLine?: string
  readonly tookMs: number
}

export interface HelloRequest {
  /** Connected and unread; it is closed afterwards. */
  readonly socket: Socket
  readonly name: string
  readonly unacceptable?: boolean
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

const enoughBytes = 7
const snippetBytes = 512

/** Sends a ClientHello and tells by the first bytes what came back. Never throws. */
export function sayHello({
  socket,
  name,
  unacceptable = false,
  timeoutMs,
  signal,
}: HelloRequest): Promise<HelloSaid> {
  const began = performance.now()
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    const settle = (outcome: HelloSaid['outcome'], more: Pick<HelloSaid, 'alert' | 'firstLine'> = {}) => {
      clearTimeout(late)
      signal.removeEventListener('abort', stop)
      socket.destroy()
      resolve({ outcome, receivedBytes: bytes.length, tookMs: performance.now() - began, ...more })
    }
    const judge = (final: boolean): boolean => {
      const first = readFirstBytes(bytes)
      switch (first.kind) {
        case 'server-hello':
          settle('server-hello')
          return true
        case 'alert':
          settle('alert', { alert: first.alert })
          return true
        case 'not-tls':
          if (!final && bytes.length < snippetBytes && !bytes.includes(10)) return false
          settle('not-tls', { firstLine: printableLine(bytes) })
          return true
        case 'incomplete':
          return false
      }
    }
    const stop = () => {
      if (!judge(true)) settle('silent')
    }
    const late = setTimeout(stop, timeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk.subarray(0, snippetBytes)])
      if (bytes.length >= enoughBytes) judge(false)
    })
    socket.on('error', (error) => {
      if (!judge(true))
        settle(errorCode(error) === 'ECONNRESET' || errorCode(error) === 'EPIPE' ? 'reset' : 'closed')
    })
    socket.on('end', () => {
      if (!judge(true)) settle('closed')
    })
    const serverName = isIP(name) === 0 ? name : undefined
    socket.write(clientHello({ serverName, random: randomBytes(96), unacceptable }))
  })
}
