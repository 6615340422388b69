/** The metrics that Posthaste has, and how what happens is counted into them. */

import { type Counter, type Labelled, MetricRegistry, type Reading } from './metrics.ts'
import { type ProcessReadings, registerProcess } from './process-readings.ts'
import { registerSources, type SourceReadings } from './source-readings.ts'

/** What is read of the store at each scrape; sizes in bytes, times in milliseconds since the epoch. */
export interface StoreReadings {
  readonly objects: number
  readonly bytes: number
  readonly maxBytes: number
  readonly unproved: number
  readonly quarantined: number
  readonly quarantineBytes: number
  readonly stagedBytes: number
  readonly evictedObjects: number
  readonly evictedBytes: number
  readonly rebuilding: boolean
  readonly lastScrubAtMs: number | undefined
}

export interface PosthasteMetricsOptions {
  readonly version: string
  /** The runtime with its version: `bun 1.4.5`. */
  readonly runtime: string
  readonly store: () => StoreReadings
  readonly process: ProcessReadings
  /** Log lines that were dropped so far. */
  readonly droppedLines: () => number
  readonly sources: () => readonly SourceReadings[]
}

/** One request to one source. */
export interface AttemptReport {
  readonly list: string
  readonly source: string
  readonly bytes: number
  /** Undefined when it went well; else the failure's stable code. */
  readonly code?: string | undefined
  readonly firstByteMs?: number | undefined
}

export interface FillReport {
  readonly ecosystem: string
  readonly outcome: string
  readonly bytes: number
  readonly tookMs: number
}

/** Downloads last: the usual buckets for HTTP, continued to five minutes. */
const FILL_BOUNDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const FIRST_BYTE_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]

export interface PosthasteMetrics {
  /** The counter of one ecosystem's requests with one outcome; hold on to it, then counting is two additions. */
  requestCounter(ecosystem: string, outcome: string): (sentBytes: number) => void
  /** For what is no hit: a hit is over in no time, and costs no look-up. */
  requestTook(ecosystem: string, outcome: string, tookMs: number): void
  fillStarted(ecosystem: string): void
  fillJoined(ecosystem: string): void
  fillEnded(report: FillReport): void
  attempted(report: AttemptReport): void
  integrityFailed(report: {
    readonly ecosystem: string
    readonly source: string
    readonly stage: string
  }): void
  storeFailed(code: string): void
  totals(): Totals
  /** Prometheus text, version 0.0.4. Throws what a reading throws. */
  render(): string
}

/** Since the start, over all ecosystems; for the page that people see. */
export interface Totals {
  readonly requests: number
  readonly hits: number
  readonly sentBytes: number
  readonly fetchedBytes: number
}

export function createPosthasteMetrics(options: PosthasteMetricsOptions): PosthasteMetrics {
  const registry = new MetricRegistry()
  registerProcess(registry, options.process)
  registerStore(registry, options.store)
  registerSources(registry, options.sources)
  registry.observe('posthaste_build_info', 'gauge', 'What is running; always 1.', () => [
    { labels: { version: options.version, runtime: options.runtime }, value: 1 },
  ])
  registry.observe(
    'posthaste_log_dropped_lines_total',
    'counter',
    'Log lines dropped because their reader was too slow.',
    options.droppedLines,
  )
  const requests = registry.counters('posthaste_http_requests_total', 'Requests answered.', [
    'ecosystem',
    'outcome',
  ])
  const sent = registry.counters('posthaste_http_response_bytes_total', 'Body bytes sent to clients.', [
    'ecosystem',
    'outcome',
  ])
  const seconds = registry.histograms(
    'posthaste_http_request_duration_seconds',
    'From the request to the end of its answer, hits left out.',
    ['ecosystem', 'outcome'],
    FILL_BOUNDS,
  )
  const fills = registerFills(registry)
  const upstream = registerUpstream(registry)
  const integrity = registry.counters(
    'posthaste_integrity_failures_total',
    'Bodies that contradicted their proof, by where that was noticed.',
    ['ecosystem', 'source', 'stage'],
  )
  const storeFailures = registry.counters(
    'posthaste_store_failures_total',
    'Bodies that the store could not keep.',
    ['code'],
  )
  return {
    requestCounter: (ecosystem, outcome) => {
      const count = requests.with(ecosystem, outcome)
      const bytes = sent.with(ecosystem, outcome)
      return (sentBytes) => {
        count.value++
        bytes.value += sentBytes
      }
    },
    requestTook: (ecosystem, outcome, tookMs) => seconds.with(ecosystem, outcome).observe(tookMs / 1000),
    ...fills,
    attempted: upstream.attempted,
    integrityFailed: ({ ecosystem, source, stage }) => integrity.with(ecosystem, source, stage).inc(),
    storeFailed: (code) => storeFailures.with(code).inc(),
    totals: () => ({
      requests: sum(requests),
      hits: sum(requests, (labels) => labels.endsWith('outcome="hit"')),
      sentBytes: sum(sent),
      fetchedBytes: sum(upstream.received),
    }),
    render: () => registry.render(),
  }
}

