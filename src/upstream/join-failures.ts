import { withoutScheme } from './failure.ts'
import type { Vain } from './heat.ts'
import type { UpstreamFailure } from './upstream.ts'

const MAX_CLAUSES = 4
const MAX_CLAUSE = 140

/**
 * One failure that names all sources that failed or refused, in the list's order: a clause each, for the first
 * few. Code and hint are those of `gravest`; the time to come back is the soonest that any of them named.
 */
export function joinFailures(gravest: UpstreamFailure, vains: readonly Vain[]): UpstreamFailure {
  const clauses = vains.flatMap((vain) => {
    if (vain.kind === 'missing') return []
    const { id } = vain.source
    if (vain.kind === 'denied') return [`${id} answered ${vain.status}`]
    const { message } = vain.failure
    return [message.includes(withoutScheme(id)) ? message : `${id}: ${message}`]
  })
  if (clauses.length < 2) return gravest
  const told = clauses.slice(0, MAX_CLAUSES).map(cut)
  if (clauses.length > told.length) told.push(`and ${clauses.length - told.length} more failed`)
  const soonest = Math.min(
    ...vains.map((vain) => (vain.kind === 'failed' ? (vain.failure.retryAfterMs ?? Infinity) : Infinity)),
  )
  return {
    ...gravest,
    message: told.join('; '),
    ...(Number.isFinite(soonest) ? { retryAfterMs: soonest } : {}),
  }
}

/** Without an end mark, so that clauses can be joined; cut between characters. */
function cut(clause: string): string {
  const text = clause.replace(/[.;:]$/, '')
  return text.length <= MAX_CLAUSE ? text : `${text.slice(0, MAX_CLAUSE - 1).toWellFormed()}…`
}
