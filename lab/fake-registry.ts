import type { Socket } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import { FaultPlan, type FaultRule } from './faults.ts'
import { answer, type Sent } from './faulty-answer.ts'
import { head, type RawRequest, send } from './raw-http.ts'
import { startRawServer } from './raw-server.ts'
import { servedBytes } from './served-files.ts'

/** A request as a site sees it. */
export interface RegistryRequest {
  readonly method: string
  /** Decoded, without its leading slash and its query: `@corp/a`. */
  readonly path: string
  readonly query: URLSearchParams
  /** A request header by its name in lower case. */
  readonly header: (name: string) => string | undefined
  readonly body: Uint8Array
}

export interface RegistryAnswer {
  /** Default 200. */
  readonly status?: number
  readonly mediaType: string
  readonly bytes: Uint8Array
  /** What never changes under its address: it is served with ranges and never compressed. */
  readonly immutable?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** What a host says; undefined is a 404. */
export type RegistrySite = (request: RegistryRequest) => RegistryAnswer | undefined

export interface LoggedRequest {
  readonly method: string
  readonly path: string
  /** Method, target, headers and unpacked body: to look for what must never leave. */
  readonly raw: string
  readonly status: number
  readonly immutable: boolean
}

/** A registry's host on loopback that can be told to misbehave. */
export interface FakeRegistry extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Disposing takes the rule away again. Patterns are over decoded paths without their leading slash. */
  inject(rule: FaultRule): Disposable
  clearFaults(): void
  /** Every request since the start or `resetLog`, in the order of their answers' ends. */
  log(): readonly LoggedRequest[]
  resetLog(): void
  /** How often a path was asked for. */
  requestsOf(path: string): number
  /** Paths of immutable things that were asked for, one entry for each request. */
  immutableRequests(): string[]
  /** Closes the port: from now on connections are refused. */
  stop(): Promise<void>
}

export interface FakeRegistryOptions {
  /** Called once with the address it is served under. */
  readonly site: (url: string) => RegistrySite
  /** Default: a free one. */
  readonly port?: number
}

/** Serves a site with content-hash ETags, 304, gzip for what changes and ranges for what does not. */
export async function startFakeRegistry(options: FakeRegistryOptions): Promise<FakeRegistry> {
  const plan = new FaultPlan()
  let log: LoggedRequest[] = []
  let site: RegistrySite = () => undefined

  async function serve(socket: Socket, raw: RawRequest): Promise<void> {
    const request = parse(raw)
    const fault = plan.take(request.path)
    const said = site(request)
    const sent: Sent = { status: 0, bodyBytes: 0, firstBodyByteAtMs: undefined }
    try {
      const plainly = fault === undefined || fault.kind === 'delay'
      if (plainly && said !== undefined && !said.immutable) {
        if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
        await reply(socket, request, said, sent)
      } else {
        const file = said && { ...servedBytes(request.path, said.bytes), mediaType: said.mediaType }
        await answer(socket, raw, file, fault, sent)
      }
    } finally {
      const { method, path } = request
      const immutable = said?.immutable === true
      log.push({ method, path, raw: rawText(raw), status: sent.status, immutable })
    }
  }

  const server = await startRawServer({ serve, port: options.port })
  const { port } = server
  const url = `http://127.0.0.1:${port}`
  site = options.site(url)

  return {
    url,
    port,
    inject: (rule) => plan.add(rule),
    clearFaults: () => plan.clear(),
    log: () => log,
    resetLog: () => {
      log = []
    },
    requestsOf: (path) => log.filter((one) => one.path === path).length,
    immutableRequests: () => log.filter(({ immutable }) => immutable).map(({ path }) => path),
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

function parse(raw: RawRequest): RegistryRequest {
  const [path = '', query = ''] = raw.target.slice(1).split('?', 2)
  return {
    method: raw.method,
    path: decodeURIComponent(path),
    query: new URLSearchParams(query),
    header: (name) => raw.headers.get(name),
    body: raw.body,
  }
}

function rawText({ method, target, headers, body }: RawRequest): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`)
  const isPacked = body[0] === 0x1f && body[1] === 0x8b
  const content = isPacked ? gunzipSync(body) : body
  return `${method} ${target}\n${lines.join('\n')}\n\n${Buffer.from(content).toString('latin1')}`
}

async function reply(socket: Socket, request: RegistryRequest, said: RegistryAnswer, sent: Sent) {
  const wantsGzip = /\bgzip\b/.test(request.header('accept-encoding') ?? '')
  const packs = wantsGzip && said.bytes.length > 200
  // Bodies of tests are small: packing each anew costs less than a cache to reason about.
  const bytes = packs ? gzipSync(said.bytes, { level: 1 }) : said.bytes
  const etag = `"${Bun.hash(said.bytes).toString(16)}${packs ? '-gzip' : ''}"`
  const fresh = said.status === undefined && request.header('if-none-match') === etag
  sent.status = fresh ? 304 : (said.status ?? 200)
  const headers = {
    ETag: etag,
    Vary: 'Accept, Accept-Encoding',
    'Cache-Control': 'public, max-age=300',
    ...(fresh
      ? {}
      : {
          'Content-Type': said.mediaType,
          'Content-Length': bytes.length,
          ...(packs ? { 'Content-Encoding': 'gzip' } : {}),
        }),
    ...said.headers,
  }
  if (!(await send(socket, head(sent.status, headers)))) return
  if (fresh || request.method === 'HEAD' || bytes.length === 0) return
  sent.bodyBytes += bytes.length
  await send(socket, bytes)
}