function sum(family: Labelled<Counter>, only: (labels: string) => boolean = () => true): number {
  return family.entries().reduce((total, [labels, { value }]) => (only(labels) ? total + value : total), 0)
}

function registerFills(
  registry: MetricRegistry,
): Pick<PosthasteMetrics, 'fillStarted' | 'fillJoined' | 'fillEnded'> {
  const running = new Map<string, number>()
  const fills = registry.counters('posthaste_fills_total', 'Fetches into the store that ended.', [
    'ecosystem',
    'outcome',
  ])
  const joins = registry.counters('posthaste_fill_joins_total', "Requests that joined another one's fetch.", [
    'ecosystem',
  ])
  const bytes = registry.counters('posthaste_fill_bytes_total', 'Body bytes that fetches brought.', [
    'ecosystem',
  ])
  const seconds = registry.histograms(
    'posthaste_fill_duration_seconds',
    'How long fetches lasted, proof included.',
    ['ecosystem'],
    FILL_BOUNDS,
  )
  registry.observe('posthaste_fills_running', 'gauge', 'Fetches under way.', () =>
    Array.from(running, ([ecosystem, value]) => ({ labels: { ecosystem }, value })),
  )
  const change = (ecosystem: string, by: number) => {
    running.set(ecosystem, (running.get(ecosystem) ?? 0) + by)
  }
  return {
    fillStarted: (ecosystem) => change(ecosystem, 1),
    fillJoined: (ecosystem) => joins.with(ecosystem).inc(),
    fillEnded: (report) => {
      change(report.ecosystem, -1)
      fills.with(report.ecosystem, report.outcome).inc()
      bytes.with(report.ecosystem).inc(report.bytes)
      seconds.with(report.ecosystem).observe(report.tookMs / 1000)
    },
  }
}

function registerUpstream(registry: MetricRegistry): {
  attempted: (report: AttemptReport) => void
  received: Labelled<Counter>
} {
  const labels = ['list', 'source']
  const requests = registry.counters('posthaste_upstream_requests_total', 'Requests to sources.', labels)
  const received = registry.counters(
    'posthaste_upstream_received_bytes_total',
    'Body bytes that sources sent.',
    labels,
  )
  const errors = registry.counters(
    'posthaste_upstream_errors_total',
    'Requests to sources that failed, by code.',
    [...labels, 'code'],
  )
  const firstByte = registry.histograms(
    'posthaste_upstream_first_byte_seconds',
    'From the request to the first byte of the answer.',
    labels,
    FIRST_BYTE_BOUNDS,
  )
  return {
    received,
    attempted: ({ list, source, bytes, code, firstByteMs }) => {
      requests.with(list, source).inc()
      received.with(list, source).inc(bytes)
      if (code !== undefined) errors.with(list, source, code).inc()
      if (firstByteMs !== undefined) firstByte.with(list, source).observe(firstByteMs / 1000)
    },
  }
}

type StoreMetric = readonly [name: string, help: string, read: (store: StoreReadings) => number | undefined]

const STORE_METRICS: readonly StoreMetric[] = [
  ['store_objects', 'Objects kept.', (store) => store.objects],
  ['store_size_bytes', 'Disk space that counts against the bound.', (store) => store.bytes],
  ['store_limit_bytes', 'The bound on disk space.', (store) => store.maxBytes],
  ['store_staged_bytes', 'Reserved for bodies that are on their way in.', (store) => store.stagedBytes],
  ['store_unproved_objects', 'Objects kept without a proof so far.', (store) => store.unproved],
  ['store_quarantined_objects', 'Bodies put aside as evidence.', (store) => store.quarantined],
  ['store_quarantine_size_bytes', 'Disk space of what was put aside.', (store) => store.quarantineBytes],
  ['store_evicted_objects_total', 'Objects evicted to keep the bound.', (store) => store.evictedObjects],
  ['store_evicted_bytes_total', 'Bytes evicted to keep the bound.', (store) => store.evictedBytes],
  ['store_rebuilding', '1 while the index is being rebuilt.', (store) => (store.rebuilding ? 1 : 0)],
  [
    'store_scrub_last_completed_timestamp_seconds',
    'When everything kept was last read and found whole or mended; absent before.',
    (store) => (store.lastScrubAtMs === undefined ? undefined : store.lastScrubAtMs / 1000),
  ],
]

function registerStore(registry: MetricRegistry, store: () => StoreReadings): void {
  for (const [name, help, read] of STORE_METRICS) {
    const type = name.endsWith('_total') ? 'counter' : 'gauge'
    registry.observe(`posthaste_${name}`, type, help, () => {
      const value = read(store())
      return value === undefined ? NOTHING : value
    })
  }
}

const NOTHING: readonly Reading[] = []
