import { type Client, isLoopback } from '../clients/client.ts'

export interface RelayPlacesOptions {
  readonly client: Pick<Client, 'path' | 'ecosystem'>
  /** The relay's address for this client, without a slash at the end. */
  readonly address: string
  /** The relay's own address, which a client may use besides. */
  readonly base: string
}

const FILE = /\.(zip|tgz|whl|tar\.gz)$/

/**
 * Does an address lead to the relay? Other registries may stand behind the same host (`/nexus/npm/`): what is set, and
 * what is asked about packages, must lie where the relay answers for this ecosystem. A file may have any path there:
 * the metadata names it.
 */
export function relayPlaces({ client, address, base }: RelayPlacesOptions): (url: string) => boolean {
  const { path, ecosystem } = client
  const ending = path.slice(ecosystem.length + 1)
  const roots = [address.endsWith(ending) ? address.slice(0, address.length - ending.length) : address]
  const places = [...roots, `${base}/${ecosystem}`].map(oursAt)
  const origins = [address, base].map((one) => oursAt(new URL(one).origin))
  return (url) => {
    const known = FILE.test(URL.parse(url)?.pathname ?? '') ? origins : places
    return known.some((leadsThere) => leadsThere(url))
  }
}

/** True for addresses at the same place or below it, whatever this machine is called there. */
export function oursAt(address: string): (url: string) => boolean {
  const mine = new URL(address)
  const prefix = `${mine.pathname.replace(/\/+$/, '')}/`
  return (text) => {
    const url = URL.parse(text)
    if (url === null || url.protocol !== mine.protocol || url.port !== mine.port) return false
    if (!`${url.pathname}/`.startsWith(prefix)) return false
    return url.hostname === mine.hostname || (isLoopback(url.hostname) && isLoopback(mine.hostname))
  }
}
