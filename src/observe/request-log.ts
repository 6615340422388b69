/** The request log: one line for each answer, for a person or for a machine. */

import { humanBytes, humanDuration } from './human.ts'
import type { LineWriter } from './line-writer.ts'
import { clockTime, columns, cutEnd, cutMiddle, paint, printable, type Style } from './terminal-text.ts'

export type LogFormat = 'text' | 'json' | 'off'

export interface RequestEntry {
  /** When the request came, in milliseconds since the epoch. */
  readonly atMs: number
  readonly ecosystem: string | undefined
  readonly method: string
  /** As received: path and query, percent-encoded. */
  readonly path: string
  readonly status: number
  /** One word: `hit`, `filled`. */
  readonly outcome: string
  /** Of the body, as sent. */
  readonly bytes: number
  readonly durationMs: number
  readonly source?: string | undefined
  /** The peer's address. */
  readonly client?: string | undefined
  readonly reason?: string | undefined
}

export interface RequestLogOptions {
  readonly format: LogFormat
  readonly writer: LineWriter
  readonly color?: boolean
  /** Columns of the terminal now; undefined when lines may have any length. */
  readonly width?: () => number | undefined
  /** Takes secrets out of a text: `mask`, or `maskOf` with the configured ones. */
  readonly mask: (text: string) => string
}

export interface RequestLog {
  /** False when entries need not be made. */
  readonly on: boolean
  /** Never blocks and never throws; a line that finds no room is counted by the writer. */
  log(entry: RequestEntry): void
}

export function createRequestLog(options: RequestLogOptions): RequestLog {
  const { writer, format } = options
  if (format === 'off') return { on: false, log: () => undefined }
  const render = format === 'json' ? renderJson : renderText
  return {
    on: true,
    log(entry) {
      if (writer.isFull) writer.drop()
      else writer.write(render(entry, options))
    },
  }
}

/** The line that stands where lines were dropped, for `LineWriter`. */
export function droppedLine(format: LogFormat, now: () => number = Date.now): (count: number) => string {
  if (format === 'json') {
    return (dropped) =>
      JSON.stringify({
        time: new Date(now()).toISOString(),
        level: 'warn',
        message: 'log lines dropped',
        dropped,
      })
  }
  return (dropped) => `${clockTime(now())}  ${dropped} log lines were dropped: the reader is too slow`
}

interface Layout {
  readonly outcome: number
  /** 0: not shown. */
  readonly source: number
  readonly amounts: boolean
}

/** On a narrow terminal the path matters more than straight columns, then more than the source. */
function layoutFor(width: number): Layout {
  if (width >= 100) return { outcome: 15, source: 18, amounts: true }
  if (width >= 76) return { outcome: 9, source: 12, amounts: true }
  return { outcome: 9, source: 0, amounts: width >= 56 }
}

const STYLES: Readonly<Record<string, Style>> = {
  hit: 'green',
  stale: 'yellow',
  'not-found': 'dim',
  denied: 'red',
  'upstream-failed': 'red',
}

function renderText(entry: RequestEntry, { color = false, width, mask }: RequestLogOptions): string {
  const columnsNow = width?.() ?? Number.POSITIVE_INFINITY
  const layout = layoutFor(columnsNow)
  const amounts = `${humanBytes(entry.bytes).padStart(7)} ${humanDuration(entry.durationMs).padStart(7)}  `
  const source = cutEnd(printable(entry.source ?? '-'), layout.source).padEnd(layout.source)
  const fixed =
    `${String(entry.status).padStart(3)} ` +
    `${layout.amounts ? amounts : ''}${layout.source === 0 ? '' : `${source}  `}`
  const time = clockTime(entry.atMs)
  const outcome = entry.outcome.padEnd(layout.outcome)
  const used = time.length + 1 + outcome.length + 1 + fixed.length
  const method = entry.method === 'GET' ? '' : `${printable(entry.method)} `
  const { path, reason } = fit(
    method + printable(mask(entry.path)),
    entry.reason === undefined ? '' : ` — ${printable(mask(entry.reason))}`,
    columnsNow - used,
  )
  const style = STYLES[entry.outcome] ?? (entry.status >= 500 ? 'red' : 'plain')
  return `${paint(time, 'dim', color)} ${paint(outcome, style, color)} ${fixed}${path}${reason === '' ? '' : paint(reason, style === 'red' ? 'red' : 'dim', color)}`
}

/** The reason gives way first; the path has two thirds of the room for itself, and all that the reason leaves. */
function fit(path: string, reason: string, room: number): { path: string; reason: string } {
  const space = Math.max(room, 8)
  const kept = Math.min(columns(path), Math.max(Math.floor((space * 2) / 3), space - columns(reason)))
  return { path: cutMiddle(path, kept), reason: cutEnd(reason, space - kept) }
}

function renderJson(entry: RequestEntry, { mask }: RequestLogOptions): string {
  return JSON.stringify({
    time: new Date(entry.atMs).toISOString(),
    ecosystem: entry.ecosystem,
    method: entry.method,
    path: mask(entry.path),
    status: entry.status,
    outcome: entry.outcome,
    bytes: entry.bytes,
    durationMs: Math.round(entry.durationMs * 1000) / 1000,
    source: entry.source,
    client: entry.client,
    reason: entry.reason === undefined ? undefined : mask(entry.reason),
  })
}
