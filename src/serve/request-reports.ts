import { pathStart } from '../http/path-start.ts'
import type { RelayedRequest } from '../http/replies.ts'
import type { PosthasteMetrics } from '../observe/posthaste-metrics.ts'
import type { RecentRefusals } from '../observe/recent-refusals.ts'
import type { RequestEntry, RequestLog } from '../observe/request-log.ts'
import type { RequestWatch } from '../observe/request-watch.ts'
import { holdsMarker } from '../verify/marker.ts'

export interface RequestReportsOptions {
  readonly metrics: Pick<PosthasteMetrics, 'requestCounter' | 'requestTook'>
  readonly requestLog: RequestLog
  readonly refusals: RecentRefusals
  readonly watch: Pick<RequestWatch, 'on' | 'note'>
  readonly now?: () => number
}

/** Takes what is told of a finished request to the counters, the log, the last refusals and who waits for it. */
export function requestReports(options: RequestReportsOptions): (relayed: RelayedRequest) => void {
  const { metrics, requestLog, refusals, watch, now = Date.now } = options
  return (relayed) => {
    const { ecosystem, outcome } = relayed
    metrics.requestCounter(ecosystem, outcome)(relayed.bytes)
    if (outcome === 'hit' && !requestLog.on && !watch.on) return
    const entry = entryOf(relayed, now())
    if (outcome !== 'hit') metrics.requestTook(ecosystem, outcome, entry.durationMs)
    if (isTold(entry)) refusals.note({ ...entry, reason: entry.reason })
    if (requestLog.on) requestLog.log(entry)
    if (watch.on) {
      const userAgent = relayed.request.headers.get('user-agent') ?? ''
      watch.note({ ...entry, ecosystem, userAgent })
    }
  }
}

function entryOf(relayed: RelayedRequest, nowMs: number): RequestEntry {
  const { request, startedAtMs } = relayed
  return {
    atMs: startedAtMs,
    ecosystem: relayed.ecosystem,
    method: request.method,
    path: request.url.slice(pathStart(request.url)),
    status: relayed.status,
    outcome: relayed.outcome,
    bytes: relayed.bytes,
    durationMs: nowMs - startedAtMs,
    source: relayed.source,
    reason: relayed.reason,
  }
}

/** The go command asks every parent of an import path for a list of versions: most are no modules. */
const PARENT_PROBE = /\/@(?:v\/list|latest)(?:\?|$)/

function isTold(entry: RequestEntry): entry is RequestEntry & { readonly reason: string } {
  if (entry.reason === undefined || holdsMarker(entry.path)) return false
  if (entry.outcome === 'not-found') return !PARENT_PROBE.test(entry.path)
  return entry.outcome === 'denied' || entry.outcome === 'upstream-failed'
}
