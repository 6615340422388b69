import { connect, type Socket } from 'node:net'
import { errorCode } from '../../upstream/failure.ts'
import type { ConnectOutcome } from '../evidence.ts'

export interface ConnectOptions {
  readonly address: string
  readonly port: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export type Opened =
  | { readonly outcome: 'open'; readonly socket: Socket; readonly tookMs: number }
  | { readonly outcome: Exclude<ConnectOutcome, 'open'>; readonly code: string; readonly tookMs: number }

const outcomes: Readonly<Record<string, Exclude<ConnectOutcome, 'open'>>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EHOSTUNREACH: 'host-unreachable',
  ENETUNREACH: 'net-unreachable',
  EADDRNOTAVAIL: 'net-unreachable',
  EACCES: 'host-unreachable',
  EPERM: 'host-unreachable',
  EINVAL: 'net-unreachable',
  ENOPROTOOPT: 'no-protocol',
  ETIMEDOUT: 'silent',
}

/** One TCP handshake with one address. The socket's errors are caught from here on. Never throws. */
export function openConnection({ address, port, timeoutMs, signal }: ConnectOptions): Promise<Opened> {
  const began = performance.now()
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, noDelay: true })
    const settle = (opened: Opened) => {
      clearTimeout(late)
      signal.removeEventListener('abort', stop)
      if (opened.outcome !== 'open') socket.destroy()
      resolve(opened)
    }
    const took = () => performance.now() - began
    const stop = () => settle({ outcome: 'silent', code: '', tookMs: took() })
    const late = setTimeout(stop, timeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    socket.on('error', (error) => {
      const code = errorCode(error)
      settle({ outcome: outcomes[code] ?? 'failed', code, tookMs: took() })
    })
    socket.once('connect', () => settle({ outcome: 'open', socket, tookMs: took() }))
  })
}
