import type { AdminApi } from './admin-api.ts'
import { baseUrlFor } from './base-url.ts'
import type { Relay } from './relay.ts'

export interface HttpServerOptions {
  /** Port 0 takes a free one. An IPv6 host stands without brackets. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly relay: Relay
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
/** No request of these protocols has a body that we read. */
const MAX_REQUEST_BODY_BYTES = 64 * 1024

export interface HttpServer {
  /** `http://127.0.0.1:7678`, with the real port. */
  readonly url: string
  readonly pending: number
  /** Stops listening; resolves when running answers are finished, or at once with `force`. */
  stop(force: boolean): Promise<void>
}

/** Listens, and sends each request to its room. Throws ListenError when the address cannot be had. */
export function startHttpServer(options: HttpServerOptions): HttpServer {
  const { relay, admin } = options
  const { host, port } = options.listen

  const handle = (request: Request, server: Bun.Server<undefined>): Response | Promise<Response> => {
    const { url } = request
    const start = url.indexOf('/', 8)
    const query = url.indexOf('?', start)
    const path = query < 0 ? url.slice(start) : url.slice(start, query)
    const { method } = request
    const reads = method === 'GET' || method === 'HEAD'
    if (reads) {
      const relayed = relay.handle(request, path)
      // Waiting for an upstream is no idleness: such a request has limits of its own.
      if (relayed instanceof Promise) server.timeout(request, 0)
      if (relayed !== undefined) return relayed
    }
    if (path.startsWith('/api/')) {
      server.timeout(request, 0)
      return admin.handle(request, new URL(url), peerOf(request, server))
    }
    if (!reads) return text(405, `${method} is not served here; use GET or HEAD`, { allow: 'GET, HEAD' })
    switch (path) {
      case '/': {
        const isTrusted = admin.mayRead(request, peerOf(request, server))
        const { html, csp } = options.home(baseUrlFor(request.headers.get('host'), address), isTrusted)
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

  const serve = () =>
    Bun.serve({
      hostname: host,
      port,
      development: false,
      // Bun shares the port by default outside of development: two servers would take turns.
      reusePort: false,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: MAX_REQUEST_BODY_BYTES,
      fetch: handle,
      error(error) {
        options.crashed(error)
        return text(500, 'posthaste failed at this request; the reason stands in its log')
      },
    })
  let server: ReturnType<typeof serve>
  try {
    server = serve()
  } catch (error) {
    throw listenError(options.listen, error)
  }

  const address = `http://${reachable(host)}:${server.port}`
  return {
    url: address,
    get pending() {
      return server.pendingRequests
    },
    stop: (force) => server.stop(force),
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
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

function listenError(listen: HttpServerOptions['listen'], error: unknown): ListenError {
  const address = `${listen.host}:${listen.port}`
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EADDRINUSE') {
    return new ListenError(
      `the address ${address} is in use`,
      `is a Posthaste running already? else choose another with --listen, or 127.0.0.1:0 for a free port`,
      { cause: error },
    )
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new ListenError(
    `cannot listen on ${address}: ${reason}`,
    'give a host:port of this machine with --listen',
    { cause: error },
  )
}
