import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import type { StoredObject } from '../store/store.ts'
import { disposition } from './disposition.ts'
import { evaluate } from './preconditions.ts'

/** A body of middling size that is asked for again and again: its bytes are shared by all answers, not copied. */
export interface SharedBody {
  readonly kind: 'shared'
  readonly blob: Blob
}

/** A whole body with its headers, ready to be sent. */
export interface Answer {
  readonly key: string
  readonly ecosystem: EcosystemId
  /** The source that the bytes once came from. */
  readonly source: string
  readonly headers: Readonly<Record<string, string>>
  readonly etag: string
  readonly sizeBytes: number
  readonly body: StoredObject['body'] | SharedBody
  readonly checkedAtMs: number
  /** From then on it has to be rendered again; `Infinity` for what never changes. */
  readonly freshUntilMs: number
  /** As announced in `Last-Modified`; absent where none is. */
  readonly lastModifiedMs?: number
}

/** An answer whose headers are kept in the form in which Bun sends them with the least work. */
export type SendableAnswer = Omit<Answer, 'headers'> & {
  readonly headers: Answer['headers'] | Headers
  /** Those of a 304, where they are kept. */
  readonly unchangedHeaders?: Headers | undefined
}

export interface AnswerParts {
  readonly ecosystem: EcosystemId
  /** The package's name; the name under which a browser saves the body comes from it. */
  readonly name: string
  readonly object: StoredObject
  readonly freshMs: number
  readonly cacheControl: string
  readonly cacheStatus: string
  readonly nowMs: number
}

/** The headers of a kept object. Its validator is a hash of its content (engine rule 2). */
export function renderAnswer(parts: AnswerParts): Answer {
  const { object, nowMs } = parts
  const { checkedAtMs } = object.meta
  const etag = etagOf(object)
  const headers: Record<string, string> = {
    'content-type': object.meta.mediaType,
    etag,
    'cache-control': parts.cacheControl,
    'cache-status': parts.cacheStatus,
    'accept-ranges': 'bytes',
    age: ageAt(checkedAtMs, nowMs),
  }
  if (object.body.kind === 'file') {
    headers['content-disposition'] = disposition(fileName(parts.name, object.key))
  }
  return {
    key: object.key,
    ecosystem: parts.ecosystem,
    source: object.meta.source,
    headers,
    etag,
    sizeBytes: object.sizeBytes,
    body: object.body,
    checkedAtMs,
    freshUntilMs: checkedAtMs + parts.freshMs,
  }
}

/** A hash of the content (engine rule 2). */
export function etagOf(object: Pick<StoredObject, 'sha256'>): string {
  return `"${object.sha256.slice(0, 32)}"`
}

/** The value of `Age`: whole seconds since the source last confirmed the body. */
export function ageAt(checkedAtMs: number, nowMs: number): string {
  return String(Math.max(0, Math.floor((nowMs - checkedAtMs) / 1_000)))
}

const PLAIN = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }

/** Sends an answer, or the part of it that the request's conditions and range ask for. */
export function send(request: Request, answer: SendableAnswer): Response {
  const asked = request.headers
  const range = asked.get('range')
  const ifNoneMatch = asked.get('if-none-match')
  const ifMatch = asked.get('if-match')
  const ifModifiedSince = answer.lastModifiedMs === undefined ? null : asked.get('if-modified-since')
  const isPlain = range === null && ifNoneMatch === null && ifMatch === null && ifModifiedSince === null
  if (isPlain && request.method === 'GET') return whole(answer)
  if (ifNoneMatch === answer.etag && ifMatch === null) return unchanged(answer)
  const conditions = {
    method: request.method,
    range,
    ifNoneMatch,
    ifMatch,
    ifModifiedSince,
    ifRange: asked.get('if-range'),
  }
  const decision = evaluate(conditions, answer)
  switch (decision.kind) {
    case 'not-modified':
      return unchanged(answer)
    case 'failed':
      return new Response('precondition failed: If-Match names other bytes\n', {
        status: 412,
        headers: PLAIN,
      })
    case 'unsatisfiable':
      return new Response(`the range lies outside the ${answer.sizeBytes} bytes of this body\n`, {
        status: 416,
        headers: { ...PLAIN, 'content-range': `bytes */${answer.sizeBytes}` },
      })
    case 'range': {
      const headers = new Headers(answer.headers)
      headers.set('content-range', `bytes ${decision.start}-${decision.end}/${answer.sizeBytes}`)
      const part = slice(answer.body, decision.start, decision.end + 1)
      return new Response(part, { status: 206, headers })
    }
    case 'full':
      if (request.method === 'HEAD') {
        const headers = new Headers(answer.headers)
        headers.set('content-length', String(answer.sizeBytes))
        return new Response(null, { headers })
      }
      return whole(answer)
  }
}

/** What a 304 says of a body (RFC 9110, 15.4.5). */
export function unchangedHeadersOf(headers: SendableAnswer['headers']): Headers {
  const kept = new Headers(headers)
  kept.delete('content-type')
  kept.delete('content-disposition')
  return kept
}

function unchanged(answer: SendableAnswer): Response {
  const headers = answer.unchangedHeaders ?? unchangedHeadersOf(answer.headers)
  return new Response(null, { status: 304, headers })
}

/** How many bytes of the body `response` carries. */
export function sentBytes(request: Request, response: Response, answer: SendableAnswer): number {
  if (response.status === 200 && request.method === 'GET') return answer.sizeBytes
  if (response.status !== 206) return 0
  const [, start = '0', end = '0'] =
    /bytes (\d+)-(\d+)/.exec(response.headers.get('content-range') ?? '') ?? []
  return Number(end) - Number(start) + 1
}

function whole({ body, headers, sizeBytes }: SendableAnswer): Response {
  if (body.kind === 'bytes') return new Response(body.bytes, { headers })
  if (body.kind === 'shared') return new Response(body.blob, { headers })
  // A slice past the end sends the whole file, but keeps Bun from answering `Range` by itself: whether a
  // range may be served was decided above, by If-Range too.
  return new Response(Bun.file(body.path).slice(0, sizeBytes + 1), { headers })
}

function slice(body: Answer['body'], start: number, end: number): Uint8Array<ArrayBufferLike> | Blob {
  switch (body.kind) {
    case 'bytes':
      return body.bytes.subarray(start, end)
    case 'shared':
      return body.blob.slice(start, end)
    case 'file':
      return Bun.file(body.path).slice(start, end)
  }
}

/** A version alone gets the package's name before it; a file that has a name of its own keeps it. */
function fileName(name: string, key: string): string {
  const last = decoded(key.slice(key.lastIndexOf('/') + 1))
  return /^v\d/.test(last) ? `${name.slice(name.lastIndexOf('/') + 1)}@${last}` : last
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
