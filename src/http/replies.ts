import type { Refused } from '../cache/outcome.ts'
import type { Ecosystem, EcosystemId, Refusal, Rendered, Sought } from '../ecosystems/ecosystem.ts'
import { cacheStatus } from './cache-status.ts'
import { cacheStatusOfRefusal, type OutcomeWord, wordFor } from './cache-words.ts'

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

/** Answers that are complete in themselves, each told once. */
export class Replies {
  readonly #report: (relayed: RelayedRequest) => void

  constructor(report: (relayed: RelayedRequest) => void) {
    this.#report = report
  }

  refuse(
    ecosystem: Ecosystem,
    sought: Sought,
    request: Request,
    outcome: Refused,
    startedAtMs: number,
  ): Response {
    const { refusal } = outcome
    const rendered = ecosystem.refuse(refusal, sought)
    const response = reply(request, rendered, { 'cache-status': cacheStatusOfRefusal(outcome) })
    this.#report({
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

  /** An answer of the adapter's own. */
  local(id: EcosystemId, request: Request, rendered: Rendered, startedAtMs: number): Response {
    this.#report({
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

  /** Something failed in a way that nobody expected. */
  crashed(
    ecosystem: Ecosystem,
    sought: Sought,
    request: Request,
    error: unknown,
    startedAtMs: number,
  ): Response {
    const reason = error instanceof Error ? error.message : String(error)
    const refusal: Refusal = { kind: 'store-failed', reason, hint: 'see the log of the server' }
    const refused: Refused = { kind: 'refused', refusal, remembered: false }
    return this.refuse(ecosystem, sought, request, refused, startedAtMs)
  }
}

function reply(request: Request, rendered: Rendered, extra: Record<string, string>): Response {
  const headers = { ...rendered.headers, ...extra }
  if (request.method !== 'HEAD') return new Response(rendered.body, { status: rendered.status, headers })
  return new Response(null, {
    status: rendered.status,
    headers: { ...headers, 'content-length': String(Buffer.byteLength(rendered.body)) },
  })
}
