import { duration } from './kinds.ts'
import { type Setting, setting } from './setting.ts'

/** A setting of how long something is fresh, or remembered. */
export function ttl(seconds: number, summary: string, example: string): Setting<number> {
  return setting(duration(0), { fallback: { value: seconds * 1000 }, summary, example })
}

/** How long a miss is remembered. */
export function missTtl(seconds: number): Setting<number> {
  return ttl(seconds, 'How long "there is no such thing" is remembered.', '10s')
}
