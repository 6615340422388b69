import { createHash } from 'node:crypto'
import type { Refused } from '../cache/outcome.ts'
import type { Ecosystem, Forward, Refusal, Sought } from '../ecosystems/ecosystem.ts'
import type { Sent, Upstream } from '../upstream/upstream.ts'
import { HOP_HEADER } from './hops.ts'
import { type RelayedRequest, Replies } from './replies.ts'
import { RequestBodies } from './request-bodies.ts'

export interface ForwardingOptions {
  readonly upstream: Pick<Upstream, 'send'>
  readonly report: (relayed: RelayedRequest) => void
  readonly now?: () => number
  /** @default those of the server */
  readonly bodies?: RequestBodies
}

/** The headers of an answer that a client gets to see. */
const PASSED_BACK = [
  'content-type',
  'www-authenticate',
  'npm-notice',
  'npm-auth-type',
  'retry-after',
  'etag',
  'last-modified',
] as const

/** Answers that are given again are few and small: bulk audits of the same tree. */
const MAX_REMEMBERED = 64
const MAX_REMEMBERED_BYTES = 1024 * 1024

type Answered = Extract<Sent, { kind: 'answered' }>

interface Remembered {
  readonly sent: Answered
  readonly untilMs: number
}

/** Passes requests on to a source, and its answers back: what is not a package, so that nothing of it is kept. */
export class Forwarding {
  readonly #options: ForwardingOptions
  readonly #replies: Replies
  readonly #now: () => number
  readonly #bodies: RequestBodies
  readonly #remembered = new Map<string, Remembered>()

  constructor(options: ForwardingOptions) {
    this.#options = options
    this.#replies = new Replies(options.report)
    this.#now = options.now ?? Date.now
    this.#bodies = options.bodies ?? new RequestBodies()
  }

