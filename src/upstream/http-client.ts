/** HTTP/1.1 through pools, following redirects only where they may lead. */

import type { BlockList } from 'node:net'
import { type AddressClass, classOf, classOfHost, redirectMayReach, within } from './address.ts'
import { type AddressGuard, type Dialer, privateHint } from './dial.ts'
import { asUpstreamError, broken } from './failure.ts'
import { HeadPatience, type WhenAlive } from './head-patience.ts'
import { type Framing, framingOf } from './http-body.ts'
import { type ResponseHead, readHead } from './http-head.ts'
import { isRead, requestText } from './http-request-text.ts'
import { type HttpResponse, responseOf } from './http-response.ts'
import type { UpstreamLimits } from './limits.ts'
import { Pool } from './pool.ts'
import { proxyFor } from './proxy-settings.ts'
import { proxyRefusal } from './proxy-tunnel.ts'
import { UpstreamError } from './upstream.ts'

export interface GetRequest {
  readonly url: URL
  /** @default GET */
  readonly method?: string
  readonly body?: Uint8Array
  /** False: it goes out once, on a connection that has carried nothing yet. @default true */
  readonly mayRepeat?: boolean
  /** `url` was named by what a source of this class said: it may lead no further than a redirect from there. */
  readonly namedBy?: AddressClass
  /** Sent only to the origin that `url` names, never along a redirect to another. */
  readonly ownHeaders: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** From now until the head of the last answer, redirects included. */
  readonly headMs: number
  readonly alive?: WhenAlive
  /** Nobody waits for it until this fires. */
  readonly wanted?: AbortSignal | undefined
}

interface HttpClientOptions {
  readonly dialer: Dialer
  readonly limits: UpstreamLimits
  readonly env: Readonly<Record<string, string | undefined>>
  readonly allowPrivate: BlockList
  readonly allowPrivateHosts: ReadonlySet<string>
  /** Sent with every request. */
  readonly commonHeaders: Readonly<Record<string, string>>
}

/** Where a chain of redirects began; decides where it may go. */
interface Chain {
  readonly origin: string
  readonly first: AddressClass
}

const redirects = new Set([301, 302, 303, 307, 308])

