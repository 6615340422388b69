import { locateReset } from './path/locate-reset.ts'
import type { LocatePort } from './run.ts'

/** The path tracer's search for who resets a handshake, bounded: what is not known in 8 s stays unknown. */
export const resetLocator: LocatePort = async (target, signal) => {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(8_000)])
    const { place } = await locateReset(target, { maxHops: 24, timeoutMs: 500 }, limit)
    const { kind, ...rest } = place
    return { outcome: kind, ...rest }
  } catch (error) {
    return { outcome: 'unknown', reason: error instanceof Error ? error.message : String(error) }
  }
}
