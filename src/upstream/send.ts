/** Passes a request on to a source as it is, and brings back the answer as it is. */

import { decodeBody } from './decode-body.ts'
import { asFailure, broken, named } from './failure.ts'
import type { HttpClient } from './http-client.ts'
import { isRead } from './http-request-text.ts'
import type { HttpResponse } from './http-response.ts'
import type { Source } from './source-list.ts'
import type { SendRequest, Sent } from './upstream.ts'

interface SenderOptions {
  readonly http: HttpClient
  /** The limit for the head of each source's answer. */
  readonly headMs: number
  readonly ownHeaders: (source: Source, url: URL) => Readonly<Record<string, string>>
}

/** A request's body that goes out slower than this would take a day for what anybody may publish. */
const SLOWEST_BYTES_PER_MS = 4

const NOT_PASSED_BACK = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'content-encoding',
  'set-cookie',
])

/** Failures before which nothing of a request can have reached anybody. */
const NOT_SENT: ReadonlySet<string> = new Set(['dns', 'connect', 'tls', 'proxy'])

export class Sender {
  readonly #options: SenderOptions

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** Asks the sources in order; goes on only where that can do no harm. Never rejects. */
  async send(sources: readonly Source[], request: SendRequest): Promise<Sent> {
    let last: Sent = { kind: 'off' }
    for (const source of sources) {
      last = await this.#ask(source, request)
      if (last.kind === 'answered' && !(isSafe(request) && isLack(last.status))) return last
      if (last.kind === 'failed' && !isSafe(request) && !NOT_SENT.has(last.failure.code)) return last
    }
    return last
  }

  async #ask(source: Source, request: SendRequest): Promise<Sent> {
    const url = addressIn(source, request.path)
    if (url === undefined) {
      return { kind: 'failed', failure: { code: 'malformed', message: `${source.id} has no such address` } }
    }
    const { authorization, ...headers } = request.headers
    const own = this.#options.ownHeaders(source, url)
    try {
      const response = await this.#options.http.get(
        {
          url,
          method: request.method,
          ...(request.body === undefined ? {} : { body: request.body }),
          mayRepeat: isSafe(request),
          ownHeaders: authorization === undefined ? own : { ...without(own), Authorization: authorization },
          headers: { 'Accept-Encoding': 'gzip', ...headers },
          // The body has a limit of its own, by progress.
          headMs: this.#options.headMs + (request.body?.byteLength ?? 0) / SLOWEST_BYTES_PER_MS,
        },
        request.signal,
      )
      return await wholeAnswer(source, response, request)
    } catch (error) {
      return { kind: 'failed', failure: named(asFailure(error, source.id), source) }
    }
  }
}

/** What a mirror answers that does not offer this at all, or not now: another may. */
function isLack(status: number): boolean {
  return status >= 500 || status === 404 || status === 405
}

function isSafe({ method, safe }: SendRequest): boolean {
  return safe || isRead(method)
}

/** A client's own credentials stand above ours: they are what it was told to show to this source. */
function without(own: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(own).filter(([name]) => name.toLowerCase() !== 'authorization'))
}

function addressIn(source: Source, path: string): URL | undefined {
  const base = URL.parse(`${source.url.replace(/\/+$/, '')}/`)
  const url = base === null ? null : URL.parse(`${base.href}${path}`)
  if (base === null || url === null) return undefined
  return url.origin === base.origin && url.pathname.startsWith(base.pathname) ? url : undefined
}

async function wholeAnswer(
  source: Source,
  response: HttpResponse,
  { method, maxBytes }: SendRequest,
): Promise<Sent> {
  const isEmpty = method === 'HEAD' || response.status === 204 || response.status === 304
  const announced = (response.headers.get('content-encoding') ?? 'identity').toLowerCase()
  const coding = isEmpty ? 'identity' : announced
  const body = coding === 'identity' ? response.body : decodeBody(response.body, coding, response.url.host)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) {
      body.discard()
      throw broken('too-large', `${source.id} sent more than the ${maxBytes} bytes allowed`)
    }
    chunks.push(chunk)
  }
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !NOT_PASSED_BACK.has(name)))
  return {
    kind: 'answered',
    status: response.status,
    headers,
    body: Buffer.concat(chunks, bytes),
    source: source.id,
  }
}
