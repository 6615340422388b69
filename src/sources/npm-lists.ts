import type { Config } from '../config/schema.ts'
import { type NpmRoute, publicRoute } from '../ecosystems/npm/npm-route.ts'
import { scopeOf } from '../ecosystems/npm/package-name.ts'
import { compilePatterns } from '../policy/private-patterns.ts'
import { sourceId } from '../upstream/source-id.ts'
import type { Source } from '../upstream/source-list.ts'

/** A scope with a registry of its own, as `@scope:registry` in .npmrc says it. */
export interface ScopeRegistry {
  /** `@corp` */
  readonly scope: string
  /** Its registry's base address, without a slash at its end. */
  readonly url: string
  readonly foundIn: string
}

export interface NpmSources {
  readonly lists: Readonly<Record<string, readonly Source[]>>
  /** Decided by the name alone: the settings' private names first, then the scopes, else the public registry. */
  readonly route: (name: string) => NpmRoute
  /** Where accounts are: the private registry, where there is one. */
  readonly accounts: NpmRoute
  /** The pattern that makes a name private; undefined for a public one. */
  readonly patternOf: (name: string) => string | undefined
}

const PRIVATE = 'npm-private'

/**
 * The lists of sources that the settings mean; within a list all are equal. Each has a second one beside it for
 * what is written, which is its first source alone. `origin` is the address that all others copy from, as the
 * toolchain brings it along.
 */
export function npmSources(
  config: Pick<Config, 'npm' | 'upstream'>,
  origins: Readonly<Record<string, string>>,
  scopes: readonly ScopeRegistry[] = [],
  origin?: string,
): NpmSources {
  const { npm } = config
  const lists: Record<string, readonly Source[]> = {}
  const passesTokens = new Map<string, boolean>()
  const add = (
    name: string,
    urls: readonly string[],
    foundIn: string,
    isOrigin: (url: string) => boolean,
  ) => {
    const distinct = [...new Set(urls)]
    const sources = distinct.map((url, index): Source => {
      const next = index < distinct.length - 1 ? '|' : undefined
      return { kind: 'source', id: sourceId(url), url, next, foundIn, origin: isOrigin(url) }
    })
    const [first] = sources
    if (first === undefined) return
    lists[name] = sources
    lists[`${name}-writes`] = [{ ...first, next: undefined }]
    passesTokens.set(name, !distinct.some((url) => hasCredentials(config, url)))
  }
  const foundIn = origins['npm.upstream'] ?? 'default'
  const isBuiltIn = foundIn.includes('built in')
  add(publicRoute.sources, npm.upstream, foundIn, (url) => isBuiltIn || isSame(url, origin))
  // Nobody copies a private registry: it is its own origin.
  add(PRIVATE, npm.privateUpstream, origins['npm.privateUpstream'] ?? 'default', () => true)

  const byScope = new Map<string, NpmRoute>()
  for (const { scope, url, foundIn: scopeFoundIn } of scopes) {
    // A scope that is pointed at the public registry is public.
    if (npm.upstream.some((one) => isSame(one, url))) continue
    const name = `npm-scope-${scope}`
    add(name, [url], scopeFoundIn, () => true)
    byScope.set(scope, privateRoute(name, passesTokens))
  }
  const own = privateRoute(PRIVATE, passesTokens)
  const matchers = npm.private.map((pattern) => ({
    pattern,
    matches: compilePatterns([pattern.toLowerCase()]),
  }))
  const patternOf = (name: string) => {
    // Capitals are another name to the public registry, and would be a way around.
    const lower = name.toLowerCase()
    return matchers.find(({ matches }) => matches(lower))?.pattern
  }
  const route = (name: string): NpmRoute => {
    if (matchers.length === 0 && byScope.size === 0) return publicRoute
    const scoped = byScope.get(scopeOf(name) ?? '')
    if (patternOf(name) === undefined) return scoped ?? publicRoute
    return lists[PRIVATE] === undefined ? (scoped ?? own) : own
  }
  return { lists, route, accounts: lists[PRIVATE] === undefined ? publicRoute : own, patternOf }
}

function privateRoute(sources: string, passesTokens: ReadonlyMap<string, boolean>): NpmRoute {
  const passes = passesTokens.get(sources) ?? false
  return { sources, writes: `${sources}-writes`, isPrivate: true, passesTokens: passes }
}

/** Whether we have credentials of our own for a source: in its address, or for its host. */
function hasCredentials({ upstream }: Pick<Config, 'upstream'>, address: string): boolean {
  const url = new URL(address)
  if (url.username !== '' || url.password !== '') return true
  const { credentials } = upstream
  const byHost = credentials[url.host] ?? credentials[url.hostname]
  return byHost !== undefined || Object.values(credentials).some(({ kind }) => kind === 'netrc')
}

function isSame(url: string, other: string | undefined): boolean {
  return other !== undefined && url.replace(/\/+$/, '') === other.replace(/\/+$/, '')
}
