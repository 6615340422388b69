/** Fetches for a measurement: timed, bounded, honest about who asks. */

import { decodeBody } from '../upstream/decode-body.ts'
import { broken } from '../upstream/failure.ts'
import type { HttpClient } from '../upstream/http-client.ts'
import { UpstreamError } from '../upstream/upstream.ts'
import { withDeadline } from './with-deadline.ts'

export interface ProbeRequest {
  readonly url: URL
  readonly maxBytes: number
  /** For everything; with `partial` what came until then is the answer, unless it stopped before the half of it. */
  readonly limitMs: number
  readonly partial?: boolean
  readonly headers?: Readonly<Record<string, string>>
  /** Sent to the address's own host only. */
  readonly ownHeaders?: Readonly<Record<string, string>>
}

export interface ProbeAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  /** Where it came from in the end. */
  readonly url: URL
  readonly mediaType: string
  readonly bytes: Uint8Array
  /** False when the time was over first. */
  readonly whole: boolean
  /** From the request to the head of the last answer, redirects included. */
  readonly firstByteMs: number
  /** From there to the last byte, or to the end of the time where that came first. */
  readonly bodyMs: number
}

/** Counts what a mirror was asked and has sent, and refuses more than its allowance. */
export interface Meter {
  requests: number
  /** Of whatever status. */
  answers: number
  bytes: number
  readonly maxBytes: number
}

/** Nothing that the mirror did: this program asks no more of it. */
export class AllowanceSpent extends UpstreamError {}

/** @throws UpstreamError (AllowanceSpent where the meter ends it), or `signal.reason` when that aborts */
export async function probe(
  http: HttpClient,
  request: ProbeRequest,
  meter: Meter,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const { url, limitMs } = request
  const left = meter.maxBytes - meter.bytes
  const allowed = Math.min(request.maxBytes, left)
  const tooMuch = () => {
    if (left > request.maxBytes) return broken('too-large', `${url.host} sent more than ${allowed} bytes`)
    const message = `${url.host} has sent all that one measurement may cost it`
    return new AllowanceSpent({ code: 'too-large', message })
  }
  if (left <= 0) throw tooMuch()
  meter.requests++
  const late = () => broken('timeout', `${url.host} did not answer in full within ${limitMs} ms`)
  using deadline = withDeadline(signal, limitMs, late)
  const started = performance.now()
  const response = await http.get(
    {
      url,
      ownHeaders: request.ownHeaders ?? {},
      headers: { Accept: '*/*', 'Accept-Encoding': 'identity', ...request.headers },
      headMs: limitMs,
    },
    deadline.signal,
  )
  meter.answers++
  const headAt = performance.now()
  const coding = response.headers.get('content-encoding') ?? 'identity'
  const body = coding === 'identity' ? response.body : decodeBody(response.body, coding, url.host)
  const chunks: Uint8Array[] = []
  let received = 0
  let lastAt = headAt
  let endedAt = headAt
  let whole = false
  try {
    for (;;) {
      const chunk = await body.next()
      if (chunk === undefined) break
      received += chunk.length
      meter.bytes += chunk.length
      lastAt = performance.now()
      if (received > allowed) throw tooMuch()
      chunks.push(Uint8Array.from(chunk))
    }
    whole = true
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (!(request.partial && deadline.expired && received > 0)) throw error
    if (performance.now() - lastAt > limitMs / 2)
      throw broken('stall', `${url.host} went silent after ${received} bytes of ${url.pathname}`)
  } finally {
    endedAt = whole ? lastAt : performance.now()
    if (!whole) body.discard()
  }
  return {
    status: response.status,
    headers: response.headers,
    url: response.url,
    mediaType: (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '',
    bytes: Buffer.concat(chunks),
    whole,
    firstByteMs: headAt - started,
    bodyMs: endedAt - headAt,
  }
}
