/** What `posthaste mirrors` prints. Pure. */

import type { Catalogue } from '../mirrors/catalogue.ts'
import { ageInDays, MAX_AGE_DAYS } from '../mirrors/catalogue.ts'
import type { MeasuringProgress } from '../mirrors/measure-mirrors.ts'
import type { Measurement } from '../mirrors/measurement.ts'
import type { Prediction } from '../mirrors/predict.ts'
import type { RankedMirror, Ranking, RejectedMirror } from '../mirrors/rank.ts'
import { humanBytes, humanDuration } from '../observe/human.ts'

export interface TableOptions {
  readonly catalogue: Catalogue
  readonly colour: boolean
  readonly explain: boolean
  readonly nowMs: number
}

const heads = [
  'mirror',
  'predicted',
  'first byte',
  'rate',
  'fresh',
  'sumdb',
  'resume',
  'http',
  'ipv6',
  'files/s',
] as const

/** The table as lines, then why mirrors were rejected, and with `explain` the arithmetic. */
export function mirrorsTable(ranking: Ranking, options: TableOptions): string[] {
  const { catalogue } = options
  const paint = painter(options.colour)
  const rows = ranking.ranked.map((mirror) => cells(mirror, catalogue))
  const names = [...rows.map(([name = '']) => name), ...ranking.rejected.map(nameOf)]
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...(column === 0 ? names : rows.map((row) => row[column] ?? '')).map(length)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 || column > 3 ? padEnd : padStart)(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  const lines = [title(catalogue)]
  if (rows.length > 0) lines.push(paint.dim(`      ${line(heads)}`))
  for (const [index, row] of rows.entries()) {
    lines.push(`${padStart(`${index + 1}`, 3)} ${paint.green('✓')} ${line(row)}`)
    const mirror = ranking.ranked[index]
    if (options.explain && mirror) lines.push(...explained(mirror, catalogue, options.nowMs).map(paint.dim))
  }
  for (const mirror of ranking.rejected) {
    const name = padEnd(nameOf(mirror), widths[0] ?? 0)
    lines.push(`  – ${paint.red('✗')} ${name}  ${verdict(mirror)}`)
  }
  return lines
}

/** The table so far, below a line that says what is being done. */
export function progressTable(
  ranking: Ranking,
  progress: MeasuringProgress,
  options: TableOptions,
): string[] {
  const pending = ranking.rejected.filter(({ reason }) => reason.code === 'unmeasured')
  const settled = {
    ...ranking,
    rejected: ranking.rejected.filter(({ reason }) => reason.code !== 'unmeasured'),
  }
  const share = progress.total === 0 ? 0 : progress.done / progress.total
  const bar = `${'█'.repeat(Math.round(share * 20))}${'░'.repeat(20 - Math.round(share * 20))}`
  const waiting = pending.length === 0 ? [] : [`    … ${pending.map(nameOf).join(', ')}`]
  return [
    ...mirrorsTable(settled, { ...options, explain: false }),
    ...waiting,
    `${bar} ${progress.done}/${progress.total} ${progress.doing}`,
  ]
}

export function title({ ecosystem, reference }: Catalogue): string {
  return `${ecosystem}: predicted time for ${reference.name} (${reference.requests} requests, ${humanBytes(reference.bytes)})`
}

/** The retired entries, for `--explain`. */
export function retiredLines({ mirrors }: Catalogue): string[] {
  return mirrors.flatMap(({ id, status, replacedBy, limits }) => {
    if (status !== 'retired') return []
    const instead = replacedBy === undefined ? '' : `; in its place: ${replacedBy}`
    return [`  – ${id}: retired${limits[0] === undefined ? '' : `, ${limits[0]}`}${instead}`]
  })
}

