/** What `/etc/resolv.conf` says beside its servers (resolv.conf(5)). */
export interface ResolverFile {
  readonly nameServers: readonly string[]
  readonly searchDomains: readonly string[]
  readonly ndots: number
}

/** Of several `search` lines the last counts. Pure; lines that say nothing here are passed over. */
export function parseResolverFile(text: string): ResolverFile {
  const nameServers: string[] = []
  let searchDomains: readonly string[] = []
  let ndots = 1
  for (const line of text.split('\n')) {
    const [word, ...rest] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (word === 'nameserver' && rest[0] !== undefined) nameServers.push(bracketed(rest[0]))
    if (word === 'search' || word === 'domain') searchDomains = rest.filter((domain) => domain !== '.')
    if (word === 'options') {
      const found = rest
        .map((option) => /^ndots:(\d{1,2})$/.exec(option)?.[1])
        .find((value) => value !== undefined)
      if (found !== undefined) ndots = Math.min(15, Number(found))
    }
  }
  return { nameServers, searchDomains, ndots }
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address.split('%')[0]}]` : address
}
