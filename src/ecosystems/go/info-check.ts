import type { Verdict } from '../ecosystem.ts'
import { isCanonical } from './version.ts'

/**
 * The version that an `.info` or `@latest` body names, or what is wrong with the body. Field names are matched as
 * Go's decoder does: the last one counts, without regard to case. Unknown fields are nobody's business.
 */
export function readInfo(bytes: Uint8Array): { readonly version: string } | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  } catch {
    return { problem: 'it is no JSON' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'it is no JSON object' }
  const version = field(value, 'version')
  if (typeof version !== 'string') return { problem: 'it has no Version' }
  if (!isCanonical(version))
    return { problem: `its Version ${JSON.stringify(version.slice(0, 80))} is not canonical` }
  const time = field(value, 'time')
  if (time !== undefined && time !== null && !(typeof time === 'string' && isRfc3339(time))) {
    return { problem: 'its Time is no RFC 3339 time' }
  }
  return { version }
}

/** Whether this is version information; `asked` is the exact version that it must be about, if there is one. */
export function checkInfo(bytes: Uint8Array, asked?: string): Verdict {
  const info = readInfo(bytes)
  if ('problem' in info) return { verdict: 'wrong', reason: `not version information: ${info.problem}` }
  if (asked !== undefined && info.version !== asked) {
    return { verdict: 'wrong', reason: `it is about ${info.version}, but ${asked} was asked for` }
  }
  return { verdict: 'sound' }
}

function field(value: object, name: string): unknown {
  return Object.entries(value).findLast(([key]) => key.toLowerCase() === name)?.[1]
}

function isRfc3339(text: string): boolean {
  const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:\d{2})$/
  return form.test(text) && !Number.isNaN(Date.parse(text.replace(',', '.')))
}
