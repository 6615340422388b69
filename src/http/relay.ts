import type { Cache } from '../cache/cache.ts'
import type { Filling, Kept, Outcome, Refused } from '../cache/outcome.ts'
import type { Ecosystem, EcosystemId, Refusal, Rendered, Resource } from '../ecosystems/ecosystem.ts'
import { CACHE_STATUS_HIT, cacheStatus } from './cache-status.ts'
import { disposition } from './disposition.ts'
import { type HotAnswer, HotAnswers } from './hot-answers.ts'
import { evaluate } from './preconditions.ts'

/** How a request ended, in one word, for logs and metrics. */
export type OutcomeWord =
  | 'hit'
  | 'stale'
  | 'filled'
  | 'joined'
  | 'not-found'
  | 'denied'
  | 'upstream-failed'
  | 'local'

/** What is told of each request once its answer is decided (and, for a streamed one, sent). */
export interface RelayedRequest {
  readonly ecosystem: EcosystemId
  readonly outcome: OutcomeWord
  readonly status: number
  readonly bytes: number
  readonly source: string | undefined
  readonly reason: string | undefined
  readonly request: Request
  readonly startedAtMs: number
}

export interface RelayOptions {
  /** The adapters in force; they are replaced when the settings change. */
  readonly ecosystems: () => readonly Ecosystem[]
  readonly cache: Cache
  /** Undefined when the name may be asked for; the refusal otherwise. Runs before anything else. */
  readonly gate: (resource: Resource) => Refusal | undefined
  readonly memoryBytes: number
  readonly touch: (key: string) => void
  /** A counter of hits per ecosystem and kind of thing, resolved once per answer that is kept ready. */
  readonly hitCounter: (resource: Resource) => (bytes: number) => void
  readonly report: (relayed: RelayedRequest) => void
  /** True when every single request must be reported, hits from memory too (a request log is on). */
  readonly reportsHits: () => boolean
  /** Told what clients ask for and get, so that what follows can be fetched ahead of need. */
  readonly ahead: {
    asked(resource: Resource, cold: boolean): void
    answered(resource: Resource, body: Uint8Array): void
  }
  /** The marker that our own requests carry; one that comes back to us is a loop. */
  readonly instanceId: string
  readonly now?: () => number
}

export const HOP_HEADER = 'posthaste-hop'

const PLAIN = { 'content-type': 'text/plain; charset=utf-8' }
const YEAR_SECONDS = 31_536_000

/** Turns requests for packages into answers: adapter, gate, cache, and what HTTP wants of the result. */
export class Relay {
  readonly #options: RelayOptions
  #byPrefix: ReadonlyMap<string, Ecosystem>
  readonly #hot: HotAnswers
  readonly #now: () => number

  constructor(options: RelayOptions) {
    this.#options = options
    this.#byPrefix = byPrefix(options.ecosystems())
    this.#hot = new HotAnswers({ maxBytes: options.memoryBytes, touch: options.touch })
    this.#now = options.now ?? Date.now
  }

  /** What was rendered for a key is void. */
  forget(key: string): void {
    this.#hot.forget(key)
  }

  /** Void all that was rendered, and look the adapters up again: the rules have changed. */
  forgetAll(): void {
    this.#byPrefix = byPrefix(this.#options.ecosystems())
    this.#hot.clear()
  }

