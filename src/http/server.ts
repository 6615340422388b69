import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import type { AdminApi } from './admin-api.ts'
import { BaseUrls, isOfThisMachine } from './base-url.ts'
import type { Entrance } from './entrance.ts'
import { parseHost } from './loopback.ts'
import { pathStart } from './path-start.ts'
import type { Relay } from './relay.ts'

interface Address {
  readonly host: string
  readonly port: number
}

export interface HttpServerOptions {
  /** Port 0 takes a free one. An IPv6 host stands without brackets. */
  readonly listen: Address
  /** Further addresses, each of which one ecosystem has to itself. */
  readonly own?: readonly { readonly id: EcosystemId; readonly listen: Address }[]
  /** Host names (lower case) on `listen` that one ecosystem has to itself; they follow the settings. */
  readonly hosts?: () => ReadonlyMap<string, EcosystemId>
  /** The address under which clients reach `listen`, when that is not what their `Host` says. */
  readonly publicUrl?: () => string | undefined
  readonly relay: Pick<Relay, 'handle'>
  readonly admin: AdminApi
  /** False while the server is starting or stopping. */
  readonly ready: () => boolean
  readonly metrics: () => string
  /** What only those may see who may use the admin API is shown when `isTrusted`. */
  readonly home: (baseUrl: string, isTrusted: boolean) => { readonly html: string; readonly csp: string }
  /** A handler failed in a way that nobody expected. */
  readonly crashed: (error: Error) => void
}

export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly code = 'listen.failed'
  readonly hint: string
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/** For a connection on which nothing moves. */
const IDLE_TIMEOUT_SECONDS = 240
/** A published package, which is the largest body that is passed on; each route has a bound of its own. */
const MAX_REQUEST_BODY_BYTES = 512 * 1024 * 1024
/** Of a request that no registry takes. */
const MAX_OTHER_BODY_BYTES = 64 * 1024

export interface OwnDoor {
  readonly id: EcosystemId
  readonly url: string
  /** It listens on all addresses, so that whoever reaches the server by another name finds it there too. */
  readonly isEverywhere: boolean
}

export interface HttpServer {
  /** `http://127.0.0.1:7678`, with the real port. */
  readonly url: string
  /** The same of the addresses that one ecosystem has to itself. */
  readonly own: readonly OwnDoor[]
  readonly pending: number
  /** Stops listening; resolves when running answers are finished, or at once with `force`. */
  stop(force: boolean): Promise<void>
}

/** Listens, and sends each request to its room. Throws ListenError when the address cannot be had. */
export function startHttpServer(options: HttpServerOptions): HttpServer {
  const { relay, admin } = options
  const { hosts } = options

  const handle = (
    request: Request,
    server: Bun.Server<undefined>,
    door: Door,
  ): Response | Promise<Response> => {
    const { url } = request
    const start = pathStart(url)
    const query = url.indexOf('?', start)
    const path = query < 0 ? url.slice(start) : url.slice(start, query)
    const relayed = relay.handle(request, path, door.for(request))
    if (relayed !== undefined) {
      // Waiting for an upstream is no idleness: such a request has limits of its own.
      if (relayed instanceof Promise) server.timeout(request, 0)
      return relayed
    }
    if (Number(request.headers.get('content-length') ?? 0) > MAX_OTHER_BODY_BYTES) {
      return text(413, 'no request with such a large body is served here')
    }
    const { method } = request
    const reads = method === 'GET' || method === 'HEAD'
    if (path.startsWith('/api/')) {
      server.timeout(request, 0)
      return admin.handle(request, new URL(url.slice(start), 'http://localhost'), peerOf(request, server))
    }
    if (!reads) return text(405, `${method} is not served here; use GET or HEAD`, { allow: 'GET, HEAD' })
    switch (path) {
      case '/': {
        const isTrusted = admin.mayRead(request, peerOf(request, server))
        const { html, csp } = options.home(door.base(request), isTrusted)
        return new Response(html, {
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': csp,
            'cache-control': 'no-store',
            'x-content-type-options': 'nosniff',
          },
        })
      }
      case '/healthz':
        return text(200, 'ok')
      case '/readyz':
        return options.ready() ? text(200, 'ready') : text(503, 'not ready', { 'retry-after': '1' })
      case '/metrics':
        return new Response(options.metrics(), {
          headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
        })
      default:
        return text(404, `nothing is served at ${path}; the page at / names the addresses`)
    }
  }

  const isOwnName = (host: string) =>
    hosts?.().has(host) === true || URL.parse(options.publicUrl?.() ?? '')?.hostname === host

  const serve = ({ host, port }: Address, root: EcosystemId | undefined) => {
    const door = new Door(root, root === undefined ? hosts : undefined, options.publicUrl, isOwnName)
    const server = Bun.serve({
      hostname: host,
      port,
      development: false,
      // Bun shares the port by default outside of development: two servers would take turns.
      reusePort: false,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: MAX_REQUEST_BODY_BYTES,
      fetch: (request, serving) => handle(request, serving, door),
      error(error) {
        options.crashed(error)
        return text(500, 'posthaste failed at this request; the reason stands in its log')
      },
    })
    const url = `http://${reachable(host)}:${server.port}`
    door.opened(server, url)
    return { server, url }
  }

  const serving: { readonly server: Bun.Server<undefined>; readonly url: string }[] = []
  const listen = (address: Address, root: EcosystemId | undefined): string => {
    try {
      const started = serve(address, root)
      serving.push(started)
      return started.url
    } catch (error) {
      for (const { server } of serving) void server.stop(true)
      throw listenError(address, root, error)
    }
  }
  const url = listen(options.listen, undefined)
  const own = (options.own ?? []).map(({ id, listen: address }) => ({
    id,
    url: listen(address, id),
    isEverywhere: isWildcard(address.host),
  }))
  return {
    url,
    own,
    get pending() {
      return serving.reduce((sum, { server }) => sum + server.pendingRequests, 0)
    },
    async stop(force) {
      await Promise.all(serving.map(({ server }) => server.stop(force)))
    },
  }
}

