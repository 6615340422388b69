import { describe, expect, test } from 'bun:test'
import { closeSync, openSync } from 'node:fs'
import { createPosthasteMetrics, type StoreReadings } from './posthaste-metrics.ts'
import { type ProcessReadings, readProcess } from './process-readings.ts'
import type { SourceReadings } from './source-readings.ts'

const store: StoreReadings = {
  objects: 3,
  bytes: 1000,
  maxBytes: 5000,
  unproved: 1,
  quarantined: 2,
  quarantineBytes: 20,
  stagedBytes: 7,
  evictedObjects: 4,
  evictedBytes: 400,
  rebuilding: false,
  lastScrubAtMs: undefined,
}
const readings: ProcessReadings = {
  residentBytes: () => 50_000_000,
  cpuSeconds: () => 1.5,
  openFds: () => 12,
  loopLagSeconds: () => 0.002,
  startedAtMs: 1_700_000_000_000,
}

const sources: readonly SourceReadings[] = [
  {
    list: 'go',
    id: 'mirror.example',
    classes: {
      metadata: { state: 'suspect', firstByteMs: 250, bytesPerSecond: undefined },
      blob: { state: 'healthy', firstByteMs: undefined, bytesPerSecond: 5_000_000 },
    },
    lag: { behind: 3, atLeastMs: 7_200_000 },
  },
]

test('each source has its state, averages and lag', () => {
  const { value } = setUp()
  const of = (name: string, rest = '') =>
    value(`posthaste_upstream_${name}{list="go",source="mirror.example"${rest}}`)
  expect(of('state', ',class="metadata",state="suspect"')).toBe('1')
  expect(of('state', ',class="metadata",state="healthy"')).toBe('0')
  expect(of('state', ',class="blob",state="healthy"')).toBe('1')
  expect(of('average_first_byte_seconds', ',class="metadata"')).toBe('0.25')
  expect(of('average_first_byte_seconds', ',class="blob"')).toBeUndefined()
  expect(of('average_bytes_per_second', ',class="blob"')).toBe('5000000')
  expect(of('versions_behind')).toBe('3')
  expect(of('lag_seconds')).toBe('7200')
})

function setUp(readStore: () => StoreReadings = () => store, process: ProcessReadings = readings) {
  const metrics = createPosthasteMetrics({
    version: '0.1.0',
    runtime: 'bun 1.4.5',
    store: readStore,
    process,
    droppedLines: () => 9,
    sources: () => sources,
  })
  const value = (series: string) =>
    metrics
      .render()
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1)
  return { metrics, value }
}