  /**
   * Answers a GET or HEAD below an ecosystem's prefix; undefined when the path belongs to none. `path` is the
   * request's path as received, still percent-encoded.
   */
  handle(request: Request, path: string): Response | Promise<Response> | undefined {
    const nowMs = this.#now()
    const hot = this.#hot.get(path, nowMs)
    if (hot !== undefined) return this.#sendHot(request, hot, nowMs)

    const slash = path.indexOf('/', 1)
    const ecosystem = this.#byPrefix.get(slash < 0 ? path.slice(1) : path.slice(1, slash))
    if (ecosystem === undefined) return undefined
    const asked = ecosystem.parse(slash < 0 ? '/' : path.slice(slash))
    if (asked.kind === 'answer') return this.#sendRendered(ecosystem.id, request, asked.answer, nowMs)
    const { resource } = asked
    const refusal = this.#options.gate(resource) ?? this.#loop(request, resource)
    if (refusal !== undefined) {
      const refused: Refused = { kind: 'refused', refusal, remembered: false }
      return this.#refuse(ecosystem, resource, request, refused, nowMs)
    }

    const outcome =
      request.method === 'HEAD' ? this.#options.cache.askWhole(resource) : this.#options.cache.ask(resource)
    this.#options.ahead.asked(resource, outcome instanceof Promise)
    if (outcome instanceof Promise) {
      return outcome.then(
        (settled) => this.#answer(ecosystem, resource, request, path, settled, nowMs),
        (error: unknown) => this.#crashed(ecosystem, resource, request, error, nowMs),
      )
    }
    return this.#answer(ecosystem, resource, request, path, outcome, nowMs)
  }

