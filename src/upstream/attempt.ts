/** One request under way: what it teaches about its source, and the report that it ends with. */

import type { Ask, Reply } from './reply.ts'
import { isUnreachable } from './source-health.ts'
import type { SourceRecords } from './source-record.ts'
import type { UpstreamFailure } from './upstream.ts'

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

interface AttemptOptions {
  readonly records: SourceRecords
  readonly now: () => number
  readonly onAttempt: ((report: AttemptReport) => void) | undefined
}

/** Follows one request to its end, for the record and the report. */
export class Attempt {
  readonly #ask: Ask
  readonly #options: AttemptOptions
  readonly #onOver: (failure: UpstreamFailure | undefined) => void
  readonly #started = performance.now()
  #firstByteMs: number | undefined
  #status: number | undefined
  #over = false
  bytes = 0
  /** The body came to its end. */
  whole = false

  constructor(
    ask: Ask,
    options: AttemptOptions,
    onOver: (failure: UpstreamFailure | undefined) => void = () => undefined,
  ) {
    this.#ask = ask
    this.#options = options
    this.#onOver = onOver
  }

  answered(status: number): void {
    this.#status = status
    this.#firstByteMs = performance.now() - this.#started
  }

  /** The answer is one that a source should give. */
  welcome(): void {
    const { source, request } = this.#ask
    const { health } = this.#options.records.of(source.id)
    health[request.shape].answered(this.#firstByteMs ?? 0)
    health[otherThan(request.shape)].reached()
  }

  over(reply: { readonly kind: Reply['kind']; readonly failure?: UpstreamFailure }): void {
    if (this.#over) return
    this.#over = true
    const { list, source, request } = this.#ask
    const failure = reply.failure
    this.#onOver(failure)
    const tookMs = performance.now() - this.#started
    const record = this.#options.records.of(source.id)
    record.bytes += this.bytes
    const health = record.health[request.shape]
    if (failure === undefined) {
      if (this.#status !== undefined) health.succeeded()
      if (this.whole) health.carried(this.bytes, tookMs - (this.#firstByteMs ?? 0))
    } else if (failure.code !== 'aborted') {
      record.failed(failure, this.#options.now())
      if (failure.code !== 'throttled' && failure.code !== 'too-large')
        health.failed(failure, this.#options.now())
      // What cannot be connected to for one class of requests cannot be for the other.
      if (isUnreachable(failure)) record.health[otherThan(request.shape)].failed(failure, this.#options.now())
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
      tookMs,
    })
  }
}

function otherThan(shape: 'metadata' | 'blob'): 'metadata' | 'blob' {
  return shape === 'blob' ? 'metadata' : 'blob'
}
