import type { Kept, Outcome, Refused } from '../cache/outcome.ts'
import type { Asked, Ecosystem, Resource, View } from '../ecosystems/ecosystem.ts'
import type { Encoding } from '../views/views.ts'
import { renderAnswer, type SendableAnswer, send, sentBytes } from './answer.ts'
import { cacheControlOf, cacheStatusOf, FIXED } from './cache-words.ts'
import { encodingFor } from './content-encoding.ts'
import { AskingRequest, type Entrance } from './entrance.ts'
import { refuseLoop } from './hops.ts'
import { HotAnswers } from './hot-answers.ts'
import { PassingAnswers } from './passing-answers.ts'
import { refusePrivate } from './private-access.ts'
import type { RelayOptions } from './relay-options.ts'
import { Replies } from './replies.ts'
import { soughtIn } from './sought.ts'
import { streamed } from './streamed.ts'
import { renderView, ViewAnswers } from './view-answers.ts'

/** Turns requests for packages into answers: adapter, gate, cache, and what HTTP wants of the result. */
export class Relay {
  readonly #options: RelayOptions
  #byPrefix: ReadonlyMap<string, Ecosystem>
  readonly #hot: HotAnswers
  readonly #passing = new PassingAnswers()
  readonly #viewAnswers: ViewAnswers
  readonly #replies: Replies
  readonly #now: () => number

  constructor(options: RelayOptions) {
    this.#options = options
    this.#byPrefix = byPrefix(options.ecosystems())
    this.#hot = new HotAnswers({ maxBytes: options.memoryBytes, touch: options.touch })
    this.#viewAnswers = new ViewAnswers(this.#hot)
    this.#replies = new Replies(options.report)
    this.#now = options.now ?? Date.now
  }

  /** What was rendered for a key is void. */
  forget(key: string): void {
    this.#hot.forget(key)
    this.#viewAnswers.forget(key)
  }

  /** Void all that was rendered, and look the adapters up again: the rules have changed. */
  forgetAll(): void {
    this.#byPrefix = byPrefix(this.#options.ecosystems())
    this.#hot.clear()
    this.#viewAnswers.clear()
  }

  /** Rendered views that are at hand, counted once for each body that they are made from. */
  get remembered(): number {
    return this.#viewAnswers.size
  }

  /**
   * Answers a request below an ecosystem's prefix, or at a door that an ecosystem has to itself; undefined when it
   * belongs to none, or is no GET or HEAD and the ecosystem takes nothing else. `asked` is the request's path as
   * received, still percent-encoded.
   */
  handle(request: Request, asked: string, entrance: Entrance): Response | Promise<Response> | undefined {
    const path = entrance.root === undefined ? asked : `/${entrance.root}${asked}`
    const nowMs = this.#now()
    const reads = request.method === 'GET' || request.method === 'HEAD'
    const tag = reads ? request.headers.get('if-none-match') : null
    const hot = reads ? this.#hot.get(path, nowMs, tag) : undefined
    if (hot !== undefined) return this.#sendHit(request, hot, nowMs)

    const slash = path.indexOf('/', 1)
    const ecosystem = this.#byPrefix.get(slash < 0 ? path.slice(1) : path.slice(1, slash))
    if (ecosystem === undefined || !(reads || ecosystem.takesWrites === true)) return undefined
    const asking = slash < 0 ? '/' : path.slice(slash)
    const fixed = reads ? this.#sendFixed(ecosystem, request, path, asking, nowMs) : undefined
    if (fixed !== undefined) return fixed
    const details = new AskingRequest(request, entrance, ecosystem.id)
    const variant = reads ? ecosystem.variantOf?.(asking, details) : undefined
    let place: string | undefined
    if (variant !== undefined) {
      const encoding = encodingFor(request.headers.get('accept-encoding'))
      place = this.#viewAnswers.placeOf(path, variant, encoding, details.base)
      const seen = this.#viewAnswers.get(place, nowMs, tag)
      if (seen !== undefined) return this.#sendHit(request, seen, nowMs)
    }
    const opening = this.#options.opening?.(ecosystem.id)
    if (opening !== undefined) return opening.then(() => this.#askAgain(request, asked, entrance))
    return this.#ask(ecosystem, request, path, ecosystem.parse(asking, details), entrance, place, nowMs)
  }

  async #askAgain(request: Request, asked: string, entrance: Entrance): Promise<Response> {
    return (await this.handle(request, asked, entrance)) ?? new Response(null, { status: 404 })
  }

