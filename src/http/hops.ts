import type { EcosystemId, Refusal } from '../ecosystems/ecosystem.ts'

/** Names the Posthastes that a request came through; each adds its own. */
export const HOP_HEADER = 'posthaste-hop'

/** A longer chain of relays is a mistake. */
const MAX_HOPS = 8

/** Why a request must go no further: it came from this very server (`instanceId`), or through too many. */
export function refuseLoop(
  request: Request,
  instanceId: string,
  id: EcosystemId,
  name: string,
): Refusal | undefined {
  const hops = request.headers.get(HOP_HEADER)?.split(',')
  if (hops === undefined) return undefined
  if (hops.length > MAX_HOPS) {
    return {
      kind: 'loop',
      reason: `this request for ${name} came through ${hops.length} Posthastes already`,
      hint: `let fewer of them stand in each other's ${id}.upstream`,
    }
  }
  if (!hops.some((hop) => hop.trim() === instanceId)) return undefined
  return {
    kind: 'loop',
    reason: `a loop: this request for ${name} was sent by this very Posthaste`,
    hint: `take Posthaste's own address out of ${id}.upstream (see 'posthaste upstreams')`,
  }
}
