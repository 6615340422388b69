import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import type { Pinned } from './client-run.ts'
import type { RelayLink } from './relay-link.ts'

/** Small, without dependencies of their own, unchanged for years. The hashes are the public registries' own. */
const usual: readonly Pinned[] = [
  {
    ecosystem: 'go',
    name: 'rsc.io/quote',
    version: 'v1.5.2',
    hash: 'h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=',
  },
  {
    ecosystem: 'npm',
    name: 'isarray',
    version: '2.0.5',
    hash: 'sha512-xHjhDr3cNBK0BzdUJSPXZntQUx/mwMS5Rw4A7lPJ90XGAO6ISP/ePDNuo0vhqOZU+UD5JoodwCAAoZQd3FeAKw==',
  },
  {
    ecosystem: 'pypi',
    name: 'six',
    version: '1.17.0',
    hash: 'sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274',
  },
]

export type GivenPackages =
  | { readonly ok: true; readonly given: readonly Pinned[] }
  | { readonly ok: false; readonly message: string }

const FORM = /^(?:(go|npm|pypi)=)?(@?[^@=\s]+)@([^@=\s/]+)$/

/** Reads `--package`: `NAME@VERSION`, or `go=NAME@VERSION,npm=…` where it is for several registries. */
export function readPackages(text: string, asked: readonly EcosystemId[]): GivenPackages {
  const given: Pinned[] = []
  for (const item of text.split(',')) {
    const [, written, name = '', version = ''] = FORM.exec(item.trim()) ?? []
    if (name === '') {
      return {
        ok: false,
        message: `--package is NAME@VERSION, or go=NAME@VERSION,npm=NAME@VERSION; not '${item}'`,
      }
    }
    const [only, ...others] = new Set(asked)
    if (written === undefined && (only === undefined || others.length > 0)) {
      return { ok: false, message: `say whose package ${name} is: --package go=${name}@${version}` }
    }
    const ecosystem = (['go', 'npm', 'pypi'] as const).find((id) => id === (written ?? only))
    if (ecosystem === undefined) return { ok: false, message: `the packages of ${only} are not served` }
    given.push({ ecosystem, name, version })
  }
  return { ok: true, given }
}

/** What is given, else the usual one; of a relay that is offline the smallest that it keeps. */
export async function choosePackage(
  ecosystem: EcosystemId,
  given: readonly Pinned[],
  relay: RelayLink,
): Promise<Pinned | undefined> {
  const named = given.find((one) => one.ecosystem === ecosystem)
  if (named !== undefined) return named
  const known = usual.find((one) => one.ecosystem === ecosystem)
  const status = await relay.status().catch(() => undefined)
  const isOffline = typeof status === 'object' && status !== null && Reflect.get(status, 'offline') === true
  if (!isOffline) return known
  return (await smallestKept(ecosystem, relay)) ?? known
}

async function smallestKept(ecosystem: EcosystemId, relay: RelayLink): Promise<Pinned | undefined> {
  const ends: Partial<Record<EcosystemId, string>> = { go: '.zip', npm: '.tgz', pypi: '.whl' }
  const end = ends[ecosystem]
  if (end === undefined) return undefined
  const kept = await relay.keptKeys(`${ecosystem}/*${end}`).catch(() => [])
  const known = kept.flatMap(({ key, sizeBytes }) => {
    const pinned = pinnedOfKey(ecosystem, key)
    return pinned === undefined ? [] : [{ pinned, sizeBytes }]
  })
  return known.sort((a, b) => a.sizeBytes - b.sizeBytes)[0]?.pinned
}

/** The package of a kept file, by the key under which it lies. */
export function pinnedOfKey(ecosystem: EcosystemId, key: string): Pinned | undefined {
  const unescaped = (text: string) => text.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
  if (ecosystem === 'go') {
    const [, name, version] = /^go\/(.+)\/@v\/(v[^/]+)\.zip$/.exec(key) ?? []
    return name && version ? { ecosystem, name: unescaped(name), version: unescaped(version) } : undefined
  }
  if (ecosystem === 'npm') {
    const [, name, base, file] = /^npm\/((?:@[^/]+\/)?([^/@]+))\/-\/([^/]+)\.tgz$/.exec(key) ?? []
    const version = base && file?.startsWith(`${base}-`) ? file.slice(base.length + 1) : undefined
    return name && version ? { ecosystem, name, version } : undefined
  }
  const [, name, version] = /\/([A-Za-z0-9._]+)-([^-/]+)-(?:py3|py2\.py3)-none-any\.whl$/.exec(key) ?? []
  return name && version ? { ecosystem, name: name.replaceAll('_', '-'), version } : undefined
}