  #ask(
    ecosystem: Ecosystem,
    request: Request,
    path: string,
    asked: Asked,
    entrance: Entrance,
    place: string | undefined,
    nowMs: number,
  ): Response | Promise<Response> {
    if (asked.kind === 'answer') return this.#replies.local(ecosystem.id, request, asked.answer, nowMs)
    const sought = soughtIn(asked)
    const refusal =
      this.#options.gate(ecosystem.id, sought.name) ??
      (sought.isPrivate === true
        ? refusePrivate(request, entrance, this.#options.accessTokens(), sought.name)
        : undefined) ??
      refuseLoop(request, this.#options.instanceId, ecosystem.id, sought.name)
    if (refusal !== undefined) {
      const refused: Refused = { kind: 'refused', refusal, remembered: false }
      return this.#replies.refuse(ecosystem, sought, request, refused, nowMs)
    }
    switch (asked.kind) {
      case 'resource':
        return this.#askResource(ecosystem, asked.resource, request, path, nowMs)
      case 'view':
        return this.#askView(ecosystem, asked.view, request, place, nowMs).catch((error: unknown) =>
          this.#replies.crashed(ecosystem, sought, request, error, nowMs),
        )
      case 'forward':
        return this.#options.forwarding
          .pass(ecosystem, asked.forward, request, nowMs)
          .catch((error: unknown) => this.#replies.crashed(ecosystem, sought, request, error, nowMs))
    }
  }

  #askResource(
    ecosystem: Ecosystem,
    resource: Resource,
    request: Request,
    path: string,
    nowMs: number,
  ): Response | Promise<Response> {
    const outcome =
      request.method === 'HEAD' ? this.#options.cache.askWhole(resource) : this.#options.cache.ask(resource)
    this.#options.ahead.asked(resource, this.#isCold(request, resource, outcome))
    if (outcome instanceof Promise) {
      return outcome.then(
        (settled) => this.#answer(ecosystem, resource, request, path, settled, nowMs),
        (error: unknown) => this.#replies.crashed(ecosystem, resource, request, error, nowMs),
      )
    }
    return this.#answer(ecosystem, resource, request, path, outcome, nowMs)
  }

  async #askView(
    ecosystem: Ecosystem,
    view: View,
    request: Request,
    place: string | undefined,
    startedAtMs: number,
  ): Promise<Response> {
    const encoding: Encoding = encodingFor(request.headers.get('accept-encoding'))
    this.#options.ahead.asked(view.of, this.#options.cache.peek(view.of.key) === undefined)
    using watch = this.#viewAnswers.watch(view)
    const seen = await this.#options.views.ask(view, encoding)
    if (seen.kind === 'refused') return this.#replies.refuse(ecosystem, view.of, request, seen, startedAtMs)
    this.#options.ahead.answered(view.of, seen.of.object)
    this.#options.touch(seen.object.key)
    this.#options.touch(view.of.key)
    const answer = renderView(view, seen, startedAtMs)
    const isHot = seen.of.kind === 'hit' && view.of.isPrivate !== true
    if (isHot && place !== undefined && !watch.isVoid) this.#viewAnswers.set(place, view, answer)
    return this.#sendAnswer(request, answer, seen.of, startedAtMs)
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
        return this.#replies.refuse(ecosystem, resource, request, outcome, startedAtMs)
      case 'filling':
        return streamed(resource, request, outcome, { startedAtMs, report: this.#options.report })
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
    this.#options.ahead.answered(resource, outcome.object)
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
      const isHot = resource.isPrivate !== true && canBeForgotten(path, resource.key)
      if (isHot && this.#hot.admits(path)) this.#hot.set(path, answer)
    }
    return this.#sendAnswer(request, answer, outcome, startedAtMs)
  }

  #sendAnswer(request: Request, answer: SendableAnswer, outcome: Kept, startedAtMs: number): Response {
    const response = send(request, answer)
    this.#options.report({
      ecosystem: answer.ecosystem,
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
}

function byPrefix(ecosystems: readonly Ecosystem[]): ReadonlyMap<string, Ecosystem> {
  return new Map(ecosystems.map((ecosystem) => [ecosystem.id, ecosystem]))
}

/** The spellings that `HotAnswers.forget` finds; any other percent-encoding would outlive its bytes. */
function canBeForgotten(path: string, key: string): boolean {
  return path === `/${key}` || path === `/${key.replaceAll('!', '%21')}`
}
