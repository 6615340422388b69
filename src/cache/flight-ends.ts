import type { Refusal, Resource } from '../ecosystems/ecosystem.ts'
import type { FillResult } from './fill.ts'
import type { Filling, Kept, Refused } from './outcome.ts'

/** Said for the first time, not out of memory. */
export function refusedBy(refusal: Refusal, source: string | undefined): Refused {
  return { kind: 'refused', refusal, remembered: false, ...(source === undefined ? {} : { source }) }
}

/** How a body that was on its way came out; undefined where the store is to be asked. */
export function wholeFrom(outcome: Filling, ended: FillResult | undefined): Kept | Refused | undefined {
  if (ended?.kind === 'refused') return refusedBy(ended.refusal, ended.source)
  if (ended === undefined || ended.stored) return undefined
  return { kind: 'filled', object: ended.object, joined: outcome.joined, stored: false }
}

/** The sources have no such thing, and will not have it in a moment either. */
export function isMissing(result: FillResult): boolean {
  if (result.kind !== 'refused' || result.refusal.kind !== 'not-found') return false
  return result.refusal.fleeting !== true
}

/** For whoever waited for all of a body that the store does not have either. */
export function brokeOff(resource: Resource): Refusal {
  return { kind: 'upstream-failed', reason: `the download of ${resource.name} broke off` }
}
