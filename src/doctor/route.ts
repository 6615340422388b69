import { configuredProxy, type ForwardProxy, proxyFor } from '../upstream/proxy-settings.ts'
import { UpstreamError } from '../upstream/upstream.ts'

type Env = Readonly<Record<string, string | undefined>>

/** How a client goes to an address: by the proxies of these variables, which its own settings may have put there. */
export interface Route {
  readonly env: Env
  /** Who set a variable, where that is no variable, or where a file is known that sets it. */
  readonly setBy: Readonly<Record<string, string>>
}

export type RouteTo = (url: URL) => Route

/** A proxy of a client's own settings, and an address that the client fetches through it. */
export interface SpareProxy {
  readonly url: URL
  readonly route: Route
}

export type ChosenProxy =
  | { readonly outcome: 'direct' }
  | { readonly outcome: 'proxy'; readonly proxy: ForwardProxy; readonly foundIn: string }
  | { readonly outcome: 'unusable'; readonly foundIn: string; readonly reason: string }

/** The proxy of a route for an address. */
export function chooseProxy(url: URL, { env, setBy }: Route): ChosenProxy {
  const variable = variables(url).find((name) => (env[name] ?? '').trim() !== '') ?? ''
  const foundIn = setBy[variable] ?? variable
  try {
    const proxy = proxyFor(url, env)
    return proxy === undefined ? { outcome: 'direct' } : { outcome: 'proxy', proxy, foundIn }
  } catch (error) {
    // A bare % in the user name is a URIError.
    if (!(error instanceof UpstreamError || error instanceof URIError)) throw error
    return { outcome: 'unusable', foundIn, reason: 'it is no address of a proxy' }
  }
}

function variables(url: URL): string[] {
  const scheme = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  return [configuredProxy, scheme, scheme.toLowerCase(), 'ALL_PROXY', 'all_proxy']
}
