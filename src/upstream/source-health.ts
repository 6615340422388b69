/** How well a source does for one class of requests: averages, a state, and when it may be tried again. */

import type { UpstreamFailure } from './upstream.ts'

/**
 * - `healthy`: used by its score.
 * - `suspect`: failed lately, still used, behind its equals.
 * - `out`: failed again and again; left alone for a while.
 * - `probing`: one request finds out whether it is back.
 */
export type HealthState = 'healthy' | 'suspect' | 'out' | 'probing'

export interface HealthSnapshot {
  readonly state: HealthState
  /** No connection can be made, so asking is pointless; otherwise the last resort is asked even when out. */
  readonly unreachable: boolean
  /** It failed lately and its pause is over: one request may try it, though others are better. */
  readonly due: boolean
  readonly samples: number
  /** Moving averages; undefined before the first sample. */
  readonly firstByteMs: number | undefined
  readonly bytesPerMs: number | undefined
  /** 0 to 1, of the last dozen or so. */
  readonly errorRate: number
  /** Of the last 64, once there are enough. */
  readonly p95Ms: number | undefined
}

const weight = 0.2
/** This many failures in a row put a source out; a single one may be the request's fault. */
const failuresUntilOut = 3
/** One lost handshake is the network's whim, two in a row are an outage. */
const failuresUntilUnreachable = 2
const firstPauseMs = 1000
const longestPauseMs = 60_000
const samplesForP95 = 20
const keptSamples = 64
/** Sorting at every answer would cost more than a p95 that is a little old. */
const samplesPerSort = 10
/** Below this, a body says more about latency than about throughput. */
const measurableBytes = 128 * 1024

export class SourceHealth {
  #samples = 0
  #firstByteMs: number | undefined
  #bytesPerMs: number | undefined
  #p95Ms: number | undefined
  #errorRate = 0
  #inARow = 0
  #unreachable = false
  #trips = 0
  #retryAtMs = 0
  #failedAtMs = 0
  #probe: Promise<void> | undefined
  #lastFailure: UpstreamFailure | undefined
  readonly #recent: number[] = []

  snapshot(nowMs: number): HealthSnapshot {
    const out = this.#inARow >= failuresUntilOut || this.#unreachable
    const state =
      this.#probe !== undefined ? 'probing' : out ? 'out' : this.#inARow > 0 ? 'suspect' : 'healthy'
    return {
      state,
      unreachable: this.#unreachable,
      due: this.#inARow > 0 && this.#probe === undefined && nowMs >= this.#retryAtMs,
      samples: this.#samples,
      firstByteMs: this.#firstByteMs,
      bytesPerMs: this.#bytesPerMs,
      errorRate: this.#errorRate,
      p95Ms: this.#p95Ms,
    }
  }

  get lastFailure(): UpstreamFailure | undefined {
    return this.#lastFailure
  }

  /** The request that tries an `out` source, while it is under way. */
  get probe(): Promise<void> | undefined {
    return this.#probe
  }

  /** Until `done` settles, this source is being tried by one request. */
  startProbe(done: Promise<unknown>, nowMs: number): void {
    this.#retryAtMs = nowMs + this.#pauseMs()
    const over = () => {
      if (this.#probe === probe) this.#probe = undefined
    }
    const probe: Promise<void> = done.then(over, over)
    this.#probe = probe
  }

  /** The head of an answer is here; its body may still fail. */
  answered(firstByteMs: number): void {
    this.#samples++
    this.#firstByteMs = average(this.#firstByteMs, firstByteMs)
    this.#unreachable = false
    this.#recent.push(firstByteMs)
    if (this.#recent.length > keptSamples) this.#recent.shift()
    if (this.#samples % samplesPerSort === 0) this.#p95Ms = this.#p95()
  }

  /** An answer of the other class shows that connections can be made. */
  reached(): void {
    if (this.#lastFailure === undefined || !isUnreachable(this.#lastFailure)) return
    this.#unreachable = false
    this.#inARow = 0
    this.#trips = 0
  }

  /** An answer was good to its end, as far as it was wanted. */
  succeeded(): void {
    this.#errorRate *= 1 - weight
    this.#inARow = 0
    this.#trips = 0
  }

  carried(bytes: number, bodyMs: number): void {
    if (bytes >= measurableBytes && bodyMs > 0) this.#bytesPerMs = average(this.#bytesPerMs, bytes / bodyMs)
  }

  /** Another was faster, so it was cut off: nobody knows by how much, so it is taken for twice as slow. */
  slowerThan(elapsedMs: number): void {
    this.#samples++
    this.#firstByteMs = average(this.#firstByteMs, Math.max(2 * elapsedMs, this.#firstByteMs ?? 0))
  }

  failed(failure: UpstreamFailure, nowMs: number): void {
    this.#lastFailure = failure
    this.#failedAtMs = nowMs
    this.#errorRate = average(this.#errorRate, 1)
    this.#inARow++
    this.#unreachable = isUnreachable(failure) && this.#inARow >= failuresUntilUnreachable
    this.#retryAtMs = nowMs + this.#pauseMs()
    if (this.#inARow >= failuresUntilOut || this.#unreachable) this.#trips = Math.min(this.#trips + 1, 10)
  }

  /** Nobody else is left: the pause is cut to its shortest, so that a network that returns is noticed at once. */
  isDueAlone(nowMs: number): boolean {
    return this.#probe === undefined && nowMs >= this.#failedAtMs + firstPauseMs
  }

  #pauseMs(): number {
    return Math.min(longestPauseMs, firstPauseMs * 2 ** this.#trips)
  }

  #p95(): number | undefined {
    if (this.#recent.length < samplesForP95) return undefined
    const sorted = this.#recent.toSorted((left, right) => left - right)
    return sorted[Math.floor(sorted.length * 0.95)]
  }
}

/** Before any request was carried; it says nothing about what was asked for. */
export function isUnreachable({ code }: UpstreamFailure): boolean {
  return code === 'dns' || code === 'connect' || code === 'tls' || code === 'proxy'
}

function average(old: number | undefined, sample: number): number {
  return old === undefined ? sample : old + weight * (sample - old)
}