/** `0.05 s connection + 18 round trips × 31 ms + 23 MB ÷ 8.9 MB/s = 3.2 s` */
export function arithmetic(prediction: Prediction, referenceBytes: number): string {
  const { connectMs, roundTrips, latencyMs, bytesPerSecond, errorRate, totalMs } = prediction
  const terms = [
    `${humanDuration(connectMs)} connection`,
    `${roundTrips} round trips × ${humanDuration(latencyMs)}`,
    `${humanBytes(referenceBytes)} ÷ ${humanBytes(bytesPerSecond)}/s`,
  ]
  const sum = terms.join(' + ')
  const whole = errorRate === 0 ? sum : `(${sum}) ÷ ${(1 - errorRate).toFixed(2)} (requests that succeed)`
  return `${whole} = ${humanDuration(totalMs)}`
}

function cells({ measurement, prediction, freshness }: RankedMirror, { ecosystem }: Catalogue): string[] {
  const { reach, range, sumdb, proxied } = measurement
  const small = measurement.rounds.flatMap(({ smallPerSecond }) => smallPerSecond ?? [])
  return [
    nameOf({ measurement }),
    humanDuration(prediction.totalMs),
    `${Math.round(prediction.medianMs)}/${Math.round(prediction.p95Ms)} ms`,
    `${humanBytes(prediction.bytesPerSecond)}/s`,
    freshness.compared === 0 ? '?' : freshness.lags.length === 0 ? 'ok' : `lags ${freshness.lags.length}`,
    ecosystem !== 'go' || sumdb === 'unknown' ? '–' : sumdb === 'relays' ? 'yes' : 'no',
    range === 'unknown' ? '–' : range === 'resumes' ? 'yes' : 'no',
    proxied ? 'proxied' : (reach?.httpVersion ?? '–'),
    reach === undefined ? '–' : reach.ipv6,
    small.length === 0 ? '–' : `${Math.round(Math.max(...small))}`,
  ]
}

function explained(
  { measurement, prediction, freshness, tier }: RankedMirror,
  catalogue: Catalogue,
  nowMs: number,
) {
  const { reach, requests, errors, bytes, candidate, address, fileHost } = measurement
  const { entry, standing, role } = candidate
  const steps =
    reach === undefined
      ? 'through a proxy, so DNS, TCP and TLS cannot be told apart'
      : `DNS ${humanDuration(reach.dnsMs)}, TCP ${humanDuration(reach.tcpMs)}${reach.tlsMs === undefined ? '' : `, TLS ${humanDuration(reach.tlsMs)}`}`
  const age = entry && ageInDays(entry, nowMs)
  const known =
    entry === undefined
      ? [role === 'origin' ? 'the origin' : 'your own source, from the list in use']
      : [
          `${entry.operator}, ${entry.kind} in ${entry.region}${entry.isp === undefined ? '' : ` (${entry.isp})`}; ${standing}, ${age === undefined ? 'never verified' : `last found ${age} days ago`}${entry.status === 'verified' && standing === 'candidate' ? ` (more than ${MAX_AGE_DAYS})` : ''}; ${entry.provenance}`,
          ...entry.limits.map((limit) => `known: ${limit}`),
        ]
  const lags = freshness.lags.map(
    ({ canary, lacks }) => `lags: ${canary} ${lacks === undefined ? 'did not answer' : `lacks ${lacks}`}`,
  )
  return [
    arithmetic(prediction, catalogue.reference.bytes),
    `${address}: ${steps}; ${requests} requests, ${errors} failed, ${humanBytes(bytes)} received`,
    ...(tier === '' ? [] : [`placed by: ${tier}`]),
    ...(fileHost === undefined ? [] : [`files come from ${fileHost}`]),
    ...lags,
    ...known,
  ].map((text) => `        ${text}`)
}

function verdict({ reason, measurement }: RejectedMirror): string {
  const waits = reason.code === 'unmeasured' && measurement.rounds.length === 0
  return `${waits ? 'not measured' : 'rejected'} (${reason.code}): ${reason.message}`
}

function nameOf({ measurement }: { readonly measurement: Measurement }): string {
  const { id, inUse } = measurement.candidate
  return inUse === undefined ? id : `${id} ●`
}

function length(text: string): number {
  return [...text].length
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - length(text)))
}

function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - length(text))) + text
}

function painter(colour: boolean) {
  const wrap = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  return { green: wrap(32), red: wrap(31), dim: wrap(2) }
}
