/** Opens one connection step by step, so that each step has its own time. */

import { isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import { asUpstreamError, broken } from '../upstream/failure.ts'
import type { Address, Network } from '../upstream/network.ts'
import { tlsFailure } from '../upstream/tls-trust.ts'
import type { Ipv6, Reach } from './measurement.ts'
import { withDeadline } from './with-deadline.ts'

export interface ReachOptions {
  readonly network: Network
  readonly trust: () => Promise<SecureContext>
  /** For each step. */
  readonly stepMs: number
  readonly signal: AbortSignal
}

/** @throws UpstreamError `dns`, `connect`, `timeout` or `tls`, or the signal's reason */
export async function reach(url: URL, options: ReachOptions): Promise<Reach> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'https:'
  const port = Number(url.port || (secure ? 443 : 80))
  const context = secure ? await options.trust() : undefined
  const dnsAt = performance.now()
  const addresses = await lookup(host, options)
  const dnsMs = performance.now() - dnsAt
  const { tcpMs, socket, ipv6 } = await connectBoth(addresses, port, url.host, options)
  try {
    if (context === undefined) return { dnsMs, tcpMs, tlsMs: undefined, httpVersion: 'http/1.1', ipv6 }
    const tlsAt = performance.now()
    const httpVersion = await handshake(socket, host, url.host, context, options)
    return { dnsMs, tcpMs, tlsMs: performance.now() - tlsAt, httpVersion, ipv6 }
  } finally {
    socket.destroy()
  }
}

async function lookup(host: string, { network, stepMs, signal }: ReachOptions): Promise<readonly Address[]> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family: family === 6 ? 6 : 4 }]
  const late = () => broken('dns', `the resolver did not answer for ${host} within ${stepMs} ms`)
  using deadline = withDeadline(signal, stepMs, late)
  const found = await settled(network.lookup(host), deadline.signal).catch((error: unknown) => {
    if (deadline.signal.aborted) throw deadline.signal.reason
    throw broken('dns', `no address for ${host}`, {}, error)
  })
  if (found.addresses.length === 0) throw broken('dns', `no address for ${host}`)
  return found.addresses
}

/** Tries the first address of each family, so that a broken IPv6 shows although IPv4 would hide it. */
async function connectBoth(
  addresses: readonly Address[],
  port: number,
  subject: string,
  options: ReachOptions,
): Promise<{ tcpMs: number; socket: Socket; ipv6: Ipv6 }> {
  const tries = ([6, 4] as const).flatMap((family) => {
    const address = addresses.find((candidate) => candidate.family === family)
    return address === undefined ? [] : [{ family, opening: open(address, port, subject, options) }]
  })
  const ends = await Promise.allSettled(tries.map(({ opening }) => opening))
  const opened = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
  const fastest = opened.toSorted((a, b) => a.tcpMs - b.tcpMs)[0]
  for (const { socket } of opened) if (socket !== fastest?.socket) socket.destroy()
  if (fastest === undefined) throw ends.find((end) => end.status === 'rejected')?.reason
  const sixth = tries.findIndex(({ family }) => family === 6)
  const ipv6 = sixth === -1 ? 'none' : ends[sixth]?.status === 'fulfilled' ? 'works' : 'broken'
  return { ...fastest, ipv6 }
}

async function open(
  address: Address,
  port: number,
  subject: string,
  options: ReachOptions,
): Promise<{ tcpMs: number; socket: Socket }> {
  const { network, stepMs, signal } = options
  const late = () =>
    broken('timeout', `${subject} (${address.address}) took no connection within ${stepMs} ms`)
  using deadline = withDeadline(signal, stepMs, late)
  const started = performance.now()
  const socket = network.connect(address, port)
  try {
    await settled(
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', reject)
      }),
      deadline.signal,
    )
    return { tcpMs: performance.now() - started, socket }
  } catch (error) {
    socket.on('error', () => socket.destroy())
    socket.destroy()
    throw asUpstreamError(error, subject)
  }
}

async function handshake(
  socket: Socket,
  host: string,
  subject: string,
  secureContext: SecureContext,
  { stepMs, signal }: ReachOptions,
): Promise<string> {
  const late = () => broken('tls', `${subject} did not finish the TLS handshake within ${stepMs} ms`)
  using deadline = withDeadline(signal, stepMs, late)
  const name = isIP(host) === 0 ? { servername: host } : { host }
  const secure = connectTls({ socket, secureContext, ALPNProtocols: ['h2', 'http/1.1'], ...name })
  try {
    await settled(
      new Promise<void>((resolve, reject) => {
        secure.once('secureConnect', resolve)
        secure.once('error', reject)
        secure.once('close', () => reject(undefined))
      }),
      deadline.signal,
    )
    return secure.alpnProtocol || 'http/1.1'
  } catch (error) {
    throw deadline.signal.aborted ? deadline.signal.reason : tlsFailure(error, subject)
  } finally {
    secure.on('error', () => secure.destroy())
    secure.destroy()
  }
}

/** The promise, or the signal's reason, whichever is first. */
function settled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
