import type { Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { type LabCertificate, makeCertificate } from './certificate.ts'
import { FaultPlan, type FaultRule, parseFaultRule } from './faults.ts'
import { answer, type Sent } from './faulty-answer.ts'
import { head, type RawRequest, send } from './raw-http.ts'
import { startRawServer } from './raw-server.ts'
import { type FileSource, filesOfFolder, filesOfModules, firstOf } from './served-files.ts'
import type { SyntheticModule } from './synthetic-modules.ts'

export interface FakeGoproxyOptions {
  /** A module cache's `cache/download`. */
  readonly folder?: string
  readonly modules?: readonly SyntheticModule[]
  /** Anything else, asked before the two above. */
  readonly files?: FileSource
  /** `true` makes an authority of its own (see `ca`); needs openssl. */
  readonly tls?: boolean | LabCertificate
  readonly port?: number
  readonly observe?: (request: ServedRequest) => void
}

export interface ServedRequest extends Readonly<Sent> {
  readonly method: string
  readonly path: string
  readonly fault: string | undefined
}

export interface Counts {
  readonly requests: number
  /** Of bodies. */
  readonly bytes: number
  readonly paths: Readonly<Record<string, { readonly requests: number; readonly bytes: number }>>
}

/**
 * A GOPROXY that can be told to misbehave. Its control API beside the in-process one: `GET /_count`,
 * `POST /_reset`, `POST /_faults` with a FaultRule as JSON, `DELETE /_faults`.
 */
export interface FakeGoproxy extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  /** PEM of the authority to trust; undefined without TLS. */
  readonly ca: string | undefined
  /** Disposing takes the rule away again. */
  inject(rule: FaultRule): Disposable
  clearFaults(): void
  counts(): Counts
  /** How often a path was asked for, without its leading slash; 0 when never. */
  requestsOf(path: string): number
  resetCounts(): void
  /** Connections that are open now. */
  readonly connections: number
}

export async function startFakeGoproxy(options: FakeGoproxyOptions = {}): Promise<FakeGoproxy> {
  const files = sourceOf(options)
  const plan = new FaultPlan()
  let paths = new Map<string, { requests: number; bytes: number }>()

  async function serve(socket: Socket, request: RawRequest): Promise<void> {
    const path = decodeURIComponent(request.target.slice(1).split('?', 1)[0] ?? '')
    if (path.startsWith('_')) return control(socket, request, path)
    const counter = paths.get(path) ?? { requests: 0, bytes: 0 }
    paths.set(path, counter)
    counter.requests++
    const fault = plan.take(path)
    const sent: Sent = { status: 0, bodyBytes: 0, firstBodyByteAtMs: undefined }
    try {
      await answer(socket, request, await files(path), fault, sent)
    } finally {
      counter.bytes += sent.bodyBytes
      options.observe?.({ ...sent, method: request.method, path, fault: fault?.kind })
    }
  }

  async function control(socket: Socket, request: RawRequest, path: string): Promise<void> {
    const reply = controlReply(`${request.method} ${path}`, request.body)
    const text = `${JSON.stringify(reply.value)}\n`
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }
    await send(socket, head(reply.status, headers) + text)
  }

  function controlReply(what: string, body: Uint8Array): { status: number; value: unknown } {
    switch (what) {
      case 'GET _count':
        return { status: 200, value: counts() }
      case 'POST _reset':
        paths = new Map()
        return { status: 200, value: {} }
      case 'DELETE _faults':
        plan.clear()
        return { status: 200, value: {} }
      case 'POST _faults':
        try {
          plan.add(parseFaultRule(JSON.parse(Buffer.from(body).toString())))
          return { status: 200, value: {} }
        } catch (error) {
          return { status: 400, value: { error: String(error) } }
        }
      default:
        return { status: 404, value: { error: `no control ${what}` } }
    }
  }

  function counts(): Counts {
    let requests = 0
    let bytes = 0
    for (const counter of paths.values()) {
      requests += counter.requests
      bytes += counter.bytes
    }
    return { requests, bytes, paths: structuredClone(Object.fromEntries(paths)) }
  }

  const certificate = options.tls === true ? await makeCertificate() : options.tls || undefined
  const server = await startRawServer({ serve, port: options.port, certificate })
  const { port } = server

  return {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    ca: certificate?.ca,
    inject: (rule) => plan.add(rule),
    clearFaults: () => plan.clear(),
    counts,
    requestsOf: (path) => paths.get(path)?.requests ?? 0,
    resetCounts: () => {
      paths = new Map()
    },
    get connections() {
      return server.connections
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

function sourceOf(options: FakeGoproxyOptions): FileSource {
  const sources: FileSource[] = []
  if (options.files) sources.push(options.files)
  if (options.modules) sources.push(filesOfModules(options.modules))
  if (options.folder !== undefined) sources.push(filesOfFolder(options.folder))
  return firstOf(sources)
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string' },
      port: { type: 'string', default: '0' },
      tls: { type: 'boolean', default: false },
    },
  })
  if (values.folder === undefined) {
    console.error(
      'usage: scripts/run lab/fake-goproxy.ts --folder GOMODCACHE/cache/download [--port N] [--tls]',
    )
    process.exit(64)
  }
  const upstream = await startFakeGoproxy({
    folder: values.folder,
    port: Number(values.port),
    tls: values.tls,
  })
  if (upstream.ca) console.log(upstream.ca)
  console.log(`fake goproxy ready on ${upstream.url}`)
}