  async pass(
    ecosystem: Ecosystem,
    forward: Forward,
    request: Request,
    startedAtMs: number,
  ): Promise<Response> {
    const sought: Sought = { name: forward.name, kind: 'forward', path: forward.path, missMs: 0 }
    const refuse = (refusal: Refusal, source?: string) => {
      const outcome: Refused = { kind: 'refused', refusal, remembered: false, ...(source ? { source } : {}) }
      return this.#replies.refuse(ecosystem, sought, request, outcome, startedAtMs)
    }
    using held = this.#bodies.holding()
    const read = await held.read(request, forward.maxRequestBytes)
    if (read.kind !== 'read') return refuse(refusalOf(read.kind, forward))
    let { body } = read
    if (body !== undefined && forward.rewrite !== undefined) {
      const rewritten = forward.rewrite(body)
      if ('answer' in rewritten)
        return this.#replies.local(ecosystem.id, request, rewritten.answer, startedAtMs)
      body = rewritten.body
    }

    const memo = forward.freshMs > 0 && forward.isPrivate !== true ? memoKey(forward, body) : undefined
    const remembered = memo === undefined ? undefined : this.#remembered.get(memo)
    if (remembered !== undefined && this.#now() < remembered.untilMs) {
      return this.#answer(forward, request, remembered.sent, startedAtMs)
    }
    const hops = request.headers.get(HOP_HEADER)
    const sent = await this.#options.upstream.send({
      sources: forward.sources,
      path: forward.path,
      method: forward.method,
      // Ours is added on the way; without those before it two relays that name each other would never stop.
      headers: hops === null ? forward.headers : { ...forward.headers, [HOP_HEADER]: hops },
      body,
      maxBytes: forward.maxBytes,
      // What may be given again may be asked again.
      safe: forward.freshMs > 0,
      signal: request.signal,
    })
    if (sent.kind === 'not-configured' || sent.kind === 'off') {
      const reason = `no source takes ${forward.method} requests for ${ecosystem.id}`
      return refuse({
        kind: 'not-configured',
        reason,
        hint: `set ${ecosystem.id}.upstream in posthaste.yaml`,
      })
    }
    if (sent.kind === 'failed') {
      const { message, hint, retryAfterMs } = sent.failure
      return refuse({
        kind: 'upstream-failed',
        reason: message,
        ...(hint === undefined ? {} : { hint }),
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      })
    }
    if (sent.status > 599) {
      const reason = `${sent.source} answered ${sent.status}, which is no status of HTTP`
      return refuse({ kind: 'upstream-failed', reason }, sent.source)
    }
    const mediaType = (sent.headers['content-type'] ?? '').toLowerCase()
    const isFine = sent.status >= 200 && sent.status < 300
    if (isFine && sent.body.byteLength > 0 && !forward.accepts.some((start) => mediaType.startsWith(start))) {
      const got = mediaType === '' ? 'no media type' : mediaType
      return refuse(
        { kind: 'upstream-failed', reason: `${sent.source} answered with ${got}, not ${forward.accepts[0]}` },
        sent.source,
      )
    }
    const shaped = reshaped(forward, sent, request)
    if ('fault' in shaped) {
      const reason = `${sent.source} sent an answer for ${forward.name} that cannot be used: ${shaped.fault}`
      return refuse({ kind: 'upstream-failed', reason }, sent.source)
    }
    if (isFine) forward.taken?.()
    if (memo !== undefined && sent.status === 200) this.#remember(memo, shaped, forward.freshMs)
    return this.#answer(forward, request, shaped, startedAtMs)
  }

  #answer(forward: Forward, request: Request, sent: Answered, startedAtMs: number): Response {
    const headers: Record<string, string> = { 'cache-control': 'no-store' }
    for (const name of PASSED_BACK) {
      const value = sent.headers[name]
      if (value !== undefined) headers[name] = value
    }
    const isHead = request.method === 'HEAD'
    this.#options.report({
      ecosystem: forward.ecosystem,
      outcome: 'forwarded',
      status: sent.status,
      bytes: isHead ? 0 : sent.body.byteLength,
      source: sent.source,
      reason: sent.status >= 500 ? `${sent.source} answered ${sent.status}` : undefined,
      request,
      startedAtMs,
    })
    const isEmpty = isHead || sent.status === 204 || sent.status === 304
    return new Response(isEmpty ? null : sent.body, { status: sent.status, headers })
  }

  #remember(memo: string, sent: Answered, freshMs: number): void {
    if (sent.body.byteLength > MAX_REMEMBERED_BYTES) return
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size >= MAX_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest)
    this.#remembered.set(memo, { sent, untilMs: this.#now() + freshMs })
  }
}

/** Validators are those of the bytes that the source sent, and go with them. */
function reshaped(
  { reshape }: Forward,
  sent: Answered,
  request: Request,
): Answered | { readonly fault: string } {
  if (reshape === undefined || sent.status !== 200 || request.method === 'HEAD') return sent
  try {
    const { etag: _etag, 'last-modified': _lastModified, ...headers } = sent.headers
    return { ...sent, headers, body: reshape(sent.body) }
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) }
  }
}

function refusalOf(problem: 'too-large' | 'stalled' | 'busy', { name, maxRequestBytes }: Forward): Refusal {
  switch (problem) {
    case 'too-large':
      return {
        kind: 'denied',
        status: 400,
        reason: `the request for ${name} has a body of more than ${maxRequestBytes} bytes`,
      }
    case 'stalled':
      return { kind: 'denied', status: 400, reason: `the body of the request for ${name} stopped on its way` }
    case 'busy':
      return {
        kind: 'upstream-failed',
        reason: `too many large requests are being passed on at this moment`,
        hint: 'try again when they are through',
        retryAfterMs: 5_000,
      }
  }
}

function memoKey(forward: Forward, body: Uint8Array | undefined): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([forward.sources, forward.method, forward.path]))
    .update(body ?? '')
  return digest.digest('hex')
}
