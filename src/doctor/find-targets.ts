import type { Config } from '../config/schema.ts'
import type { Catalogue, EcosystemName } from '../mirrors/catalogue.ts'
import { standingOf } from '../mirrors/catalogue.ts'
import { mask } from '../observe/mask.ts'
import { printable } from '../observe/terminal-text.ts'
import { GO_SOURCES, goLists, SUMDB_SOURCES } from '../sources/go-lists.ts'
import { endpointOf, hostOf, type Target } from './target.ts'

/** Who asks for what: the programs that people name, and what they fetch. */
export const clientEcosystems: Readonly<Record<string, EcosystemName>> = {
  go: 'go',
  npm: 'npm',
  pnpm: 'npm',
  yarn: 'npm',
  bun: 'npm',
  pypi: 'pypi',
  pip: 'pypi',
  uv: 'pypi',
  poetry: 'pypi',
  pdm: 'pypi',
  cargo: 'cargo',
  maven: 'maven',
  mvn: 'maven',
  gradle: 'maven',
}

const mostControls = 2

type Origins = Readonly<Record<string, string>>

/** The public sources of every served ecosystem, as the configuration means them; private ones hold nothing to probe. */
export function configuredTargets(
  config: Pick<Config, 'go' | 'npm' | 'pypi'>,
  origins: Origins,
  databaseNames: readonly string[] = [],
): Target[] {
  const simple = (ecosystem: 'npm' | 'pypi') =>
    config[ecosystem].upstream.flatMap((address): Target[] => {
      const url = webAddress(address)
      const foundIn = origins[`${ecosystem}.upstream`] ?? 'default'
      return url === undefined ? [] : [{ url, role: 'source', ecosystem, foundIn }]
    })
  return [...goTargets(config, origins, databaseNames), ...simple('npm'), ...simple('pypi')]
}

function goTargets(config: Pick<Config, 'go'>, origins: Origins, databaseNames: readonly string[]): Target[] {
  const lists = goLists(config, origins, databaseNames)
  const modules = (lists[GO_SOURCES] ?? []).flatMap((step): Target[] => {
    const url = step.kind === 'source' ? webAddress(step.url) : undefined
    if (step.kind !== 'source' || url === undefined) return []
    return [{ url, role: 'source', ecosystem: 'go', foundIn: step.foundIn }]
  })
  const databases = (lists[SUMDB_SOURCES] ?? []).flatMap((step): Target[] => {
    const url = step.kind === 'source' ? webAddress(step.url) : undefined
    if (step.kind !== 'source' || url === undefined) return []
    const relayed = modules.some((module) => url.href.startsWith(module.url.href.replace(/\/?$/, '/')))
    return relayed ? [] : [{ url, role: 'database', ecosystem: 'go', foundIn: step.foundIn }]
  })
  // One own address is enough: the others are its aliases.
  return [...modules, ...databases.slice(0, 1)]
}

/** An address that a person wrote: with or without a scheme, a host alone, `host:port`. */
export function givenTarget(text: string, catalogues: readonly Catalogue[]): Target | undefined {
  const url = webAddress(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`)
  if (url === undefined || !/^[a-z0-9._-]+$|^\[[0-9a-f:.]+\]$/i.test(url.hostname)) return undefined
  const base = url.href.replace(/\/$/, '')
  const known = catalogues.find(({ mirrors }) => mirrors.some(({ addresses }) => addresses.includes(base)))
  return { url, role: 'given', ecosystem: known?.ecosystem, foundIn: 'command line' }
}

/** Mirrors of the catalogue on hosts that are no target: only to compare with. */
export function catalogueControls(targets: readonly Target[], catalogue: Catalogue, nowMs: number): Target[] {
  const hosts = new Set(targets.map(hostOf))
  return catalogue.mirrors
    .filter((entry) => standingOf(entry, nowMs) !== 'retired')
    .flatMap((entry): Target[] => {
      const url = webAddress(entry.addresses[0] ?? '')
      if (url === undefined || url.protocol !== 'https:' || hosts.has(url.hostname)) return []
      hosts.add(url.hostname)
      return [{ url, role: 'control', ecosystem: catalogue.ecosystem, foundIn: 'catalogue' }]
    })
    .slice(0, mostControls)
}

/** Each address once; the first that names it counts. */
export function uniqueTargets(targets: readonly Target[]): Target[] {
  const known = new Set<string>()
  return targets.filter((target) => {
    const key = `${endpointOf(target)} ${target.url.pathname.replace(/\/$/, '')}`
    if (known.has(key)) return false
    known.add(key)
    return true
  })
}

/**
 * What a person wrote, for a message. It may be no address that a parser reads, with a password of any characters: all
 * before the last `@` is hidden.
 */
export function shownArgument(text: string): string {
  return mask(printable(text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1***@')))
}

export function webAddress(text: string): URL | undefined {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '' ? url : undefined
}
