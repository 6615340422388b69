/** What the process costs, read when it is asked for. */

import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { MetricRegistry } from './metrics.ts'

export interface ProcessReadings {
  readonly residentBytes: () => number
  readonly cpuSeconds: () => number
  /** Undefined where the system does not tell. */
  readonly openFds: () => number | undefined
  /** The longest delay of the event loop since the last call, in seconds. */
  readonly loopLagSeconds: () => number
  readonly startedAtMs: number
}

const LAG_RESOLUTION_MS = 20

/** This process. `Symbol.dispose` ends the watch over the event loop. */
export function readProcess(): ProcessReadings & Disposable {
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
  lag.enable()
  return {
    residentBytes: () => process.memoryUsage.rss(),
    cpuSeconds: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
    openFds,
    loopLagSeconds: () => {
      const seconds = lag.max / 1e9
      lag.reset()
      return seconds
    },
    startedAtMs: Date.now() - process.uptime() * 1000,
    [Symbol.dispose]: () => {
      lag.disable()
    },
  }
}

/** `process_*` are the names that Prometheus' own clients use for these. */
export function registerProcess(registry: MetricRegistry, readings: ProcessReadings): void {
  registry.observe(
    'process_resident_memory_bytes',
    'gauge',
    'Resident memory of the process.',
    readings.residentBytes,
  )
  registry.observe(
    'process_cpu_seconds_total',
    'counter',
    'Processor time that the process has used.',
    readings.cpuSeconds,
  )
  registry.observe(
    'process_start_time_seconds',
    'gauge',
    'When the process started, since the epoch.',
    () => readings.startedAtMs / 1000,
  )
  registry.observe('process_open_fds', 'gauge', 'File descriptors that the process holds.', () => {
    const value = readings.openFds()
    return value === undefined ? [] : value
  })
  registry.observe(
    'posthaste_event_loop_lag_seconds',
    'gauge',
    'The longest delay of the event loop since the last scrape.',
    readings.loopLagSeconds,
  )
}

/** The folder's own descriptor, open while it is read, does not count. */
function openFds(): number | undefined {
  if (process.platform !== 'linux') return undefined
  return readdirSync('/proc/self/fd').length - 1
}
