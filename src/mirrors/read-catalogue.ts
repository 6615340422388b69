import type { Problem } from '../config/problem.ts'
import {
  type CatalogueFile,
  ecosystems,
  type MirrorEntry,
  mirrorKinds,
  type ProbeHash,
  standings,
} from './catalogue.ts'
import { oneOf, type Reader, readYaml, scalar, text, wholeNumber, type YamlPlace } from './yaml-shape.ts'

export type CatalogueResult =
  | { readonly ok: true; readonly file: CatalogueFile }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Reads one file of the catalogue. Never throws for what stands in it; tells all that is wrong. */
export function readCatalogue(name: string, source: string): CatalogueResult {
  const result = readYaml(name, source, readFile)
  return result.ok ? { ok: true, file: result.value } : result
}

/** What one probe may cost each mirror. */
const maxProbeBytes = 4 * 2 ** 20

const label: Reader<string> = scalar('a short name of a-z, 0-9, dot and hyphen', (raw) =>
  typeof raw === 'string' && /^[a-z0-9][a-z0-9.-]{0,62}$/.test(raw) ? raw : undefined,
)

/** `{registry}` stands for a name that is found on the user's machine. */
const address: Reader<string> = scalar('an http or https address without query and fragment', (raw) => {
  const url = typeof raw === 'string' ? URL.parse(raw.replaceAll('{registry}', 'registry')) : null
  const sound =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.search === '' &&
    url.hash === '' &&
    url.username === ''
  return sound ? String(raw).replace(/\/+$/, '') : undefined
})

const path: Reader<string> = scalar('a path without a slash at its start', (raw) =>
  typeof raw === 'string' && /^[^/\s?#][^\s?#]*$/.test(raw) && !raw.split('/').includes('..')
    ? raw
    : undefined,
)

const date: Reader<string> = scalar('a day such as 2026-08-20', (raw) => {
  if (typeof raw !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(raw)) return undefined
  const time = Date.parse(`${raw}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(raw) ? raw : undefined
})

const hash: Reader<ProbeHash> = scalar(
  'a hash: `go.mod h1:…`, `MODULE@VERSION h1:…`, `sha256:HEX` or `sha512-BASE64`',
  parseHash,
)

function parseHash(raw: unknown): ProbeHash | undefined {
  if (typeof raw !== 'string') return undefined
  const h1 = /^(\S+) (h1:[A-Za-z0-9+/]{43}=)$/.exec(raw)
  if (h1?.[1] === 'go.mod') return { kind: 'go-mod', h1: h1[2] ?? '' }
  const [module, version, ...rest] = h1?.[1]?.split('@') ?? []
  if (h1 && module && version && rest.length === 0) {
    return { kind: 'go-zip', module, version, h1: h1[2] ?? '' }
  }
  const hex = /^sha256:([0-9a-f]{64})$/.exec(raw)?.[1]
  if (hex !== undefined) return { kind: 'digest', algorithm: 'sha256', hex }
  const base64 = /^sha512-([A-Za-z0-9+/]{86}==)$/.exec(raw)?.[1]
  if (base64 === undefined) return undefined
  return { kind: 'digest', algorithm: 'sha512', hex: Buffer.from(base64, 'base64').toString('hex') }
}

const flag: Reader<boolean> = scalar('true or false', (raw) => (typeof raw === 'boolean' ? raw : undefined))

const probe = (place: YamlPlace) => {
  const found = place.map({
    path: { read: path },
    hash: { read: hash },
    bytes: { read: wholeNumber(1, maxProbeBytes) },
  })
  return found && { path: found.path, hash: found.hash, sizeBytes: found.bytes }
}

const probes = (place: YamlPlace) =>
  place.map({
    small: { read: probe },
    medium: { read: probe },
    metadata: { read: (list) => list.items(path) },
    canaries: {
      read: (list) => list.items((item) => item.map({ name: { read: text }, path: { read: path } })),
    },
  })

const reference = (place: YamlPlace) => {
  const found = place.map({
    build: { read: text },
    requests: { read: wholeNumber(1, 1e6) },
    bytes: { read: wholeNumber(1, 1e12) },
    concurrency: { read: wholeNumber(1, 1000) },
  })
  return (
    found && {
      name: found.build,
      requests: found.requests,
      bytes: found.bytes,
      concurrency: found.concurrency,
    }
  )
}

function entry(place: YamlPlace): MirrorEntry | undefined {
  const found = place.map({
    id: { read: label },
    operator: { read: text },
    region: { read: label },
    isp: { read: label, optional: true },
    kind: { read: oneOf(mirrorKinds) },
    domain: { read: label, optional: true },
    addresses: { read: (list) => list.items(address) },
    capabilities: { read: (map) => map.record(flag), optional: true },
    limits: { read: (list) => list.items(text), optional: true },
    status: { read: oneOf(standings) },
    replacedBy: { read: label, optional: true },
    lastVerified: { read: date, optional: true },
    provenance: { read: text },
  })
  if (found === undefined) return undefined
  const { addresses, status, lastVerified } = found
  if (addresses.length === 0) {
    place.report(`'${found.id}' has no address`)
    return undefined
  }
  if (status === 'verified' && lastVerified === undefined) {
    place.report(`'${found.id}' is verified, but lastVerified does not say when`)
    return undefined
  }
  return {
    ...found,
    domain: found.domain ?? found.id,
    capabilities: found.capabilities ?? {},
    limits: found.limits ?? [],
    where: place.where,
  }
}

function readFile(root: YamlPlace): CatalogueFile | undefined {
  const taken = new Map<string, string>()
  return root.map({
    ecosystem: { read: oneOf(ecosystems) },
    reference: { read: reference, optional: true },
    probes: { read: probes, optional: true },
    mirrors: {
      read: (list) =>
        list.items((place) => {
          const mirror = entry(place)
          const former = mirror && taken.get(mirror.id)
          if (mirror && former === undefined) taken.set(mirror.id, place.where)
          if (former !== undefined)
            place.report(`'${mirror?.id}' stands here a second time (first: ${former})`)
          return mirror
        }),
    },
  })
}
