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

/** Addresses that clients use; beyond so many, a `Host` that was not seen before is not believed. */
const MAX_BASES = 32

/** The same, remembered: whoever makes up names for us cannot make us render metadata for each of them. */
export class BaseUrls {
  readonly #fallback: string
  readonly #known = new Map<string, string>()

  constructor(fallback: string) {
    this.#fallback = fallback
  }

  of(host: string | null): string {
    if (host === null) return this.#fallback
    const known = this.#known.get(host)
    if (known !== undefined) return known
    if (this.#known.size >= MAX_BASES) return this.#fallback
    const url = baseUrlFor(host, this.#fallback)
    this.#known.set(host, url)
    return url
  }
}
