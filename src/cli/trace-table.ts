/** What `posthaste trace` shows on a terminal. Pure. */

import type { Hop, PathEvidence } from '../doctor/path/path-evidence.ts'
import type { PathVerdict } from '../doctor/path/path-verdict.ts'
import { milliseconds } from '../doctor/path/verdict-text.ts'
import { confidenceWords, type Language, verdictWords } from '../doctor/path/verdict-words.ts'
import { displayWidth, padTo } from './trace-width.ts'
import { traceWords } from './trace-words.ts'

export interface TableOptions {
  readonly language: Language
  readonly colour: boolean
  /** While it runs: a hint how to end it. */
  readonly running: boolean
  /** Hosts and labels in one line for each hop, for a screen that counts its lines. */
  readonly compact: boolean
  /** Room for hop lines; the middle ones are left out when there are more. */
  readonly maxHops?: number
  /** Of the screen: the graph takes what is left. */
  readonly columns: number
}

const shortestGraph = 5
const longestGraph = 60
const bars = '▁▂▃▄▅▆▇█'

/** The title, a line for each hop, and what was found. */
export function traceTable(path: PathEvidence, options: TableOptions): string[] {
  const words = traceWords(options.language)
  const paint = painter(options.colour)
  const highest = Math.max(0, ...path.hops.flatMap(({ recentMs }) => recentMs.map((ms) => ms ?? 0)))
  const rows = path.hops.map((hop) => ({ hop, cells: hopCells(hop, words.silent, options.compact) }))
  const heads = words.columns.slice(0, -1)
  const widths = heads.map((head, column) =>
    Math.max(displayWidth(head), ...rows.map(({ cells }) => displayWidth(cells[column] ?? ''))),
  )
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => padTo(cell, widths[column] ?? 0, column === 1 ? 'left' : 'right')).join('  ')
  const taken = widths.reduce((sum, width) => sum + width + 2, 0)
  const room = options.columns - taken
  const graphWidth = room < shortestGraph ? 0 : Math.min(longestGraph, room)
  const range = `  0–${milliseconds(highest)} ${words.columns.at(-1)}`
  const scale = displayWidth(range) - 2 > room ? '' : range
  const lines = [title(path, options)]
  if (path.privilege === 'none') lines.push(paint.dim(`  ${words.connections}`))
  if (rows.length > 0) lines.push(paint.dim(`${line(heads)}${scale}`))
  const hopLines = rows.flatMap(({ hop, cells }) => {
    const text = line(cells)
    const tinted =
      hop.isTarget && hop.lossPercent > 0 ? paint.red(text) : hop.received === 0 ? paint.dim(text) : text
    const graph = graphWidth === 0 ? '' : `  ${sparkline(hop.recentMs, highest, graphWidth, paint.red)}`
    return [`${tinted}${graph}`, ...(options.compact ? [] : moreHosts(hop, widths[0] ?? 0).map(paint.dim))]
  })
  lines.push(...elide(hopLines, options.maxHops))
  for (const limit of path.limits) {
    const detail = limit === 'no-packet-sockets' && path.limitDetail ? ` (${path.limitDetail})` : ''
    lines.push(paint.dim(`! ${words.limit[limit]}${detail}`))
  }
  lines.push('', ...path.verdicts.flatMap((verdict) => verdictLines(verdict, path, options)))
  if (options.running) lines.push(paint.dim(words.running))
  return lines
}

function title(path: PathEvidence, { language }: TableOptions): string {
  const words = traceWords(language)
  const where = path.host === path.address ? path.address : `${path.host} (${path.address})`
  const port = path.protocol === 'icmp' ? '' : ` ${path.port}`
  const how =
    path.privilege === 'none' ? [] : [path.privilege === 'raw' ? words.privileged : words.unprivileged]
  const parts = [
    `${path.protocol.toUpperCase()}${port}`,
    `IPv${path.family}`,
    ...how,
    words.rounds(path.rounds),
  ]
  return `posthaste trace ${where}: ${parts.join(', ')}`
}

function hopCells(hop: Hop, silent: string, compact: boolean): string[] {
  const [first] = hop.hosts
  const ms = (value: number | null) => (value === null ? '–' : milliseconds(value))
  const more = compact && hop.hosts.length > 1 ? ` +${hop.hosts.length - 1}` : ''
  return [
    `${hop.ttl}`,
    first === undefined ? silent : `${hostText(first)}${more}${refusalMark(hop)}`,
    hop.sent === 0 ? '–' : `${Math.round(hop.lossPercent)}%`,
    `${hop.sent}`,
    ms(hop.lastMs),
    ms(hop.meanMs),
    ms(hop.bestMs),
    ms(hop.worstMs),
    ms(hop.jitterMs),
  ]
}

function moreHosts(hop: Hop, indent: number): string[] {
  const pad = ' '.repeat(indent + 2)
  const labels = (host: Hop['hosts'][number]) =>
    host.labels.map(
      ({ label, trafficClass, ttl }) => `${pad}  [MPLS: label ${label}, class ${trafficClass}, TTL ${ttl}]`,
    )
  return hop.hosts.flatMap((host, index) => [
    ...(index === 0 ? [] : [`${pad}${hostText(host)} (${host.received})`]),
    ...labels(host),
  ])
}

function hostText({ address, name }: Hop['hosts'][number]): string {
  return name === undefined ? address : `${name} (${address})`
}

/** As traceroute marks refusals. */
function refusalMark({ refusal }: Hop): string {
  switch (refusal?.meaning) {
    case undefined:
      return ''
    case 'prohibited':
    case 'port':
      return ' !X'
    case 'net':
      return ' !N'
    case 'host':
      return ' !H'
    default:
      return ' !P'
  }
}

/** Newest at the right; a lost probe is a red cross. */
export function sparkline(
  recentMs: readonly (number | null)[],
  highestMs: number,
  width: number,
  mark: (text: string) => string = (text) => text,
): string {
  return recentMs
    .slice(-width)
    .map((ms) => {
      if (ms === null) return mark('×')
      const level = highestMs === 0 ? 0 : Math.round((ms / highestMs) * (bars.length - 1))
      return bars[level] ?? bars[0]
    })
    .join('')
}

function verdictLines(verdict: PathVerdict, path: PathEvidence, options: TableOptions): string[] {
  const { language } = options
  const paint = painter(options.colour)
  const { message, fix } = verdictWords(verdict, path, language)
  const sign = { fine: paint.green('✓'), problem: paint.red('✗'), unclear: '?', note: '•' }[verdict.outcome]
  const isSure = verdict.outcome === 'fine' || verdict.outcome === 'note'
  const sure = !isSure ? ` (${confidenceWords(verdict.confidence, language)})` : ''
  return [
    `${sign} ${message}${sure}`,
    ...(fix === undefined ? [] : [`    ${traceWords(language).fix}: ${fix}`]),
  ]
}

function elide(lines: readonly string[], room: number | undefined): readonly string[] {
  if (room === undefined || lines.length <= room) return lines
  const head = Math.max(1, Math.floor((room - 1) / 2))
  const tail = Math.max(1, room - 1 - head)
  return [...lines.slice(0, head), '…', ...lines.slice(-tail)]
}

function painter(colour: boolean) {
  const wrap = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  return { green: wrap(32), red: wrap(31), dim: wrap(2) }
}
