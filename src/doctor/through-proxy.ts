import type { Socket } from 'node:net'
import type { ForwardProxy } from '../upstream/proxy-settings.ts'
import type { DnsStage } from './dns-stage.ts'
import type { TunnelFact } from './evidence.ts'
import { openConnection } from './probes/open-connection.ts'
import { enterTunnel, secureProxy } from './probes/open-tunnel.ts'
import type { Run } from './run.ts'

export interface Destination {
  readonly host: string
  readonly port: number
  /** https: a tunnel is asked for; else the proxy would get the request itself. */
  readonly secure: boolean
  readonly run: Run
  readonly dns: DnsStage
}

export interface Opening {
  readonly said: Omit<TunnelFact, 'probe' | 'proxy' | 'foundIn'>
  /** Leads to the destination, or for plain HTTP to the proxy; undefined unless the outcome is `open`. */
  readonly socket: Socket | undefined
  readonly tookMs: number
}

/** A connection to a destination by way of a proxy. Never throws. */
export async function openThrough(proxy: ForwardProxy, destination: Destination): Promise<Opening> {
  const { run, dns, host, port, secure } = destination
  const { limits, signal, options } = run
  const began = performance.now()
  const opening = (said: Opening['said'], socket?: Socket): Opening => ({
    said,
    socket,
    tookMs: performance.now() - began,
  })
  const [address] = await dns.resolve(proxy.host)
  if (address === undefined) return opening({ outcome: 'dead', reason: 'no address' })
  const opened = await openConnection({ address, port: proxy.port, timeoutMs: limits.connectMs, signal })
  if (opened.outcome !== 'open') return opening({ outcome: 'dead', reason: opened.outcome })
  const request = { socket: opened.socket, proxy, trust: options.trust, timeoutMs: limits.tlsMs }
  const plain = !secure && proxy.scheme !== 'socks5'
  const { said, socket } = plain
    ? proxy.scheme === 'https'
      ? await secureProxy(request)
      : { said: { outcome: 'open' as const }, socket: opened.socket }
    : await enterTunnel({ ...request, host, port })
  return opening({ ...said, connectMs: opened.tookMs }, socket)
}
