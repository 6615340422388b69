/** The time that a build would take, from what was measured. Pure. */

import type { ReferenceBuild } from './catalogue.ts'
import type { Measurement } from './measurement.ts'

/** The terms of a prediction; times in milliseconds, `bytesPerSecond` as the name says. */
export interface Prediction {
  /** DNS, TCP and TLS, once; 0 through a proxy, where they cannot be seen. */
  readonly connectMs: number
  /** How many requests follow one another: all of them, divided by those under way at a time. */
  readonly roundTrips: number
  /** The median time of the first byte, and half of what the slow ones take longer. */
  readonly latencyMs: number
  readonly medianMs: number
  readonly p95Ms: number
  /** The median of the downloads that came, times their share of all. */
  readonly bytesPerSecond: number
  /** Requests that failed, of all. */
  readonly errorRate: number
  readonly totalMs: number
  /** The same by each round alone, for judging whether a difference repeats; Infinity for one that gave no sample. */
  readonly perRoundMs: readonly number[]
}

/** Undefined when there is no sample of one kind. */
export function predict(measurement: Measurement, reference: ReferenceBuild): Prediction | undefined {
  const { reach, rounds, requests, errors } = measurement
  const connectMs = reach === undefined ? 0 : reach.dnsMs + reach.tcpMs + (reach.tlsMs ?? 0)
  const firstBytes = rounds.flatMap(({ firstByteMs }) => firstByteMs)
  const downloads = rounds.flatMap(({ bytesPerSecond }) => bytesPerSecond ?? [])
  const rates = downloads.filter((rate) => rate > 0)
  const medianMs = quantile(firstBytes, 0.5)
  const p95Ms = quantile(firstBytes, 0.95)
  const rate = quantile(rates, 0.5)
  if (medianMs === undefined || p95Ms === undefined || rate === undefined) return undefined
  const bytesPerSecond = (rate * rates.length) / downloads.length
  const roundTrips = Math.ceil(reference.requests / reference.concurrency)
  const latencyMs = medianMs + (p95Ms - medianMs) / 2
  const errorRate = requests === 0 ? 0 : Math.min(errors / requests, 0.9)
  const total = (latency: number, rate: number) =>
    (connectMs + roundTrips * latency + (reference.bytes / rate) * 1000) / (1 - errorRate)
  const perRoundMs = rounds.map((round) =>
    total(quantile(round.firstByteMs, 0.5) ?? Number.POSITIVE_INFINITY, round.bytesPerSecond ?? 0),
  )
  return {
    connectMs,
    roundTrips,
    latencyMs,
    medianMs,
    p95Ms,
    bytesPerSecond,
    errorRate,
    totalMs: total(latencyMs, bytesPerSecond),
    perRoundMs,
  }
}

/** Linear between the two nearest; undefined for no values. */
export function quantile(values: readonly number[], q: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const low = sorted[Math.floor(at)]
  const high = sorted[Math.ceil(at)]
  return low === undefined || high === undefined ? undefined : low + (high - low) * (at - Math.floor(at))
}