  #answer(
    ecosystem: Ecosystem,
    resource: Resource,
    request: Request,
    path: string,
    outcome: Outcome,
    startedAtMs: number,
  ): Response {
    switch (outcome.kind) {
      case 'refused':
        return this.#refuse(ecosystem, resource, request, outcome, startedAtMs)
      case 'filling':
        return this.#stream(resource, request, outcome, startedAtMs)
      default:
        return this.#sendKept(resource, request, path, outcome, startedAtMs)
    }
  }

  #sendKept(
    resource: Resource,
    request: Request,
    path: string,
    outcome: Kept,
    startedAtMs: number,
  ): Response {
    const { body } = outcome.object
    if (body.kind === 'bytes') this.#options.ahead.answered(resource, body.bytes)
    const answer = this.#render(resource, outcome)
    if (outcome.kind === 'hit' && this.#hot.admits(path)) this.#hot.set(path, answer)
    const response = send(request, answer)
    this.#options.report({
      ecosystem: resource.ecosystem,
      outcome: outcome.kind === 'filled' && outcome.joined ? 'joined' : outcome.kind,
      status: response.status,
      bytes: sentBytes(request, response, answer),
      source: outcome.object.meta.source,
      reason: outcome.kind === 'stale' ? outcome.reason : undefined,
      request,
      startedAtMs,
    })
    return response
  }

  #sendHot(request: Request, answer: HotAnswer, startedAtMs: number): Response {
    const response = send(request, answer)
    const bytes = sentBytes(request, response, answer)
    answer.count(bytes)
    if (this.#options.reportsHits()) {
      this.#options.report({
        ecosystem: answer.ecosystem,
        outcome: 'hit',
        status: response.status,
        bytes,
        source: answer.source,
        reason: undefined,
        request,
        startedAtMs,
      })
    }
    return response
  }

  #render(resource: Resource, outcome: Kept): HotAnswer {
    const { object } = outcome
    const etag = `"${object.sha256.slice(0, 32)}"`
    const nowMs = this.#now()
    const headers = new Headers({
      'content-type': resource.mediaType,
      etag,
      'cache-control': cacheControl(resource, outcome),
      'cache-status': statusOf(resource, outcome),
      'accept-ranges': 'bytes',
      age: String(Math.max(0, Math.floor((nowMs - object.meta.checkedAtMs) / 1_000))),
    })
    if (object.body.kind === 'file') headers.set('content-disposition', disposition(fileName(resource)))
    return {
      key: resource.key,
      ecosystem: resource.ecosystem,
      source: object.meta.source,
      headers,
      etag,
      sizeBytes: object.sizeBytes,
      body: object.body,
      checkedAtMs: object.meta.checkedAtMs,
      freshUntilMs: object.meta.checkedAtMs + resource.freshMs,
      count: this.#options.hitCounter(resource),
      renderedAtSecond: Math.floor(nowMs / 1_000),
    }
  }

  #stream(resource: Resource, request: Request, outcome: Filling, startedAtMs: number): Response {
    // No validator and no length of its own: these bytes are not proved yet (engine rule 2).
    const headers = {
      'content-type': outcome.mediaType,
      'cache-control': 'no-store',
      'cache-status': cacheStatus({
        kind: 'forwarded',
        reason: 'uri-miss',
        stored: true,
        collapsed: outcome.joined,
      }),
    }
    const body = outcome.body.stream((bytes, failure) =>
      this.#options.report({
        ecosystem: resource.ecosystem,
        outcome: outcome.joined ? 'joined' : 'filled',
        status: 200,
        bytes,
        source: outcome.source,
        reason: failure?.message,
        request,
        startedAtMs,
      }),
    )
    return new Response(body, { headers })
  }

  #refuse(
    ecosystem: Ecosystem,
    resource: Resource,
    request: Request,
    outcome: Refused,
    startedAtMs: number,
  ): Response {
    const { refusal } = outcome
    const rendered = ecosystem.refuse(refusal, resource)
    const fromNetwork = outcome.source !== undefined || refusal.kind === 'upstream-failed'
    const response = reply(request, rendered, {
      'cache-status': outcome.remembered
        ? cacheStatus({ kind: 'hit', detail: 'negative' })
        : fromNetwork
          ? cacheStatus({ kind: 'forwarded', reason: 'uri-miss', detail: refusal.kind })
          : cacheStatus({ kind: 'local', detail: refusal.kind }),
    })
    this.#options.report({
      ecosystem: ecosystem.id,
      outcome: wordFor(refusal),
      status: rendered.status,
      bytes: Buffer.byteLength(rendered.body),
      source: outcome.source,
      reason: refusal.reason,
      request,
      startedAtMs,
    })
    return response
  }

  #sendRendered(id: EcosystemId, request: Request, rendered: Rendered, startedAtMs: number): Response {
    this.#options.report({
      ecosystem: id,
      outcome: 'local',
      status: rendered.status,
      bytes: Buffer.byteLength(rendered.body),
      source: undefined,
      reason: undefined,
      request,
      startedAtMs,
    })
    return reply(request, rendered, { 'cache-status': cacheStatus({ kind: 'local' }) })
  }

  #loop(request: Request, resource: Resource): Refusal | undefined {
    const hops = request.headers.get(HOP_HEADER)
    if (hops === null || !hops.split(',').some((hop) => hop.trim() === this.#options.instanceId)) {
      return undefined
    }
    return {
      kind: 'loop',
      reason: `a loop: this request for ${resource.name} was sent by this very Posthaste`,
      hint: `take Posthaste's own address out of ${resource.ecosystem}.upstream (see 'posthaste upstreams')`,
    }
  }

  #crashed(
    ecosystem: Ecosystem,
    resource: Resource,
    request: Request,
    error: unknown,
    startedAtMs: number,
  ): Response {
    const reason = error instanceof Error ? error.message : String(error)
    const refusal: Refusal = { kind: 'store-failed', reason, hint: 'see the log of the server' }
    const refused: Refused = { kind: 'refused', refusal, remembered: false }
    return this.#refuse(ecosystem, resource, request, refused, startedAtMs)
  }
}

function byPrefix(ecosystems: readonly Ecosystem[]): ReadonlyMap<string, Ecosystem> {
  return new Map(ecosystems.map((ecosystem) => [ecosystem.id, ecosystem]))
}

