import type { MetricRegistry, Reading } from './metrics.ts'

const STATES = ['healthy', 'suspect', 'out', 'probing'] as const

/** What is read of each source at each scrape. */
export interface SourceReadings {
  readonly list: string
  readonly id: string
  readonly classes: Readonly<
    Record<
      'metadata' | 'blob',
      {
        readonly state: (typeof STATES)[number]
        readonly firstByteMs: number | undefined
        readonly bytesPerSecond: number | undefined
      }
    >
  >
  /** Undefined before it was compared with others. */
  readonly lag: { readonly behind: number; readonly atLeastMs: number } | undefined
}

/** Gauges by source; absent where nothing is known yet. */
export function registerSources(registry: MetricRegistry, read: () => readonly SourceReadings[]): void {
  const byClass = (value: (one: SourceReadings['classes']['blob']) => number | undefined) => (): Reading[] =>
    read().flatMap(({ list, id, classes }) =>
      (['metadata', 'blob'] as const).flatMap((name) =>
        known({ list, source: id, class: name }, value(classes[name])),
      ),
    )
  registry.observe(
    'posthaste_upstream_state',
    'gauge',
    'What a source is taken for, by class of requests: 1 at its state, 0 at the others.',
    () =>
      read().flatMap(({ list, id, classes }) =>
        (['metadata', 'blob'] as const).flatMap((name) =>
          STATES.map((state) => ({
            labels: { list, source: id, class: name, state },
            value: classes[name].state === state ? 1 : 0,
          })),
        ),
      ),
  )
  registry.observe(
    'posthaste_upstream_average_first_byte_seconds',
    'gauge',
    'Moving average of the time until the first byte, by class; what orders equal sources.',
    byClass(({ firstByteMs }) => (firstByteMs === undefined ? undefined : firstByteMs / 1000)),
  )
  registry.observe(
    'posthaste_upstream_average_bytes_per_second',
    'gauge',
    'Moving average of the rate of larger bodies, by class.',
    byClass(({ bytesPerSecond }) => bytesPerSecond),
  )
  registry.observe(
    'posthaste_upstream_versions_behind',
    'gauge',
    'Versions that an equal source names and this one does not, where they were compared.',
    () => read().flatMap(({ list, id, lag }) => known({ list, source: id }, lag?.behind)),
  )
  registry.observe(
    'posthaste_upstream_lag_seconds',
    'gauge',
    'For how long at least a source has been behind an equal one.',
    () =>
      read().flatMap(({ list, id, lag }) =>
        known({ list, source: id }, lag === undefined ? undefined : lag.atLeastMs / 1000),
      ),
  )
}

function known(labels: Reading['labels'], value: number | undefined): Reading[] {
  return value === undefined ? [] : [{ labels, value }]
}
