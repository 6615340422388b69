import type { Filling } from '../cache/outcome.ts'
import type { Resource } from '../ecosystems/ecosystem.ts'
import { cacheStatus } from './cache-status.ts'
import type { RelayedRequest } from './replies.ts'

/** A body that is still on its way: what is there is sent at once, the rest as it comes. */
export function streamed(
  resource: Resource,
  request: Request,
  outcome: Filling,
  {
    startedAtMs,
    report,
  }: { readonly startedAtMs: number; readonly report: (relayed: RelayedRequest) => void },
): Response {
  // No validator and no length of its own: these bytes are not proved yet (engine rule 2).
  const headers = {
    'content-type': outcome.mediaType,
    'cache-control': 'no-store',
    'cache-status': cacheStatus({
      kind: 'forwarded',
      reason: 'uri-miss',
      stored: true,
      collapsed: outcome.joined,
    }),
  }
  const body = outcome.body.stream((bytes, failure) =>
    report({
      ecosystem: resource.ecosystem,
      outcome: outcome.joined ? 'joined' : 'filled',
      status: 200,
      bytes,
      source: outcome.source,
      reason: failure?.message,
      request,
      startedAtMs,
    }),
  )
  return new Response(body, { headers })
}
