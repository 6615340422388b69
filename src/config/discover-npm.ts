import type { Discovered } from './load-config.ts'
import { type ListenAddress, sourceAddress } from './network-kinds.ts'
import { readNpmConfig } from './npm-config.ts'
import { isOwnAddress, localNames } from './own-address.ts'
import { maskUrls } from './problem.ts'
import { quietly, readTextFile } from './read-text-file.ts'
import { setBefore } from './set-before.ts'

export interface NpmSetting {
  /** A registry's base address, without a slash at its end. */
  readonly value: string
  /** `npm config (registry)`, `npm config (built in)`, … */
  readonly origin: string
}

/** A scope with a registry of its own. */
export interface NpmScope {
  /** `@corp` */
  readonly scope: string
  /** Its registry's base address, without a slash at its end. */
  readonly url: string
  readonly foundIn: string
}

export type NpmDiscovery =
  | {
      readonly found: true
      /** npm's registry, never our own address; undefined when nothing is known in its place. */
      readonly registry: NpmSetting | undefined
      readonly scopes: readonly NpmScope[]
      /** The registry that all others copy from: the one that npm has built in. */
      readonly originAddress: string | undefined
      /** What was left out or replaced, for people. */
      readonly notes: readonly string[]
    }
  | { readonly found: false; readonly reason: string }

export interface DiscoverNpmOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where this server listens: for all, and for npm alone. */
  readonly listen: readonly ListenAddress[]
  /** The host name under which npm's registry stands at the root here. */
  readonly host?: string | undefined
  /** The data folder, whose journal says what was set before npm was pointed at us. */
  readonly data: string
  readonly command?: string
  /** The limit for each question to npm. Default: 5,000 ms. */
  readonly timeoutMs?: number
  /** Nobody waits for it right now: others go first. */
  readonly inBackground?: boolean
  readonly signal?: AbortSignal
  readonly readFile?: (path: string) => Promise<string | undefined>
  /** This machine's addresses and names, for a server that listens on all of them. */
  readonly local?: readonly string[]
}

/**
 * Finds npm's own registry and those of scopes. Our own address is never an upstream: what was set before (the
 * journal), else what npm has built in, takes its place. Never throws.
 */
export async function discoverNpm(options: DiscoverNpmOptions): Promise<NpmDiscovery> {
  const { env, command = 'npm', timeoutMs = 5000, signal, readFile = readTextFile } = options
  const { settings, builtIn } = await readNpmConfig(env, {
    command,
    timeoutMs,
    signal,
    inBackground: options.inBackground,
  })
  if (!settings.ok) return { found: false, reason: settings.reason }
  const local = options.local ?? localNames()
  const isOwn = (url: string) =>
    URL.parse(url)?.hostname === options.host ||
    options.listen.some((listen) => isOwnAddress(url, { listen, local, prefix: '/npm' }))
  const notes: string[] = []

  const original = builtIn.ok ? addressOf(builtIn.value) : undefined
  const set = addressOf(settings.value.get('registry'))
  let registry = set === undefined ? undefined : { value: set, origin: originOf(set, original) }
  if (set !== undefined && isOwn(set)) {
    registry = (await before()) ?? theBuiltIn()
    notes.push(
      registry
        ? `npm's registry ${maskUrls(set)} is this server; in its place: ${maskUrls(registry.value)}, from ${registry.origin}`
        : `npm's registry ${maskUrls(set)} is this server, and nothing is known in its place: set npm.upstream`,
    )
  } else if (set === undefined) {
    registry = theBuiltIn()
  }

  async function before(): Promise<NpmSetting | undefined> {
    const { data } = options
    const read = quietly(readFile)
    const known = await setBefore({ data, journal: 'npm.json', setting: 'registry', read })
    const value = addressOf(known.value)
    return value === undefined || isOwn(value) ? undefined : { value, origin: known.origin }
  }

  function theBuiltIn(): NpmSetting | undefined {
    return original === undefined || isOwn(original)
      ? undefined
      : { value: original, origin: 'npm config (built in)' }
  }

  const scopes: NpmScope[] = []
  for (const [name, value] of settings.value) {
    const scope = /^(@[a-z0-9~-][a-z0-9._~-]*):registry$/.exec(name)?.[1]
    if (scope === undefined) continue
    const url = addressOf(value)
    if (url === undefined) notes.push(`${name} in npm's settings is no address and is left out`)
    else if (isOwn(url)) notes.push(`${name} leads to this server and is left out`)
    else scopes.push({ scope, url, foundIn: `npm config (${name})` })
  }
  return { found: true, registry, scopes, originAddress: original, notes }
}

/** What was found, as a layer for `loadConfig`. */
export function npmSettings(found: NpmDiscovery): Discovered[] {
  if (!found.found || found.registry === undefined) return []
  const { value, origin } = found.registry
  return [{ key: 'npm.upstream', value: [value], origin }]
}

function originOf(registry: string, builtIn: string | undefined): string {
  return registry === builtIn ? 'npm config (built in)' : 'npm config (registry)'
}

function addressOf(raw: unknown): string | undefined {
  const parsed = sourceAddress.parse(raw, { folder: '', home: '' })
  return parsed.ok ? parsed.value : undefined
}
