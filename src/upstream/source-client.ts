/** Asks one source one thing, and says what its answer means. */

import { readText } from './answer-text.ts'
import { contentRange } from './content-range.ts'
import { decodeBody } from './decode-body.ts'
import { asFailure, broken } from './failure.ts'
import type { ByteSource, HttpClient, HttpResponse } from './http-client.ts'
import { basicAuthorization } from './netrc.ts'
import { parseRetryAfter, type Throttles } from './retry-after.ts'
import type { Source } from './source-list.ts'
import type { SourceRecords } from './source-record.ts'
import type { UpstreamFailure, UpstreamRequest } from './upstream.ts'

export interface Ask {
  readonly list: string
  readonly source: Source
  readonly request: UpstreamRequest
  /** Until there is an answer. */
  readonly headMs: number
  /** Continue a body that another answer began. */
  readonly from?: { readonly atByte: number; readonly sizeBytes: number; readonly etag: string | undefined }
}

export interface FoundReply {
  readonly kind: 'found'
  readonly source: Source
  readonly host: string
  /** Of the whole identity body, when known. */
  readonly sizeBytes: number | undefined
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  readonly mediaType: string
  readonly body: ByteSource
}

export type Reply =
  | FoundReply
  | { readonly kind: 'not-modified'; readonly source: Source }
  | { readonly kind: 'missing'; readonly source: Source; readonly status: 404 | 410; readonly text: string }
  | { readonly kind: 'denied'; readonly source: Source; readonly status: number; readonly text: string }
  | { readonly kind: 'failed'; readonly source: Source; readonly failure: UpstreamFailure }

/** One request to one source, reported when its body is over. */
export interface AttemptReport {
  readonly list: string
  readonly source: string
  readonly shape: 'metadata' | 'blob'
  readonly outcome: Reply['kind']
  readonly code: UpstreamFailure['code'] | undefined
  readonly status: number | undefined
  readonly bytes: number
  /** Until the head of the answer; undefined when there was none. */
  readonly firstByteMs: number | undefined
  readonly tookMs: number
}

interface SourceClientOptions {
  readonly http: HttpClient
  readonly records: SourceRecords
  readonly throttles: Throttles
  readonly now: () => number
  /** Own headers of a source by id, and credentials by host name. */
  readonly headers: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly authorizationFor: (url: URL) => string | undefined
  readonly onAttempt: ((report: AttemptReport) => void) | undefined
}

/** What a 429 without a date means. */
const defaultRetryMs = 1000

export class SourceClient {
  readonly #options: SourceClientOptions

  constructor(options: SourceClientOptions) {
    this.#options = options
  }

  /** Rejects only with `signal.reason`; everything that a source does is a reply. */
  async ask(ask: Ask, signal: AbortSignal): Promise<Reply> {
    const { source, request } = ask
    const url = new URL(`${withoutTrailingSlash(source.url)}/${request.path}`)
    const waitMs = this.#options.throttles.waitMs(url.host)
    if (waitMs > 0) return { kind: 'failed', source, failure: stillThrottled(source, waitMs) }
    const record = this.#options.records.of(source.id)
    record.requests++
    const attempt = new Attempt(ask, this.#options)
    try {
      const response = await this.#options.http.get(
        { url, ownHeaders: this.#ownHeaders(source, url), headers: wantedHeaders(ask), headMs: ask.headMs },
        signal,
      )
      attempt.answered(response.status)
      const reply = await this.#interpret(ask, response, attempt)
      if (reply.kind !== 'found') attempt.over(reply)
      return reply
    } catch (error) {
      if (signal.aborted) {
        attempt.over({ kind: 'failed', failure: { code: 'aborted', message: 'no longer wanted' } })
        throw signal.reason
      }
      const failure = named(asFailure(error, source.id), source)
      const reply = { kind: 'failed', source, failure } as const
      attempt.over(reply)
      return reply
    }
  }

  #ownHeaders(source: Source, url: URL): Readonly<Record<string, string>> {
    const { username, password } = new URL(source.url)
    const authorization =
      username === '' && password === ''
        ? this.#options.authorizationFor(url)
        : basicAuthorization(decodeURIComponent(username), decodeURIComponent(password))
    return {
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...this.#options.headers[source.id],
    }
  }

  async #interpret(ask: Ask, response: HttpResponse, attempt: Attempt): Promise<Reply> {
    const { source } = ask
    const { status } = response
    if (status === 200 || status === 206) return found(ask, response, attempt)
    if (status === 304 && ask.request.validators?.source === source.id) {
      await response.body.next()
      return { kind: 'not-modified', source }
    }
    const text = await readText(response)
    if (status === 404 || status === 410) return { kind: 'missing', source, status, text }
    if (
      status === 429 ||
      status >= 500 ||
      status < 400 ||
      status === 408 ||
      status === 421 ||
      status === 425
    ) {
      return { kind: 'failed', source, failure: this.#refused(source, response, text) }
    }
    return { kind: 'denied', source, status, text }
  }

  #refused(source: Source, response: HttpResponse, text: string): UpstreamFailure {
    const { status } = response
    const asked = parseRetryAfter(response.headers.get('retry-after'), this.#options.now())
    const throttled = status === 429 || (status === 503 && asked !== undefined)
    const said = text === '' ? '' : `: ${text.split('\n', 1)[0]}`
    if (!throttled) {
      const hint =
        status === 508
          ? { hint: 'This upstream leads back to this server; correct the list of sources.' }
          : {}
      return { code: 'http', message: `${source.id} answered ${status}${said}`, status, ...hint }
    }
    const retryAfterMs = asked ?? defaultRetryMs
    this.#options.throttles.obey(response.url.host, retryAfterMs)
    this.#options.throttles.obey(new URL(source.url).host, retryAfterMs)
    return {
      code: 'throttled',
      message: `${source.id} answered ${status} and wants to be left alone for ${Math.ceil(retryAfterMs / 1000)} s${said}`,
      status,
      retryAfterMs,
    }
  }
}