describe('Posthaste metrics', () => {
  test('requests are counted by ecosystem and outcome, with their bytes', () => {
    const { metrics, value } = setUp()
    const hit = metrics.requestCounter('go', 'hit')
    hit(100)
    hit(50)
    metrics.requestCounter('go', 'hit')(1)
    metrics.requestCounter('go', 'filled')(7)
    metrics.attempted({ list: 'go', source: 'goproxy.cn', bytes: 7 })
    expect(value('posthaste_http_requests_total{ecosystem="go",outcome="hit"}')).toBe('3')
    expect(value('posthaste_http_response_bytes_total{ecosystem="go",outcome="hit"}')).toBe('151')
    expect(value('posthaste_http_requests_total{ecosystem="go",outcome="filled"}')).toBe('1')
    expect(metrics.totals()).toEqual({ requests: 4, hits: 3, sentBytes: 158, fetchedBytes: 7 })
  })

  test('how long requests took, by outcome', () => {
    const { metrics, value } = setUp()
    metrics.requestTook('go', 'filled', 300)
    metrics.requestTook('go', 'filled', 3000)
    metrics.requestTook('go', 'denied', 1)
    const of = (labels: string) => value(`posthaste_http_request_duration_seconds_${labels}`)
    expect(of('bucket{ecosystem="go",outcome="filled",le="0.5"}')).toBe('1')
    expect(of('sum{ecosystem="go",outcome="filled"}')).toBe('3.3')
    expect(of('count{ecosystem="go",outcome="denied"}')).toBe('1')
  })

  test('fills, those under way, and joins', () => {
    const { metrics, value } = setUp()
    metrics.fillStarted('go')
    metrics.fillStarted('go')
    metrics.fillJoined('go')
    metrics.fillEnded({ ecosystem: 'go', outcome: 'stored', bytes: 300, tookMs: 1500 })
    expect(value('posthaste_fills_running{ecosystem="go"}')).toBe('1')
    expect(value('posthaste_fills_total{ecosystem="go",outcome="stored"}')).toBe('1')
    expect(value('posthaste_fill_joins_total{ecosystem="go"}')).toBe('1')
    expect(value('posthaste_fill_bytes_total{ecosystem="go"}')).toBe('300')
    expect(value('posthaste_fill_duration_seconds_bucket{ecosystem="go",le="1"}')).toBe('0')
    expect(value('posthaste_fill_duration_seconds_bucket{ecosystem="go",le="2.5"}')).toBe('1')
  })

  test('requests to sources, and their errors by code', () => {
    const { metrics, value } = setUp()
    metrics.attempted({ list: 'go', source: 'goproxy.cn', bytes: 10, firstByteMs: 30 })
    metrics.attempted({ list: 'go', source: 'goproxy.cn', bytes: 0, code: 'timeout' })
    const of = 'list="go",source="goproxy.cn"'
    expect(value(`posthaste_upstream_requests_total{${of}}`)).toBe('2')
    expect(value(`posthaste_upstream_errors_total{${of},code="timeout"}`)).toBe('1')
    expect(value(`posthaste_upstream_received_bytes_total{${of}}`)).toBe('10')
    expect(value(`posthaste_upstream_first_byte_seconds_count{${of}}`)).toBe('1')
  })

  test('failures of proof and of the store', () => {
    const { metrics, value } = setUp()
    metrics.integrityFailed({ ecosystem: 'go', source: 'mirror.example', stage: 'held' })
    metrics.storeFailed('store.full')
    const labels = 'ecosystem="go",source="mirror.example",stage="held"'
    expect(value(`posthaste_integrity_failures_total{${labels}}`)).toBe('1')
    expect(value('posthaste_store_failures_total{code="store.full"}')).toBe('1')
  })

  test('the store and the process are read at each scrape', () => {
    let now = store
    const { value } = setUp(() => now)
    expect(value('posthaste_store_size_bytes')).toBe('1000')
    expect(value('posthaste_store_limit_bytes')).toBe('5000')
    expect(value('posthaste_store_evicted_bytes_total')).toBe('400')
    expect(value('posthaste_store_rebuilding')).toBe('0')
    expect(value('posthaste_store_scrub_last_completed_timestamp_seconds')).toBeUndefined()
    now = { ...store, bytes: 2000, rebuilding: true, lastScrubAtMs: 5000 }
    expect(value('posthaste_store_size_bytes')).toBe('2000')
    expect(value('posthaste_store_rebuilding')).toBe('1')
    expect(value('posthaste_store_scrub_last_completed_timestamp_seconds')).toBe('5')
    expect(value('process_resident_memory_bytes')).toBe('50000000')
    expect(value('process_start_time_seconds')).toBe('1700000000')
    expect(value('posthaste_event_loop_lag_seconds')).toBe('0.002')
    expect(value('posthaste_log_dropped_lines_total')).toBe('9')
    expect(value('posthaste_build_info{version="0.1.0",runtime="bun 1.4.5"}')).toBe('1')
  })

  test('what the system does not tell is left out', () => {
    const { value } = setUp(() => store, { ...readings, openFds: () => undefined })
    expect(value('process_open_fds')).toBeUndefined()
  })

  test('every name has a prefix, a help and a base unit or none', () => {
    const families =
      setUp()
        .metrics.render()
        .match(/^# HELP .+$/gm) ?? []
    expect(families.length).toBeGreaterThan(20)
    for (const family of families) {
      expect(family).toMatch(/^# HELP (posthaste|process)_[a-z_]+ [A-Z1].+\.$/)
      expect(family).not.toMatch(/_(ms|milliseconds|kb|mb)(_|\s)/)
    }
  })
})

describe('readProcess', () => {
  test('reads this process', () => {
    using reading = readProcess()
    expect(reading.residentBytes()).toBeGreaterThan(1_000_000)
    expect(reading.cpuSeconds()).toBeGreaterThan(0)
    expect(reading.startedAtMs).toBeLessThanOrEqual(Date.now())
    expect(reading.loopLagSeconds()).toBeGreaterThanOrEqual(0)
  })

  test.skipIf(process.platform !== 'linux')('counts descriptors', () => {
    using reading = readProcess()
    const before = reading.openFds() ?? 0
    const opened = Array.from({ length: 3 }, () => openSync('/dev/null', 'r'))
    const after = reading.openFds() ?? 0
    for (const fd of opened) closeSync(fd)
    expect(after - before).toBe(3)
  })
})
