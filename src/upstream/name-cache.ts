/** Names to addresses, remembered for their TTL, and longer when the resolver fails. */

import { isIP } from 'node:net'
import { broken, errorCode } from './failure.ts'
import type { Address, Network } from './network.ts'
import { withinTime } from './within-time.ts'

interface Entry {
  addresses: readonly Address[]
  freshUntilMs: number
}

interface NameCacheOptions {
  readonly lookup: Network['lookup']
  readonly now: () => number
  readonly dnsMs: number
}

/** How long a refresh may take while an older answer is at hand. */
const patienceMs = 500
const maxNames = 1000

export class NameCache {
  readonly #options: NameCacheOptions
  readonly #entries = new Map<string, Entry>()
  readonly #pending = new Map<string, Promise<readonly Address[]>>()

  constructor(options: NameCacheOptions) {
    this.#options = options
  }

  /**
   * Ordered for RFC 8305: families alternate, the address that worked last comes first.
   * @throws UpstreamError `dns`
   */
  async resolve(host: string): Promise<readonly Address[]> {
    const bare = host.replace(/^\[|\]$/g, '')
    const family = isIP(bare)
    if (family !== 0) return [{ address: bare, family: family === 6 ? 6 : 4 }]
    const known = this.#entries.get(bare)
    if (known !== undefined && this.#options.now() < known.freshUntilMs) return known.addresses
    const refresh = this.#pending.get(bare) ?? this.#refresh(bare)
    if (known === undefined) return refresh
    return withinTime(
      refresh.catch(() => known.addresses),
      patienceMs,
      () => known.addresses,
    )
  }

  /** Remembers what connected, so that a dead first address costs its delay only once. */
  prefer(host: string, winner: Address): void {
    const entry = this.#entries.get(host)
    if (entry === undefined || entry.addresses[0]?.address === winner.address) return
    entry.addresses = [winner, ...entry.addresses.filter(({ address }) => address !== winner.address)]
  }

  #refresh(host: string): Promise<readonly Address[]> {
    const pending = this.#ask(host).finally(() => this.#pending.delete(host))
    this.#pending.set(host, pending)
    return pending
  }

  async #ask(host: string): Promise<readonly Address[]> {
    try {
      const answer = await withinTime(this.#options.lookup(host), this.#options.dnsMs, () => {
        throw broken('dns', `the resolver did not answer for ${host}`, { hint: dnsHint })
      })
      if (answer.addresses.length === 0) throw noSuchName(host)
      const first = this.#entries.get(host)?.addresses[0]
      const addresses = alternate(answer.addresses, first)
      if (this.#entries.size >= maxNames) this.#entries.clear()
      this.#entries.set(host, { addresses, freshUntilMs: this.#options.now() + answer.ttlMs })
      return addresses
    } catch (error) {
      throw dnsFailure(host, error)
    }
  }
}

const dnsHint = 'Check the network and the resolver of this machine; upstream.resolvers can name others.'

function noSuchName(host: string) {
  return broken('dns', `no address for ${host}: the name does not exist`, {
    hint: 'Check the spelling in the configuration; a local resolver or filter may also hide the name.',
  })
}

function dnsFailure(host: string, error: unknown) {
  if (error instanceof Error && error.name === 'UpstreamError') return error
  const code = errorCode(error)
  if (code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EAI_NONAME') return noSuchName(host)
  return broken(
    'dns',
    `no address for ${host}: the resolver failed (${code || String(error)})`,
    { hint: dnsHint },
    error,
  )
}

/** RFC 8305 section 4: IPv6 first, then one of each family in turn; `first` keeps its place when still named. */
function alternate(addresses: readonly Address[], first: Address | undefined): readonly Address[] {
  const six = addresses.filter(({ family }) => family === 6)
  const four = addresses.filter(({ family }) => family === 4)
  const ordered: Address[] = []
  for (let index = 0; index < Math.max(six.length, four.length); index++) {
    for (const address of [six[index], four[index]]) if (address !== undefined) ordered.push(address)
  }
  const kept = ordered.find(({ address }) => address === first?.address)
  return kept === undefined ? ordered : [kept, ...ordered.filter((address) => address !== kept)]
}
