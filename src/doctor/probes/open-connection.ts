import { connect, isIPv6, type Socket } from 'node:net'
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
      const tookMs = took()
      const code = errorCode(error)
      clearTimeout(late)
      if (code !== 'ECONNREFUSED') return settle({ outcome: outcomes[code] ?? 'failed', code, tookMs })
      void unreachableCode(address, port, timeoutMs).then((truth = code) =>
        settle({ outcome: outcomes[truth] ?? 'failed', code: truth, tookMs }),
      )
    })
    socket.once('connect', () => settle({ outcome: 'open', socket, tookMs: took() }))
  })
}

/**
 * Bun's node:net tells every ICMP refusal as ECONNREFUSED; its fetch keeps the system's own code. Undefined when that is
 * no other one. Nothing is sent: there is no connection that a request could take.
 */
async function unreachableCode(
  address: string,
  port: number,
  timeoutMs: number,
): Promise<string | undefined> {
  const host = isIPv6(address) ? `[${address}]` : address
  try {
    const answer = await fetch(`http://${host}:${port}/`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    await answer.body?.cancel()
    return undefined
  } catch (error) {
    const code = errorCode(error)
    return code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'ENOPROTOOPT' ? code : undefined
  }
}
