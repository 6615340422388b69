/** Opens connections: addresses raced, proxies spoken to, TLS verified. */

import { isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import { Connection } from './connection.ts'
import { asUpstreamError, broken } from './failure.ts'
import type { UpstreamLimits } from './limits.ts'
import type { NameCache } from './name-cache.ts'
import type { Network } from './network.ts'
import type { ForwardProxy } from './proxy-settings.ts'
import { openTunnel } from './proxy-tunnel.ts'
import { raceAddresses } from './race-addresses.ts'
import { tlsFailure } from './tls-trust.ts'
import type { UpstreamError } from './upstream.ts'

/** Says why an address must not be used, or nothing. */
export type AddressGuard = (address: string) => string | undefined

export interface DialTarget {
  /** `http:` or `https:`, a host and a port; the rest is not looked at. */
  readonly url: URL
  readonly proxy: ForwardProxy | undefined
  /** Asked for the address that is really connected to; through a proxy that is the proxy's business. */
  readonly guard: AddressGuard | undefined
}

/** What to do about an address that a guard refused. */
export const privateHint = 'If that is meant, name the address in upstream.allowPrivate.'

interface DialerOptions {
  readonly network: Network
  readonly names: NameCache
  readonly limits: UpstreamLimits
  readonly trust: () => Promise<SecureContext>
}

export class Dialer {
  readonly #options: DialerOptions
  readonly #sessions = new Map<string, Buffer>()
  #secureContext: SecureContext | undefined

  constructor(options: DialerOptions) {
    this.#options = options
  }

  /** @throws UpstreamError `dns`, `connect`, `proxy`, `tls` or `redirect` (a guarded address) */
  async dial(target: DialTarget): Promise<Connection> {
    const { url, proxy } = target
    // Loaded before there is a socket: bytes that arrive between connecting and the handshake would be lost to TLS.
    if (url.protocol === 'https:' || proxy?.scheme === 'https')
      this.#secureContext ??= await this.#options.trust()
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = portOf(url)
    if (proxy === undefined) {
      const { socket, address } = await this.#tcp(host, port, target.guard, url.host)
      const secure = url.protocol === 'https:' ? await this.#secure(socket, host, url.host) : socket
      return new Connection(secure, url.host, address)
    }
    const subject = `the proxy ${proxy.host}:${proxy.port}`
    const { socket, address } = await this.#toProxy(proxy, subject)
    const toProxy = new Connection(socket, subject, address)
    if (url.protocol === 'http:' && proxy.scheme !== 'socks5') return toProxy
    try {
      await openTunnel(toProxy, proxy, { host, port }, this.#options.limits)
    } catch (error) {
      toProxy.destroy()
      throw error
    }
    const raw = toProxy.release()
    const secure = url.protocol === 'https:' ? await this.#secure(raw, host, url.host) : raw
    return new Connection(secure, url.host, address)
  }

  async #toProxy(proxy: ForwardProxy, subject: string) {
    try {
      const { socket, address } = await this.#tcp(proxy.host, proxy.port, undefined, subject)
      if (proxy.scheme !== 'https') return { socket, address }
      return { socket: await this.#secure(socket, proxy.host, subject), address }
    } catch (error) {
      const { failure } = asUpstreamError(error, subject)
      throw broken('proxy', `${failure.message} (set in ${proxy.foundIn})`, {
        hint: `Check the proxy, or unset ${proxy.foundIn}, or name this host in NO_PROXY.`,
      })
    }
  }

  async #tcp(host: string, port: number, guard: AddressGuard | undefined, subject: string) {
    const { names, network, limits } = this.#options
    const found = await names.resolve(host)
    const refusals = found.map(({ address }) => guard?.(address))
    const allowed = found.filter((_, index) => refusals[index] === undefined)
    if (allowed.length === 0)
      throw broken('redirect', refusals.find((text) => text !== undefined) ?? `no address for ${host}`, {
        hint: privateHint,
      })
    const { socket, address } = await raceAddresses({ addresses: allowed, port, network, limits, subject })
    names.prefer(host, address)
    const real = socket.remoteAddress ?? address.address
    const refusal = guard?.(real)
    if (refusal !== undefined) {
      socket.destroy()
      throw broken('redirect', refusal, { hint: privateHint })
    }
    return { socket, address: real }
  }

  #secure(socket: Socket, host: string, subject: string): Promise<Socket> {
    const { limits } = this.#options
    const secureContext = this.#secureContext
    return new Promise<Socket>((resolve, reject) => {
      const give = (error: UpstreamError) => {
        clearTimeout(timer)
        socket.destroy()
        reject(error)
      }
      const timer = setTimeout(
        () => give(broken('tls', `${subject} did not finish the TLS handshake in ${limits.handshakeMs} ms`)),
        limits.handshakeMs,
      )
      const session = this.#sessions.get(subject)
      const secure = connectTls({
        socket,
        ...(secureContext === undefined ? {} : { secureContext }),
        ALPNProtocols: ['http/1.1'],
        ...(isIP(host) === 0 ? { servername: host } : { host }),
        ...(session === undefined ? {} : { session }),
      })
      secure.on('session', (ticket: Buffer) => this.#keepSession(subject, ticket))
      const failed = (error: unknown) => {
        this.#sessions.delete(subject)
        give(tlsFailure(error, subject))
      }
      const closed = () => failed(undefined)
      secure.on('error', failed)
      secure.on('close', closed)
      secure.once('secureConnect', () => {
        clearTimeout(timer)
        secure.off('error', failed)
        secure.off('close', closed)
        resolve(secure)
      })
    })
  }

  #keepSession(subject: string, ticket: Buffer): void {
    if (this.#sessions.size >= maxSessions) this.#sessions.clear()
    this.#sessions.set(subject, ticket)
  }
}

const maxSessions = 256

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}
