/** Asks one source one thing, and says what its answer means. */

import { readText } from './answer-text.ts'
import { Attempt, type AttemptReport } from './attempt.ts'
import { asFailure, named } from './failure.ts'
import { readFileSource } from './file-source.ts'
import { foundReply } from './found-reply.ts'
import { HostPaces, type Leave } from './host-paces.ts'
import type { HttpClient } from './http-client.ts'
import type { HttpResponse } from './http-response.ts'
import { basicAuthorization } from './netrc.ts'
import type { Ask, Reply } from './reply.ts'
import { parseRetryAfter, type Throttles } from './retry-after.ts'
import type { Source } from './source-list.ts'
import type { SourceRecords } from './source-record.ts'
import type { UpstreamFailure } from './upstream.ts'

interface SourceClientOptions {
  readonly http: HttpClient
  readonly records: SourceRecords
  readonly throttles: Throttles
  readonly now: () => number
  /** Own headers of sources by host with port, and credentials by host name. */
  readonly headers: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly authorizationFor: (url: URL) => string | undefined
  readonly onAttempt: ((report: AttemptReport) => void) | undefined
}

/** What a 429 without a date means. */
const defaultRetryMs = 1000

export class SourceClient {
  readonly #options: SourceClientOptions
  readonly #paces = new HostPaces()
  /** Questions whether a source lives that are under way, by id. */
  readonly #living = new Map<string, Promise<boolean>>()

  constructor(options: SourceClientOptions) {
    this.#options = options
  }

  /** Rejects only with `signal.reason`; everything that a source does is a reply. */
  async ask(ask: Ask, signal: AbortSignal): Promise<Reply> {
    const { source, request } = ask
    const url = addressOf(source, request.path)
    if (url === undefined) return { kind: 'failed', source, failure: unusable(source) }
    const waitMs = this.#options.throttles.waitMs(url.host)
    if (waitMs > 0) return { kind: 'failed', source, failure: stillThrottled(source, waitMs) }
    const { wanted } = request
    const askedAt = performance.now()
    const limits = { withinMs: ask.headMs, signal }
    const place = this.#paces.enter(url.host, () => wanted?.aborted === false, limits)
    if (!(place instanceof Promise)) return this.#attempt(url, ask, place, signal)
    const leave = await place
    if (leave === undefined) return { kind: 'failed', source, failure: stillThrottled(source, 1) }
    // Whoever had the place before may have been told to stay away.
    const pauseMs = this.#options.throttles.waitMs(url.host)
    if (pauseMs > 0) {
      leave(true)
      return { kind: 'failed', source, failure: stillThrottled(source, pauseMs) }
    }
    const headMs = Math.max(1, ask.headMs - (performance.now() - askedAt))
    return this.#attempt(url, { ...ask, headMs }, leave, signal)
  }

  async #attempt(url: URL, ask: Ask, leave: Leave, signal: AbortSignal): Promise<Reply> {
    const { source } = ask
    const record = this.#options.records.of(source.id)
    record.requests++
    record.lastUsedAtMs = this.#options.now()
    const attempt = new Attempt(ask, this.#options, (failure) => leave(failure?.code === 'throttled'))
    try {
      const response = await this.#get(url, ask, signal)
      attempt.answered(response.status)
      record.domain = response.url.host || source.id
      const reply = await this.#interpret(ask, response, attempt)
      if (reply.kind !== 'failed') attempt.welcome()
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

  #get(url: URL, ask: Ask, signal: AbortSignal): Promise<HttpResponse> {
    const { source } = ask
    if (url.protocol === 'file:') return readFileSource(url, addressOf(source, '') ?? url)
    return this.#options.http.get(
      {
        url,
        ...(source.placeOf?.class === undefined ? {} : { namedBy: source.placeOf.class }),
        ownHeaders: this.ownHeaders(source, url),
        headers: wantedHeaders(ask),
        headMs: ask.headMs,
        ...(ask.aliveMs === undefined || ask.aliveMs <= ask.headMs
          ? {}
          : { alive: { ms: ask.aliveMs, shown: (ms) => this.#lives(source, ms) } }),
        wanted: ask.request.wanted,
      },
      signal,
    )
  }

  /** Any answer of its own to anything at all shows that a slow source lives; one question serves all who wait. */
  #lives(source: Source, withinMs: number): Promise<boolean> {
    const url = addressOf(source, '')
    if (url === undefined) return Promise.resolve(false)
    const known = this.#living.get(source.id)
    if (known !== undefined) return known
    const headers = { Accept: '*/*', 'Accept-Encoding': 'identity' }
    const question = { url, ownHeaders: this.ownHeaders(source, url), headers, headMs: withinMs }
    const asked = this.#options.http
      .get(question, new AbortController().signal)
      .then(
        ({ status, body }) => {
          body.discard()
          // A gateway that speaks for a dead host.
          return status < 500
        },
        () => false,
      )
      .finally(() => this.#living.delete(source.id))
    this.#living.set(source.id, asked)
    return asked
  }

  /** What is sent to this source alone: its credentials, and headers that the settings give it. */
  ownHeaders(source: Source, url: URL): Readonly<Record<string, string>> {
    if (source.placeOf?.isForeign === true) return {}
    const { username, password } = new URL(source.url)
    const authorization =
      username === '' && password === ''
        ? this.#options.authorizationFor(url)
        : basicAuthorization(decodeURIComponent(username), decodeURIComponent(password))
    return {
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...this.#options.headers[new URL(source.url).host],
    }
  }

  async #interpret(ask: Ask, response: HttpResponse, attempt: Attempt): Promise<Reply> {
    const { source } = ask
    const { status } = response
    if (status === 200 || status === 206) return await foundReply(ask, response, attempt)
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
    const { host } = new URL(source.url)
    // Of those that were under way together each is told so; that is one lesson.
    if (this.#options.throttles.waitMs(host) === 0) this.#paces.tooMany(host)
    this.#options.throttles.obey(response.url.host, retryAfterMs)
    this.#options.throttles.obey(host, retryAfterMs)
    return {
      code: 'throttled',
      message: `${source.id} answered ${status} and wants to be left alone for ${Math.ceil(retryAfterMs / 1000)} s${said}`,
      status,
      retryAfterMs,
    }
  }
}

function wantedHeaders({ source, request, from }: Ask): Record<string, string> {
  const headers: Record<string, string> = { Accept: request.accept ?? '*/*', 'Accept-Encoding': 'identity' }
  if (from === undefined && request.compressible === true) headers['Accept-Encoding'] = 'gzip'
  if (from !== undefined && from.atByte > 0) {
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

/** Undefined when the base is no web address, or when dot segments would lead out of it. */
function addressOf(source: Source, path: string): URL | undefined {
  if (source.placeOf !== undefined) {
    const place = URL.parse(source.url)
    return place !== null && /^https?:$/.test(place.protocol) ? place : undefined
  }
  const base = URL.parse(`${source.url.replace(/\/+$/, '')}/`)
  const url = base === null ? null : URL.parse(`${base.href}${path}`)
  if (base === null || url === null || !/^(?:https?|file):$/.test(base.protocol)) return undefined
  return url.origin === base.origin && url.pathname.startsWith(base.pathname) ? url : undefined
}

function unusable(source: Source): UpstreamFailure {
  return {
    code: 'malformed',
    message: `${source.id} has no usable address for this request`,
    hint: `Its address must begin with http://, https:// or file:/// (it was set in ${source.foundIn}).`,
  }
}