/** Follows one request to its end, for the record and the report. */
class Attempt {
  readonly #ask: Ask
  readonly #options: SourceClientOptions
  readonly #started = performance.now()
  #firstByteMs: number | undefined
  #status: number | undefined
  #over = false
  bytes = 0

  constructor(ask: Ask, options: SourceClientOptions) {
    this.#ask = ask
    this.#options = options
  }

  answered(status: number): void {
    this.#status = status
    this.#firstByteMs = performance.now() - this.#started
  }

  over(reply: { readonly kind: Reply['kind']; readonly failure?: UpstreamFailure }): void {
    if (this.#over) return
    this.#over = true
    const { list, source, request } = this.#ask
    const failure = reply.failure
    if (failure !== undefined && failure.code !== 'aborted') {
      this.#options.records.of(source.id).failed(failure, this.#options.now())
    }
    this.#options.onAttempt?.({
      list,
      source: source.id,
      shape: request.shape,
      outcome: reply.kind,
      code: failure?.code,
      status: this.#status,
      bytes: this.bytes,
      firstByteMs: this.#firstByteMs,
      tookMs: performance.now() - this.#started,
    })
  }
}

function found(ask: Ask, response: HttpResponse, attempt: Attempt): Reply {
  const { source, request, from } = ask
  const host = response.url.host
  const coding = (response.headers.get('content-encoding') ?? 'identity').toLowerCase()
  let { sizeBytes } = response
  let skipBytes = 0
  try {
    if (response.status === 206) {
      const range = contentRange(response.headers.get('content-range'))
      if (from === undefined) throw broken('malformed', `${host} sent a part of what was asked for`)
      if (range?.firstByte !== from.atByte || range.sizeBytes !== from.sizeBytes || coding !== 'identity') {
        throw broken(
          'malformed',
          `${host} sent another range than bytes ${from.atByte} to the end of ${from.sizeBytes}`,
        )
      }
      sizeBytes = from.sizeBytes
    } else if (from !== undefined) {
      if (sizeBytes !== from.sizeBytes || coding !== 'identity')
        throw broken('malformed', `${host} has a body of another size`)
      skipBytes = from.atByte
    }
    if (sizeBytes !== undefined && sizeBytes > request.maxBytes) {
      throw broken(
        'too-large',
        `${host} announced ${sizeBytes} bytes, more than the ${request.maxBytes} allowed`,
      )
    }
    const plain = coding === 'identity' ? response.body : decodeBody(response.body, coding, host)
    return {
      kind: 'found',
      source,
      host,
      sizeBytes: coding === 'identity' ? sizeBytes : undefined,
      etag: response.headers.get('etag'),
      lastModified: response.headers.get('last-modified'),
      mediaType: (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '',
      body: counted(skipped(plain, skipBytes), attempt, source),
    }
  } catch (error) {
    response.body.discard()
    throw error
  }
}

function counted(body: ByteSource, attempt: Attempt, source: Source): ByteSource {
  return {
    async next() {
      try {
        const chunk = await body.next()
        if (chunk === undefined) attempt.over({ kind: 'found' })
        else attempt.bytes += chunk.length
        return chunk
      } catch (error) {
        const failure = named(asFailure(error, source.id), source)
        attempt.over({ kind: 'failed', failure })
        throw broken(failure.code, failure.message, failure, error)
      }
    },
    discard() {
      body.discard()
      attempt.over({ kind: 'found' })
    },
  }
}

/** A source without ranges sends all of it again; what the consumer has is passed over. */
function skipped(body: ByteSource, count: number): ByteSource {
  if (count === 0) return body
  let left = count
  return {
    async next() {
      for (;;) {
        const chunk = await body.next()
        if (chunk === undefined || left === 0) return chunk
        if (chunk.length > left) {
          const rest = chunk.subarray(left)
          left = 0
          return rest
        }
        left -= chunk.length
      }
    },
    discard: () => body.discard(),
  }
}

function wantedHeaders({ source, request, from }: Ask): Record<string, string> {
  const headers: Record<string, string> = { Accept: '*/*', 'Accept-Encoding': 'identity' }
  if (from !== undefined) {
    headers.Range = `bytes=${from.atByte}-`
    if (from.etag !== undefined) headers['If-Range'] = from.etag
    return headers
  }
  const { validators } = request
  if (validators?.source !== source.id) return headers
  if (validators.etag !== undefined) headers['If-None-Match'] = validators.etag
  if (validators.lastModified !== undefined) headers['If-Modified-Since'] = validators.lastModified
  return headers
}

function stillThrottled(source: Source, waitMs: number): UpstreamFailure {
  const seconds = Math.ceil(waitMs / 1000)
  return {
    code: 'throttled',
    message: `${source.id} asked to be left alone for another ${seconds} s`,
    retryAfterMs: waitMs,
  }
}

/** The transport speaks of hosts; people know sources. */
function named(failure: UpstreamFailure, source: Source): UpstreamFailure {
  return failure.message.includes(source.id)
    ? failure
    : { ...failure, message: `${source.id}: ${failure.message}` }
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '')
}
