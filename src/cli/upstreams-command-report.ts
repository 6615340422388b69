import { humanBytes, humanDuration } from '../observe/human.ts'
import { printable } from '../observe/terminal-text.ts'
import { toldSources } from '../observe/told-sources.ts'
import type { ClassState, OrderChange, SourceState } from '../upstream/upstream.ts'

/** What a running server answers at `/api/upstreams`; what is not known is left out. */
export interface UpstreamsAnswer {
  readonly sources: readonly SourceState[]
  readonly changes: readonly OrderChange[]
}

/** What a running server knows of its sources, for people. Pure. */
export function reportUpstreams(answer: UpstreamsAnswer, nowMs: number): string {
  const { changes } = answer
  const sources = toldSources(answer.sources)
  const lines: string[] = []
  for (const list of new Set(sources.map((source) => source.list))) {
    lines.push(list)
    for (const source of sources.filter((one) => one.list === list)) lines.push(...describe(source, nowMs))
    for (const change of changes.filter((one) => one.list === list)) lines.push(`  ${told(change, nowMs)}`)
  }
  return lines.map((line) => `${printable(line)}\n`).join('')
}

/** Metadata can be had of it; without that there are no archives either. */
export function isUsed({ classes }: SourceState): boolean {
  return classes.metadata.state !== 'out'
}

/** Whether a list that names sources has one that is used. */
export function someUsable(sources: readonly SourceState[]): boolean {
  const usable = new Set(sources.filter(isUsed).map(({ list }) => list))
  return sources.length > 0 && sources.every(({ list }) => usable.has(list))
}

function describe(source: SourceState, nowMs: number): string[] {
  const { classes, lag, lastFailure } = source
  const isOut = classes.metadata.state === 'out' || classes.blob.state === 'out'
  const rows = [
    ['metadata', ofClass(classes.metadata)],
    ['archives', ofClass(classes.blob)],
    ...(lag === undefined ? [] : [['lag', lagText(lag, nowMs)] as const]),
    ['traffic', trafficText(source, nowMs)],
    ['record', recordText(source)],
    ...(lastFailure === undefined
      ? []
      : [['last error', `${ago(lastFailure.atMs, nowMs)}: ${lastFailure.message}`] as const]),
  ] as const
  const role = source.origin ? ', the origin' : ''
  return [
    `  ${isOut ? '✗' : '✓'} ${source.address} ${source.separator ?? ''}  (${source.foundIn}${role})`,
    ...rows.map(([name, text]) => `      ${name.padEnd(11)}${text}`),
  ]
}

function ofClass({ state, place, samples, firstByteMs, p95Ms, ...rest }: ClassState): string {
  const { bytesPerSecond, scoreMs, reckoning, leftOut } = rest
  const parts = [
    `${state}, place ${place}`,
    ...(firstByteMs === undefined ? [] : [`first byte ${humanDuration(firstByteMs)}`]),
    ...(p95Ms === undefined ? [] : [`p95 ${humanDuration(p95Ms)}`]),
    ...(bytesPerSecond === undefined ? [] : [`${humanBytes(Math.round(bytesPerSecond))}/s`]),
    ...(samples === 0
      ? []
      : [`score ${scoreMs === undefined ? '' : `${Math.round(scoreMs)} ms `}= ${reckoning}`]),
    ...(leftOut === undefined ? [] : [`asked last: ${leftOut}`]),
  ]
  return parts.join(' · ')
}

function lagText(lag: NonNullable<SourceState['lag']>, nowMs: number): string {
  const when = `compared ${ago(lag.measuredAtMs, nowMs)}`
  if (lag.behind === 0) return `none at ${lag.at}, ${when}`
  const newest = lag.lacks === undefined ? '' : ` (lacks ${lag.lacks})`
  const since = lag.atLeastMs > 0 ? `lags ≥ ${humanDuration(lag.atLeastMs)}, ` : ''
  return `${since}${counted(lag.behind, 'version')} behind at ${lag.at}${newest}, ${when}`
}

function trafficText({ requests, errors, bytes, lastUsedAtMs }: SourceState, nowMs: number): string {
  if (requests === 0) return 'not asked yet'
  const used = lastUsedAtMs === undefined ? '' : `, last ${ago(lastUsedAtMs, nowMs)}`
  return `${counted(requests, 'request')}, ${counted(errors, 'error')}, ${humanBytes(bytes)} received${used}`
}

function recordText({ clean, origin, proved, wrong, id }: SourceState): string {
  const bodies = `${counted(proved, 'body', 'bodies')} proved, ${wrong} wrong`
  if (clean) return `clean (${origin ? 'the origin; ' : ''}${bodies}): sent on while it arrives`
  const fix = wrong > 0 ? `; when its cause is mended: posthaste upstreams --forgive ${id}` : ''
  return `${bodies}: sent on when proved${fix}`
}

function told({ order, atMs, from, to, reason }: OrderChange, nowMs: number): string {
  const what = order === 'blob' ? 'archives' : order === 'mutable' ? 'lists and queries' : 'metadata'
  return `order of ${what} changed ${ago(atMs, nowMs)}, ${from} → ${to}: ${reason}`
}

function ago(atMs: number, nowMs: number): string {
  return `${humanDuration(Math.max(0, nowMs - atMs))} ago`
}

function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`
}
