import { hostname, networkInterfaces } from 'node:os'
import { type HostHeader, isLoopbackName, parseHost } from './loopback.ts'

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

/** Names that nothing but a `Host` header gave us; beyond so many, one that was not seen before is not believed. */
const MAX_STRANGE_BASES = 32
/** Spellings whose answer is remembered. */
const MAX_REMEMBERED = 256

/**
 * The same, remembered: whoever makes up names for us can neither make us render metadata for each of them, nor
 * take the place of those that are ours.
 */
export class BaseUrls {
  readonly #fallback: string
  readonly #isOurs: (host: HostHeader) => boolean
  readonly #known = new Map<string, string>()
  readonly #strange = new Set<string>()

  /** @param isOurs tells, without asking the network, that a host and port are this server's */
  constructor(fallback: string, isOurs: (host: HostHeader) => boolean = () => false) {
    this.#fallback = fallback
    this.#isOurs = isOurs
  }

  of(host: string | null): string {
    if (host === null) return this.#fallback
    const known = this.#known.get(host)
    if (known !== undefined) return known
    const url = this.#believed(host)
    if (url === undefined) return this.#fallback
    if (this.#known.size < MAX_REMEMBERED) this.#known.set(host, url)
    return url
  }

  #believed(host: string): string | undefined {
    const parsed = parseHost(host)
    if (parsed === undefined) return undefined
    const url = baseUrlFor(host, this.#fallback)
    if (url === this.#fallback || this.#strange.has(url) || this.#isOurs(parsed)) return url
    if (this.#strange.size >= MAX_STRANGE_BASES) return undefined
    this.#strange.add(url)
    return url
  }
}

/** An address or the short name of this machine, as its interfaces are now. */
export function isOfThisMachine(name: string): boolean {
  if (isLoopbackName(name) || name === hostname().toLowerCase()) return true
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return interfaces.some(({ address }) => address.toLowerCase() === name)
}
