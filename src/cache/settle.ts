import type { Resource, Verdict } from '../ecosystems/ecosystem.ts'
import type { FillContext } from './fill-errand.ts'

/** A verdict on what is kept as unproved, and the source that it came from. */
export interface KeptVerdict {
  readonly resource: Resource
  readonly source: string
  readonly verdict: Verdict
}

/** Applies a verdict to a kept object: it is proved from now on, stays as it is, or goes into quarantine. */
export async function settle(
  { resource, source, verdict }: KeptVerdict,
  { store, upstream, observer }: Pick<FillContext, 'store' | 'upstream' | 'observer'>,
): Promise<void> {
  switch (verdict.verdict) {
    case 'proved':
    case 'sound':
      upstream.record(source, 'proved')
      await store.amend(resource.key, { proof: verdict.verdict })
      break
    case 'unproved':
      return
    case 'wrong':
    case 'denied':
      if (verdict.verdict === 'wrong') upstream.record(source, 'wrong')
      observer.integrityFailed({ resource, source, reason: verdict.reason, stage: 'kept' })
      await store.quarantine(resource.key, `from ${source}: ${verdict.reason}`)
      break
  }
  observer.changed(resource.key)
}