export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #pools = new Map<string, Pool>()
  #closed = false

  constructor(options: HttpClientOptions) {
    this.#options = options
  }

  /**
   * The first answer that is no redirect. `signal` ends it at any time, the body too.
   * @throws UpstreamError, or `signal.reason` when that aborts before the answer
   */
  async get(request: GetRequest, signal: AbortSignal): Promise<HttpResponse> {
    const life = new AbortController()
    const forward = () => life.abort(signal.reason)
    if (signal.aborted) forward()
    signal.addEventListener('abort', forward)
    const late = (ms: number) => {
      life.abort(broken('timeout', `${request.url.host} did not answer within ${Math.round(ms)} ms`))
    }
    const patience = new HeadPatience(request.headMs, late, request.alive)
    const end = () => signal.removeEventListener('abort', forward)
    try {
      return await this.#follow(request, life.signal, patience, end)
    } catch (error) {
      end()
      if (signal.aborted) throw signal.reason
      throw asUpstreamError(error, request.url.host)
    } finally {
      patience.end()
    }
  }

  /** Opens connections to an origin before they are needed. */
  warmUp(url: URL, count: number): void {
    this.#poolFor(url, undefined).warmUp(count)
  }

  close(): void {
    this.#closed = true
    for (const pool of this.#pools.values()) pool.close()
    this.#pools.clear()
  }

  async #follow(
    request: GetRequest,
    life: AbortSignal,
    patience: HeadPatience,
    end: () => void,
  ): Promise<HttpResponse> {
    let { url } = request
    let chain: Chain | undefined = request.namedBy && { origin: '', first: request.namedBy }
    if (chain !== undefined) this.#checkTarget(url, chain)
    const method = request.method ?? 'GET'
    for (let hops = 0; ; hops++) {
      const proxy = proxyFor(url, this.#options.env)
      const pool = this.#poolFor(url, chain, proxy)
      const headers = {
        ...this.#options.commonHeaders,
        ...request.headers,
        ...(url.origin === request.url.origin ? request.ownHeaders : {}),
      }
      const { connection, head, leave } = await this.#exchange(
        pool,
        { text: requestText({ url, method, headers, body: request.body }, proxy), body: request.body },
        life,
        patience,
        { wanted: request.wanted, mayRepeat: request.mayRepeat ?? true },
      )
      if (head.status === 407 && proxy !== undefined) {
        leave(false)
        throw proxyRefusal(407, `the proxy ${proxy.host}:${proxy.port}`, proxy.foundIn)
      }
      const location = isRead(method) && redirects.has(head.status) ? head.headers.get('location') : undefined
      // What describes a body stands in the head of an answer to HEAD, but no body follows (RFC 9110 9.3.2).
      const framing: Framing = method === 'HEAD' ? { kind: 'none' } : this.#framing(head, url.host, leave)
      if (location === undefined) {
        const done = (reusable: boolean) => {
          leave(reusable)
          end()
        }
        return responseOf({ url, head, connection, framing, limits: this.#options.limits, done })
      }
      leave(
        head.keepAlive && (framing.kind === 'none' || (framing.kind === 'length' && framing.sizeBytes === 0)),
      )
      if (hops >= this.#options.limits.maxRedirects) {
        throw broken(
          'redirect',
          `${request.url.host} redirected more than ${hops} times, in the end to ${url.host}`,
        )
      }
      chain ??= {
        origin: url.origin,
        first: proxy ? classOfHost(url.hostname) : classOf(connection.remoteAddress),
      }
      url = this.#redirected(url, location, chain)
    }
  }

  #redirected(from: URL, location: string, chain: Chain): URL {
    const to = URL.parse(location, from.href)
    if (to === null || (to.protocol !== 'https:' && to.protocol !== 'http:')) {
      throw broken('redirect', `${from.host} redirected to something that is no web address`)
    }
    if (from.protocol === 'https:' && to.protocol === 'http:') {
      throw broken('redirect', `${from.host} redirected from https to plain http (${to.host})`)
    }
    to.username = ''
    to.password = ''
    to.hash = ''
    if (to.origin !== chain.origin) this.#checkTarget(to, chain)
    return to
  }

  /** @throws UpstreamError `redirect` for an address of a kind that this chain must not reach */
  #checkTarget({ hostname }: URL, chain: Chain): void {
    const target = classOfHost(hostname)
    if (target === 'public') return
    const refusal = this.#guard(chain, hostname)(hostname.replace(/^\[|\]$/g, ''), target)
    if (refusal !== undefined) throw broken('redirect', refusal, { hint: privateHint })
  }

  /** Judges the address that is really connected to, so that a name that changes its address does not help. */
  #guard(chain: Chain, hostname: string): (address: string, known?: AddressClass) => string | undefined {
    const { allowPrivate, allowPrivateHosts } = this.#options
    return (address, known) => {
      if (allowPrivateHosts.has(hostname) || within(allowPrivate, address)) return undefined
      const target = known ?? classOf(address)
      if (redirectMayReach(target, chain.first)) return undefined
      return chain.origin === ''
        ? `metadata leads to ${hostname} at ${address}, a ${target} address`
        : `${chain.origin} redirected to ${hostname} at ${address}, a ${target} address`
    }
  }

  async #exchange(
    pool: Pool,
    message: { readonly text: string; readonly body: Uint8Array | undefined },
    life: AbortSignal,
    patience: HeadPatience,
    { wanted, mayRepeat }: { readonly wanted: AbortSignal | undefined; readonly mayRepeat: boolean },
  ) {
    const { limits } = this.#options
    for (let fresh = !mayRepeat; ; fresh = true) {
      patience.queuedIn(pool)
      const connection = await pool.acquire(life, { fresh, wanted })
      patience.served()
      const reused = connection.uses++ > 0
      const receivedBefore = connection.receivedBytes
      const abort = () => connection.fail(asAborted(life.reason, connection.host))
      life.addEventListener('abort', abort)
      let isSent = true
      const leave = (reusable: boolean) => {
        life.removeEventListener('abort', abort)
        pool.release(connection, reusable && isSent)
      }
      const late = () =>
        broken(
          'timeout',
          `${connection.host} took the request but did not answer within ${limits.firstByteMs} ms`,
        )
      try {
        connection.write(message.text)
        if (message.body !== undefined) {
          const ms = limits.stallMs
          const stalled = () =>
            broken('stall', `${connection.host} took nothing more of the request for ${ms} ms`)
          isSent = await connection.upload(message.body, { ms, late: stalled })
        }
        const head = await readHead(connection, { ms: limits.firstByteMs, late }, limits)
        return { connection, head, leave }
      } catch (error) {
        leave(false)
        const stale = reused && connection.receivedBytes === receivedBefore
        if (!fresh && stale && error instanceof UpstreamError && error.failure.code === 'reset') continue
        throw error
      }
    }
  }

  #framing(head: ResponseHead, host: string, leave: (reusable: boolean) => void): Framing {
    try {
      return framingOf(head, host)
    } catch (error) {
      leave(false)
      throw error
    }
  }

  #poolFor(url: URL, chain: Chain | undefined, proxy = proxyFor(url, this.#options.env)): Pool {
    const via = proxy === undefined ? '' : `${proxy.scheme}://${proxy.host}:${proxy.port}`
    const key = `${url.origin} ${chain?.first ?? ''} ${via}`
    const known = this.#pools.get(key)
    if (known !== undefined) return known
    if (this.#closed) throw broken('aborted', 'this server is closing its connections to upstreams')
    if (this.#pools.size >= maxPools) this.#forgetUnusedPools()
    const guard: AddressGuard | undefined = chain && this.#guard(chain, url.hostname)
    const pool = new Pool({
      host: url.host,
      limits: this.#options.limits,
      dial: () => this.#options.dialer.dial({ url, proxy, guard }),
    })
    this.#pools.set(key, pool)
    return pool
  }

  #forgetUnusedPools(): void {
    for (const [key, { size }] of this.#pools) {
      if (size.open === 0 && size.waiting === 0 && size.dialing === 0) this.#pools.delete(key)
    }
  }
}

/** Redirects may name any number of hosts; pools without a connection are forgotten beyond this many. */
const maxPools = 256

function asAborted(reason: unknown, host: string): UpstreamError {
  if (reason instanceof UpstreamError) return reason
  return broken('aborted', `the answer of ${host} is no longer wanted`)
}
