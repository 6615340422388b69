import { gzipSync } from 'node:zlib'

/** One body of a registry, as it lies there. */
export interface RegistryBody {
  readonly mediaType: string
  readonly bytes: Uint8Array
  /** With gzip for whoever asks, as the public registries send metadata. */
  readonly compresses: boolean
}

/** Answers for a decoded path without its leading slash and what the client accepts; undefined is a 404. */
export type RegistryContent = (path: string, accept: string) => RegistryBody | undefined

export interface RegistryUpstream extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** GET requests since the last call of `resetCounts`. */
  requests(): number
  requestsOf(path: string): number
  resetCounts(): void
}

export interface RegistryUpstreamOptions {
  /** Told the registry's own address, which stands in what it serves. */
  readonly content: (url: string) => RegistryContent
  readonly port?: number
}

/** A registry on loopback that holds what it is given: ETags, 304, HEAD, gzip, one range; POST is answered with `{}`. */
export function startRegistryUpstream(options: RegistryUpstreamOptions): RegistryUpstream {
  const counts = new Map<string, number>()
  const rendered = new WeakMap<Uint8Array, { etag: string; gzip: Uint8Array | undefined }>()
  let content: RegistryContent = () => undefined

  const rendering = ({ bytes, compresses }: RegistryBody) => {
    let known = rendered.get(bytes)
    if (known === undefined) {
      const etag = `"${Bun.hash(bytes).toString(16)}"`
      known = { etag, gzip: compresses ? gzipSync(bytes, { level: 6 }) : undefined }
      rendered.set(bytes, known)
    }
    return known
  }

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: options.port ?? 0,
    idleTimeout: 120,
    fetch(request) {
      const path = decodeURIComponent(new URL(request.url).pathname.slice(1))
      if (request.method === 'POST') return Response.json({})
      if (request.method === 'GET') counts.set(path, (counts.get(path) ?? 0) + 1)
      const body = content(path, request.headers.get('accept') ?? '')
      if (body === undefined) return Response.json({ error: 'not found' }, { status: 404 })
      const { etag, gzip } = rendering(body)
      const takesGzip = (request.headers.get('accept-encoding') ?? '').includes('gzip')
      const zipped = takesGzip ? gzip : undefined
      const headers: Record<string, string> = {
        'content-type': body.mediaType,
        etag,
        'cache-control': 'public, max-age=300',
        vary: 'Accept, Accept-Encoding',
        ...(zipped === undefined ? {} : { 'content-encoding': 'gzip' }),
        ...(body.compresses ? {} : { 'accept-ranges': 'bytes' }),
      }
      if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '')
      if (range !== null && !body.compresses) return partOf(body.bytes, range, headers)
      return new Response(bodyOf(zipped ?? body.bytes), { headers })
    },
  })
  const { port } = server
  if (port === undefined) throw new Error('the registry has no port')
  const url = `http://127.0.0.1:${port}`
  content = options.content(url)
  return {
    url,
    port,
    requests: () => counts.values().reduce((sum, count) => sum + count, 0),
    requestsOf: (path) => counts.get(path) ?? 0,
    resetCounts: () => counts.clear(),
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}

function partOf(bytes: Uint8Array, range: RegExpExecArray, headers: Record<string, string>): Response {
  const start = Number(range[1])
  const end = Math.min(range[2] ? Number(range[2]) : bytes.length - 1, bytes.length - 1)
  if (start > end)
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${bytes.length}` } })
  return new Response(bodyOf(bytes.subarray(start, end + 1)), {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${bytes.length}` },
  })
}

const bodyOf = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>