/** Sends a ready answer, or the part of it that the request's conditions and range ask for. */
function send(request: Request, answer: HotAnswer): Response {
  const asked = request.headers
  const range = asked.get('range')
  const ifNoneMatch = asked.get('if-none-match')
  const ifMatch = asked.get('if-match')
  if (range === null && ifNoneMatch === null && ifMatch === null && request.method === 'GET') {
    return whole(answer)
  }
  const conditions = { method: request.method, range, ifNoneMatch, ifMatch, ifRange: asked.get('if-range') }
  const decision = evaluate(conditions, answer)
  const headers = new Headers(answer.headers)
  switch (decision.kind) {
    case 'not-modified':
      headers.delete('content-type')
      headers.delete('content-disposition')
      return new Response(null, { status: 304, headers })
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
      headers.set('content-range', `bytes ${decision.start}-${decision.end}/${answer.sizeBytes}`)
      const part =
        answer.body.kind === 'bytes'
          ? answer.body.bytes.subarray(decision.start, decision.end + 1)
          : Bun.file(answer.body.path).slice(decision.start, decision.end + 1)
      return new Response(part, { status: 206, headers })
    }
    case 'full':
      if (request.method === 'HEAD') {
        headers.set('content-length', String(answer.sizeBytes))
        return new Response(null, { headers })
      }
      return whole(answer)
  }
}

function whole({ body, headers, sizeBytes }: HotAnswer): Response {
  if (body.kind === 'bytes') return new Response(body.bytes, { headers })
  // A slice past the end sends the whole file, but keeps Bun from answering `Range` by itself: whether a
  // range may be served was decided above, by If-Range too.
  return new Response(Bun.file(body.path).slice(0, sizeBytes + 1), { headers })
}

function reply(request: Request, rendered: Rendered, extra: Record<string, string>): Response {
  const headers = { ...rendered.headers, ...extra }
  if (request.method !== 'HEAD') return new Response(rendered.body, { status: rendered.status, headers })
  return new Response(null, {
    status: rendered.status,
    headers: { ...headers, 'content-length': String(Buffer.byteLength(rendered.body)) },
  })
}

function sentBytes(request: Request, response: Response, answer: HotAnswer): number {
  if (request.method === 'HEAD' || response.status === 304) return 0
  if (response.status !== 206) return answer.sizeBytes
  const [, start = '0', end = '0'] =
    /bytes (\d+)-(\d+)/.exec(response.headers.get('content-range') ?? '') ?? []
  return Number(end) - Number(start) + 1
}

function cacheControl(resource: Resource, outcome: Kept): string {
  if (outcome.kind === 'filled' && !outcome.stored) return 'no-store'
  if (outcome.object.meta.proof === 'unproved') return 'public, max-age=60'
  if (resource.freshMs === Number.POSITIVE_INFINITY) return `public, max-age=${YEAR_SECONDS}, immutable`
  return `public, max-age=${Math.floor(resource.freshMs / 1_000)}`
}

function statusOf(resource: Resource, outcome: Kept): string {
  const unproved = outcome.object.meta.proof === 'unproved'
  const detail = unproved ? { detail: 'unproved' } : {}
  switch (outcome.kind) {
    case 'hit':
      return resource.freshMs === Number.POSITIVE_INFINITY && !unproved
        ? CACHE_STATUS_HIT
        : cacheStatus({ kind: 'hit', ttlMs: resource.freshMs - outcome.ageMs, ...detail })
    case 'stale':
      return cacheStatus({ kind: 'hit', ttlMs: resource.freshMs - outcome.ageMs, detail: outcome.reason })
    case 'filled':
      return cacheStatus({
        kind: 'forwarded',
        reason: 'uri-miss',
        stored: outcome.stored,
        collapsed: outcome.joined,
        ...detail,
      })
  }
}

function fileName(resource: Resource): string {
  const version = resource.key.slice(resource.key.lastIndexOf('/') + 1)
  return `${resource.name.slice(resource.name.lastIndexOf('/') + 1)}@${version}`
}

function wordFor(refusal: Refusal): OutcomeWord {
  switch (refusal.kind) {
    case 'not-found':
    case 'denied':
    case 'upstream-failed':
      return refusal.kind
    default:
      return 'upstream-failed'
  }
}
