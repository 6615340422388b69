import { maskUrls } from './problem.ts'
import type { Setting } from './setting.ts'

/** A value for people and for JSON: in its written form, secrets masked, null when it is not set. */
export function showValue({ kind, secret }: Setting<unknown>, value: unknown): unknown {
  if (value === undefined) return null
  if (secret && Array.isArray(value)) return value.map(() => '***')
  if (kind.show) return kind.show(value)
  if (secret) return '***'
  return withoutUserinfo(value)
}

/** Patterns are no addresses, and `@corp/*` is no user: only what holds `://` is looked at in a list. */
function withoutUserinfo(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map((entry) => (String(entry).includes('://') ? withoutUserinfo(entry) : entry))
  return typeof value === 'string' ? maskUrls(value) : value
}
