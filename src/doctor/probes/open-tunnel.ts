import type { Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import { Connection } from '../../upstream/connection.ts'
import { errorCode } from '../../upstream/failure.ts'
import { defaultLimits } from '../../upstream/limits.ts'
import type { ForwardProxy } from '../../upstream/proxy-settings.ts'
import { openTunnel, proxyAuthorization } from '../../upstream/proxy-tunnel.ts'
import { UpstreamError } from '../../upstream/upstream.ts'
import type { TunnelFact } from '../evidence.ts'
import { readHead } from './http-answer.ts'
import { printableLine } from './printable-line.ts'

type TunnelSaid = Pick<TunnelFact, 'outcome'> & Partial<Pick<TunnelFact, 'status' | 'schemes' | 'reason'>>

export interface TunnelRequest {
  /** Connected to the proxy. */
  readonly socket: Socket
  readonly proxy: ForwardProxy
  readonly host: string
  readonly port: number
  readonly trust: SecureContext
  readonly timeoutMs: number
}

export interface Tunnel {
  readonly said: TunnelSaid
  /** Leads to the target; undefined unless the outcome is `open`. */
  readonly socket: Socket | undefined
}

/** Makes a proxy connect to a target (RFC 9110 9.3.6; RFC 1928). Never throws. */
export async function enterTunnel(request: TunnelRequest): Promise<Tunnel> {
  const { proxy } = request
  if (proxy.scheme === 'socks5') return socks(request)
  if (proxy.scheme === 'http') return connectMethod(request, request.socket)
  const secured = await secure(request)
  return 'said' in secured ? secured : connectMethod(request, secured.socket)
}

/** TLS to the proxy itself, for an https proxy. Never throws. */
export async function secureProxy(request: Omit<TunnelRequest, 'host' | 'port'>): Promise<Tunnel> {
  const secured = await secure(request)
  return 'said' in secured ? secured : { said: { outcome: 'open' }, socket: secured.socket }
}

function connectMethod({ proxy, host, port, timeoutMs }: TunnelRequest, socket: Socket): Promise<Tunnel> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const credentials = proxyAuthorization(proxy)
  return new Promise((resolve) => {
    let raw = Buffer.alloc(0)
    const settle = (said: TunnelSaid) => {
      clearTimeout(late)
      for (const event of ['data', 'error', 'end', 'close']) socket.removeAllListeners(event)
      socket.on('error', () => socket.destroy())
      // Not paused: whoever tunnels TLS or HTTP speaks first, so that nothing can be lost meanwhile.
      if (said.outcome === 'open') return resolve({ said, socket })
      socket.destroy()
      resolve({ said, socket: undefined })
    }
    const late = setTimeout(() => settle({ outcome: 'silent' }), timeoutMs)
    socket.on('error', (error) => settle({ outcome: 'reset', reason: errorCode(error) }))
    socket.on('end', () => settle({ outcome: 'not-proxy', reason: printableLine(raw) }))
    socket.on('close', () => settle({ outcome: 'reset' }))
    socket.on('data', (chunk: Buffer) => {
      raw = Buffer.concat([raw, chunk])
      const read = readHead(raw)
      if (read === undefined && raw.length < 65_536) return
      if (read === undefined || read === 'not-http')
        return settle({ outcome: 'not-proxy', reason: printableLine(raw) })
      const { status, headers } = read.head
      if (status >= 200 && status < 300) {
        return settle({ outcome: 'open', status })
      }
      const schemes = (headers.get('proxy-authenticate') ?? '')
        .split(',')
        .flatMap((part) => part.trim().split(/\s/, 1))
      settle(
        status === 407
          ? { outcome: 'auth', status, schemes: schemes.filter((scheme) => /^[A-Za-z]+$/.test(scheme)) }
          : status === 400 || status === 405 || status === 404 || status === 501
            ? { outcome: 'not-proxy', status, reason: printableLine(raw) }
            : { outcome: 'denied', status, reason: printableLine(raw) },
      )
    })
    socket.write(
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials === undefined ? '' : `Proxy-Authorization: ${credentials}\r\n`}\r\n`,
    )
  })
}

function secure({
  socket,
  proxy,
  trust,
  timeoutMs,
}: Omit<TunnelRequest, 'host' | 'port'>): Promise<{ socket: Socket } | Tunnel> {
  return new Promise((resolve) => {
    const fail = (said: TunnelSaid) => {
      clearTimeout(late)
      socket.destroy()
      resolve({ said, socket: undefined })
    }
    const late = setTimeout(() => fail({ outcome: 'bad-tls', reason: 'no answer' }), timeoutMs)
    const tls = connectTls({ socket, secureContext: trust, servername: proxy.host })
    tls.on('error', (error) => fail({ outcome: 'bad-tls', reason: errorCode(error) || error.message }))
    tls.on('close', () => fail({ outcome: 'bad-tls', reason: 'closed' }))
    tls.once('secureConnect', () => {
      clearTimeout(late)
      tls.removeAllListeners('error')
      tls.removeAllListeners('close')
      tls.on('error', () => tls.destroy())
      resolve({ socket: tls })
    })
  })
}

async function socks({ socket, proxy, host, port, timeoutMs }: TunnelRequest): Promise<Tunnel> {
  const connection = new Connection(socket, `${proxy.host}:${proxy.port}`, proxy.host)
  try {
    await openTunnel(connection, proxy, { host, port }, { ...defaultLimits, handshakeMs: timeoutMs })
    return { said: { outcome: 'open' }, socket: connection.release() }
  } catch (error) {
    connection.destroy()
    if (!(error instanceof UpstreamError)) throw error
    const { status, message } = error.failure
    const outcome = status === 407 ? 'auth' : /did not answer/.test(message) ? 'silent' : 'denied'
    return {
      said: { outcome, reason: message, ...(status === undefined ? {} : { status }) },
      socket: undefined,
    }
  }
}