/** One listening address, and the entrances that it has: its own, and one for each host name with a root. */
class Door implements Entrance {
  readonly root: EcosystemId | undefined
  readonly isOwnName: Entrance['isOwnName']
  readonly #hosts: (() => ReadonlyMap<string, EcosystemId>) | undefined
  readonly #publicUrl: (() => string | undefined) | undefined
  readonly #named = new Map<EcosystemId, Entrance>()
  #server: Bun.Server<undefined> | undefined
  #bases = new BaseUrls('')

  constructor(
    root: EcosystemId | undefined,
    hosts: (() => ReadonlyMap<string, EcosystemId>) | undefined,
    publicUrl: (() => string | undefined) | undefined,
    isOwnName: Entrance['isOwnName'],
  ) {
    this.root = root
    this.isOwnName = isOwnName
    this.#hosts = hosts
    this.#publicUrl = root === undefined ? publicUrl : undefined
  }

  opened(server: Bun.Server<undefined>, url: string): void {
    this.#server = server
    this.#bases = new BaseUrls(
      url,
      ({ name, port }) => (port ?? 80) === server.port && (isOfThisMachine(name) || this.isOwnName(name)),
    )
  }

  for(request: Request): Entrance {
    const hosts = this.#hosts?.()
    if (hosts === undefined || hosts.size === 0) return this
    const id = hosts.get(parseHost(request.headers.get('host') ?? '')?.name ?? '')
    if (id === undefined) return this
    let entrance = this.#named.get(id)
    if (entrance === undefined) {
      const base = (asking: Request) => this.#bases.of(asking.headers.get('host'))
      entrance = { root: id, peer: (asking) => this.peer(asking), isOwnName: this.isOwnName, base }
      this.#named.set(id, entrance)
    }
    return entrance
  }

  peer(request: Request): string {
    return this.#server === undefined ? '' : peerOf(request, this.#server)
  }

  base(request: Request): string {
    return this.#publicUrl?.() ?? this.#bases.of(request.headers.get('host'))
  }
}

function peerOf(request: Request, server: Bun.Server<undefined>): string {
  return server.requestIP(request)?.address ?? ''
}

function text(status: number, line: string, headers: Record<string, string> = {}): Response {
  return new Response(`${line}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
  })
}

/** A wildcard is no address to copy: this machine reaches the server by loopback. */
function reachable(host: string): string {
  return isWildcard(host) ? '127.0.0.1' : bracketed(host)
}

function listenError(listen: Address, id: EcosystemId | undefined, error: unknown): ListenError {
  const address = `${bracketed(listen.host)}:${listen.port}`
  const flag = id === undefined ? '--listen' : `--${id}-listen`
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const [message, hint] = whyNotListening(code, address, flag)
  const reason = error instanceof Error ? error.message : String(error)
  return new ListenError(message ?? `cannot listen on ${address}: ${reason}`, hint, { cause: error })
}

function whyNotListening(
  code: string,
  address: string,
  flag: string,
): [message: string | undefined, hint: string] {
  switch (code) {
    case 'EADDRINUSE':
      return [
        `the address ${address} is in use`,
        `is a Posthaste running already? else choose another with ${flag}, or 127.0.0.1:0 for a free port`,
      ]
    case 'EACCES':
      return [
        `cannot listen on ${address}: permission denied`,
        `ports below 1024 need a right of their own; choose a higher one with ${flag}`,
      ]
    case 'ENOENT':
      return [
        `cannot listen on ${address}: there is no such host`,
        `give an address of this machine with ${flag}, such as 127.0.0.1:7678`,
      ]
    case 'EADDRNOTAVAIL':
      return [
        `cannot listen on ${address}: this machine has no such address`,
        `give an address of this machine with ${flag}; 0.0.0.0 stands for all of them`,
      ]
    default:
      return [undefined, `give a host:port of this machine with ${flag}`]
  }
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
