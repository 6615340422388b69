import type { Cache } from '../cache/cache.ts'
import type { Filling, Kept, Outcome, Refused } from '../cache/outcome.ts'
import type { Ecosystem, EcosystemId, Refusal, Rendered, Resource } from '../ecosystems/ecosystem.ts'
import { renderAnswer, type SendableAnswer, send, sentBytes } from './answer.ts'
import { cacheStatus } from './cache-status.ts'
import {
  cacheControlOf,
  cacheStatusOf,
  cacheStatusOfRefusal,
  FIXED,
  type OutcomeWord,
  wordFor,
} from './cache-words.ts'
import { HotAnswers } from './hot-answers.ts'
import { PassingAnswers } from './passing-answers.ts'

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
  readonly gate: (ecosystem: EcosystemId, name: string) => Refusal | undefined
  readonly memoryBytes: number
  readonly touch: (key: string) => void
  /** Counts a hit that is not reported; cheap, because it is on the way of every hit. */
  readonly countHit: (ecosystem: EcosystemId, bytes: number) => void
  readonly report: (relayed: RelayedRequest) => void
  /** True when every single request must be reported, hits from memory too (a request log is on). */
  readonly reportsHits: () => boolean
  /** Told what clients ask for and get, so that what follows can be fetched ahead of need. */
  readonly ahead: {
    /** True while a build is under way for which things are fetched ahead: then every request counts. */
    isAlert(nowMs: number): boolean
    asked(resource: Resource, cold: boolean): void
    used(key: string): void
    answered(resource: Resource, body: Uint8Array): void
  }
  /** The marker that our own requests carry; one that comes back to us is a loop. */
  readonly instanceId: string
  readonly now?: () => number
}

export const HOP_HEADER = 'posthaste-hop'

/** Turns requests for packages into answers: adapter, gate, cache, and what HTTP wants of the result. */
export class Relay {
  readonly #options: RelayOptions
  #byPrefix: ReadonlyMap<string, Ecosystem>
  readonly #hot: HotAnswers
  readonly #passing = new PassingAnswers()
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
    if (hot !== undefined) return this.#sendHit(request, hot, nowMs)

    const slash = path.indexOf('/', 1)
    const ecosystem = this.#byPrefix.get(slash < 0 ? path.slice(1) : path.slice(1, slash))
    if (ecosystem === undefined) return undefined
    const asking = slash < 0 ? '/' : path.slice(slash)
    const fixed = this.#sendFixed(ecosystem, request, path, asking, nowMs)
    if (fixed !== undefined) return fixed
    const asked = ecosystem.parse(asking)
    if (asked.kind === 'answer') return this.#sendRendered(ecosystem.id, request, asked.answer, nowMs)
    if (asked.kind !== 'resource') return undefined
    const { resource } = asked
    const refusal = this.#options.gate(ecosystem.id, resource.name) ?? this.#loop(request, resource)
    if (refusal !== undefined) {
      const refused: Refused = { kind: 'refused', refusal, remembered: false }
      return this.#refuse(ecosystem, resource, request, refused, nowMs)
    }

    const outcome =
      request.method === 'HEAD' ? this.#options.cache.askWhole(resource) : this.#options.cache.ask(resource)
    this.#options.ahead.asked(resource, this.#isCold(request, resource, outcome))
    if (outcome instanceof Promise) {
      return outcome.then(
        (settled) => this.#answer(ecosystem, resource, request, path, settled, nowMs),
        (error: unknown) => this.#crashed(ecosystem, resource, request, error, nowMs),
      )
    }
    return this.#answer(ecosystem, resource, request, path, outcome, nowMs)
  }

  /** HEAD waits for a whole body and is a promise in any case. */
  #isCold(request: Request, resource: Resource, outcome: Outcome | Promise<Outcome>): boolean {
    if (!(outcome instanceof Promise)) return false
    return request.method !== 'HEAD' || this.#options.cache.peek(resource.key) === undefined
  }

  /**
   * The short way for what is kept and never changes: no grammar and nothing rendered that is not sent. A path
   * that is not spelled as its key, and everything that is not plainly at hand, takes the long way.
   */
  #sendFixed(
    ecosystem: Ecosystem,
    request: Request,
    path: string,
    asking: string,
    startedAtMs: number,
  ): Response | undefined {
    const name = ecosystem.nameOfFixed?.(asking)
    if (name === undefined || this.#options.ahead.isAlert(startedAtMs)) return undefined
    if (this.#options.gate(ecosystem.id, name) !== undefined) return undefined
    const key = path.slice(1)
    const object = this.#options.cache.peek(key)
    if (object === undefined || object.meta.proof === 'unproved') return undefined
    this.#options.touch(key)
    this.#options.ahead.used(key)
    const { freshMs, cacheControl, cacheStatus } = FIXED
    const parts = {
      ecosystem: ecosystem.id,
      name,
      object,
      nowMs: startedAtMs,
      freshMs,
      cacheControl,
      cacheStatus,
    }
    const answer = object.body.kind === 'bytes' ? this.#passing.render(parts) : renderAnswer(parts)
    if (this.#hot.admits(path)) this.#hot.set(path, answer)
    return this.#sendHit(request, answer, startedAtMs)
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
    const answer = renderAnswer({
      ecosystem: resource.ecosystem,
      name: resource.name,
      object: outcome.object,
      freshMs: resource.freshMs,
      cacheControl: cacheControlOf(resource, outcome),
      cacheStatus: cacheStatusOf(resource, outcome),
      nowMs: startedAtMs,
    })
    if (outcome.kind === 'hit') {
      this.#options.touch(resource.key)
      if (canBeForgotten(path, resource.key) && this.#hot.admits(path)) this.#hot.set(path, answer)
    }
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

  #sendHit(request: Request, answer: SendableAnswer, startedAtMs: number): Response {
    const response = send(request, answer)
    const bytes = sentBytes(request, response, answer)
    if (!this.#options.reportsHits()) this.#options.countHit(answer.ecosystem, bytes)
    else {
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
    const response = reply(request, rendered, {
      'cache-status': cacheStatusOfRefusal(outcome),
    })
    this.#options.report({
      ecosystem: ecosystem.id,
      outcome: wordFor(refusal),
      status: rendered.status,
      bytes: request.method === 'HEAD' ? 0 : Buffer.byteLength(rendered.body),
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
      bytes: request.method === 'HEAD' ? 0 : Buffer.byteLength(rendered.body),
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

function reply(request: Request, rendered: Rendered, extra: Record<string, string>): Response {
  const headers = { ...rendered.headers, ...extra }
  if (request.method !== 'HEAD') return new Response(rendered.body, { status: rendered.status, headers })
  return new Response(null, {
    status: rendered.status,
    headers: { ...headers, 'content-length': String(Buffer.byteLength(rendered.body)) },
  })
}

/** The spellings that `HotAnswers.forget` finds; any other percent-encoding would outlive its bytes. */
function canBeForgotten(path: string, key: string): boolean {
  return path === `/${key}` || path === `/${key.replaceAll('!', '%21')}`
}
