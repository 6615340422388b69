import { parseHost } from './loopback.ts'

/**
 * The address under which this client reaches us, for lines that are meant to be copied: from its own `Host`
 * header when that is a plain host and port, else `fallback`. What a `Host` can hold here is letters, digits,
 * dots, dashes and colons: nothing that a shell would read.
 */
export function baseUrlFor(host: string | null, fallback: string): string {
  const parsed = host === null ? undefined : parseHost(host)
  if (parsed === undefined || (parsed.port !== undefined && parsed.port > 65_535)) return fallback
  const name = parsed.name.includes(':') ? `[${parsed.name}]` : parsed.name
  return `http://${name}${parsed.port === undefined ? '' : `:${parsed.port}`}`
}
