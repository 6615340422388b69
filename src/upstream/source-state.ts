/** What is known of a source, as it is shown. */

import { type Ranked, reckoningOf } from './selection.ts'
import { maskedAddress, type Source } from './source-list.ts'
import type { SourceRecord } from './source-record.ts'
import type { ClassState, SourceState } from './upstream.ts'

type Rankings = Readonly<Record<'metadata' | 'blob', readonly (readonly Ranked[])[]>>

interface Known {
  readonly list: string
  readonly source: Source
  readonly record: SourceRecord
  /** Of all groups of the list. */
  readonly rankings: Rankings
  readonly nowMs: number
}

export function sourceState(known: Known): SourceState {
  const { list, source, record } = known
  return {
    list,
    id: source.id,
    address: maskedAddress(source.url),
    foundIn: source.foundIn,
    separator: source.next,
    clean: record.isClean(source.origin),
    origin: source.origin,
    classes: { metadata: classState(known, 'metadata'), blob: classState(known, 'blob') },
    lag: record.lag,
    bytes: record.bytes,
    lastUsedAtMs: record.lastUsedAtMs,
    requests: record.requests,
    errors: record.errors,
    proved: record.proved,
    wrong: record.wrong,
    lastFailure: record.lastFailure,
  }
}

function classState({ source, record, rankings, nowMs }: Known, shape: 'metadata' | 'blob'): ClassState {
  const health = record.health[shape].snapshot(nowMs)
  const group = rankings[shape].find((ranked) => ranked.some(({ id }) => id === source.id)) ?? []
  const place = group.findIndex(({ id }) => id === source.id)
  return {
    state: health.state,
    place: place + 1,
    scoreMs: group[place]?.scoreMs,
    reckoning: reckoningOf(health, shape),
    leftOut: group[place]?.leftOut,
    samples: health.samples,
    firstByteMs: health.firstByteMs,
    p95Ms: health.p95Ms,
    bytesPerSecond: health.bytesPerMs === undefined ? undefined : health.bytesPerMs * 1000,
    errorRate: health.errorRate,
  }
}
