/** What is known of public mirrors before anything is measured. */

export const ecosystems = ['go', 'npm', 'pypi', 'cargo', 'maven'] as const
export type EcosystemName = (typeof ecosystems)[number]

/**
 * `mirror` holds a full copy, `relay` fetches on demand and keeps, `index` holds metadata only, `redirector` sends
 * its clients elsewhere, `cdn` is the origin's own network.
 */
export const mirrorKinds = ['mirror', 'relay', 'index', 'redirector', 'cdn'] as const
export type MirrorKind = (typeof mirrorKinds)[number]

export const standings = ['verified', 'candidate', 'retired'] as const
export type Standing = (typeof standings)[number]

/** How old a verification may be before its entry is a candidate again. Notices of closure came days before it. */
export const MAX_AGE_DAYS = 180

export interface MirrorEntry {
  /** Short, stable, shown to people; one of its kind in an ecosystem. */
  readonly id: string
  readonly operator: string
  /** Where its clients are: `cn`, `world`, or a name that a user's own file gives. */
  readonly region: string
  /** The network on which it is near, when it has one: `cernet`, `aliyun`. */
  readonly isp: string | undefined
  readonly kind: MirrorKind
  /** Entries with one domain fail together, because one takes its bytes from the other. Default: the id. */
  readonly domain: string
  /** Base addresses without a slash at the end; the first that can be reached is used. */
  readonly addresses: readonly string[]
  /** As claimed by its operator or seen by others; what is measured stands above it. */
  readonly capabilities: Readonly<Record<string, boolean>>
  /** For people, a sentence each. */
  readonly limits: readonly string[]
  readonly status: Standing
  readonly replacedBy: string | undefined
  /** `YYYY-MM-DD`: for `verified` the day of the probe, else that of the finding; undefined when there is none. */
  readonly lastVerified: string | undefined
  readonly provenance: string
  /** `mirrors/go.yaml:37:5` */
  readonly where: string
}

/** How the bytes of a pinned probe are proved. */
export type ProbeHash =
  | { readonly kind: 'go-mod'; readonly h1: string }
  | { readonly kind: 'go-zip'; readonly module: string; readonly version: string; readonly h1: string }
  | { readonly kind: 'digest'; readonly algorithm: 'sha256' | 'sha512'; readonly hex: string }

/** Something that never changes, so that a source which gives other bytes is wrong. */
export interface PinnedProbe {
  /** As the ecosystem's probe reads it (locate-probe.ts). */
  readonly path: string
  readonly hash: ProbeHash
  readonly sizeBytes: number
}

/** A busy package, whose newest versions show how far a mirror lags. */
export interface Canary {
  readonly name: string
  readonly path: string
}

export interface ProbeSet {
  readonly small: PinnedProbe
  readonly medium: PinnedProbe
  /** Paths of small documents, for the time of the first byte. */
  readonly metadata: readonly string[]
  readonly canaries: readonly Canary[]
}

/** The work whose time is predicted. */
export interface ReferenceBuild {
  readonly name: string
  readonly requests: number
  readonly bytes: number
  /** Requests that are under way at a time. */
  readonly concurrency: number
}

export interface Catalogue {
  readonly ecosystem: EcosystemName
  readonly reference: ReferenceBuild
  readonly probes: ProbeSet
  readonly mirrors: readonly MirrorEntry[]
}

/** A file may hold mirrors only; then it adds to a catalogue that has the rest. */
export interface CatalogueFile {
  readonly ecosystem: EcosystemName
  readonly reference: ReferenceBuild | undefined
  readonly probes: ProbeSet | undefined
  readonly mirrors: readonly MirrorEntry[]
}

const dayMs = 86_400_000

/** An entry's status today: a verification that is too old, or dated in the future, counts no longer. */
export function standingOf(entry: Pick<MirrorEntry, 'status' | 'lastVerified'>, nowMs: number): Standing {
  if (entry.status !== 'verified') return entry.status
  const ageDays = ageInDays(entry, nowMs)
  return ageDays !== undefined && ageDays >= -1 && ageDays <= MAX_AGE_DAYS ? 'verified' : 'candidate'
}

export function ageInDays(entry: Pick<MirrorEntry, 'lastVerified'>, nowMs: number): number | undefined {
  if (entry.lastVerified === undefined) return undefined
  return Math.floor((nowMs - Date.parse(`${entry.lastVerified}T00:00:00Z`)) / dayMs)
}

/** Later files win: an entry takes the place of one with its id, probes and reference builds that of the former. */
export function joinCatalogue(base: CatalogueFile, others: readonly CatalogueFile[]): Catalogue | undefined {
  const files = [base, ...others.filter(({ ecosystem }) => ecosystem === base.ecosystem)]
  const mirrors = new Map(files.flatMap((file) => file.mirrors).map((entry) => [entry.id, entry]))
  const reference = files.findLast((file) => file.reference !== undefined)?.reference
  const probes = files.findLast((file) => file.probes !== undefined)?.probes
  if (reference === undefined || probes === undefined) return undefined
  return { ecosystem: base.ecosystem, reference, probes, mirrors: [...mirrors.values()] }
}
