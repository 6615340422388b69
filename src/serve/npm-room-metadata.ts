import { readFile } from 'node:fs/promises'
import { withPatience } from '../cache/patience.ts'
import type { CandidateBody, Refusal } from '../ecosystems/ecosystem.ts'
import { findDist } from '../ecosystems/npm/dist-index.ts'
import type { NpmResources, PackumentForm } from '../ecosystems/npm/npm-resources.ts'
import { type NpmRoute, publicRoute } from '../ecosystems/npm/npm-route.ts'
import { type RegistryKey, readRegistryKeys } from '../ecosystems/npm/registry-signatures.ts'
import type { DistAnswer, TarballPorts } from '../ecosystems/npm/tarball.ts'
import type { Source } from '../upstream/source-list.ts'
import type { RegistryPorts } from './registry-ports.ts'

export interface NpmMetadataOptions {
  readonly ports: Pick<RegistryPorts, 'ask' | 'refresh' | 'view' | 'now'>
  readonly resources: () => NpmResources
  readonly route: (name: string) => NpmRoute
  readonly lists: Readonly<Record<string, readonly Source[]>>
  /** True where a fetch asks again for the place when a guess was wrong. */
  readonly followsGuesses: boolean
}

/** What the tarballs of a room are located and proved by. */
export interface NpmMetadata extends TarballPorts {
  /** A client asked for this form of a packument: it is at hand, so tarballs are looked up in it. */
  formAsked(name: string, form: PackumentForm): void
  /** The form in which its tarballs are looked up. */
  formOf(name: string): PackumentForm
}

/** Metadata that was confirmed so recently is not asked for again because a file is missing from it. */
const JUST_CONFIRMED_MS = 5_000
const KEYS_FRESH_MS = 3_600_000
/** Mirrors often have no keys; they are not asked with every tarball. */
const NO_KEYS_FRESH_MS = 300_000
/** What is kept is read within it; what has to be fetched is not. */
const SOON_MS = 10
/** Names of which it is remembered that clients read them in full. */
const MAX_FULL = 20_000

/** Looks tarballs up in the metadata that is kept, and asks for fresh metadata when that does not know them. */
export function npmMetadata({
  ports,
  resources,
  route,
  lists,
  followsGuesses,
}: NpmMetadataOptions): NpmMetadata {
  const readInFull = new Set<string>()
  const underWay = new Map<string, Promise<DistAnswer>>()
  let keys: { readonly untilMs: number; readonly list: Promise<readonly RegistryKey[]> } | undefined

  const formOf = (name: string): PackumentForm => (readInFull.has(name) ? 'packument' : 'abbreviated')

  const lookUp = async (name: string, file: string, anew: boolean): Promise<DistAnswer> => {
    const view = resources().distView(name, route(name), formOf(name))
    const made = await ports.view(view)
    if (made.kind === 'refused') return made
    const kept = await entryIn(made.body, file)
    if (kept !== undefined && !anew) return { kind: 'entry', entry: kept }
    const confirmedMs = ports.now() - made.of.object.meta.checkedAtMs
    if (made.of.kind !== 'stale' && confirmedMs < JUST_CONFIRMED_MS) return answerOf(kept, file)
    const refreshed = await ports.refresh(view.of)
    if (refreshed.kind === 'refused') return refreshed
    if (refreshed.kind === 'stale') return { kind: 'refused', refusal: notConfirmed(file, refreshed.reason) }
    const again = await ports.view(view)
    return again.kind === 'refused' ? again : answerOf(await entryIn(again.body, file), file)
  }

  const shared = (name: string, file: string): Promise<DistAnswer> => {
    const id = `${name} ${file}`
    let looking = underWay.get(id)
    if (looking === undefined) {
      looking = lookUp(name, file, false).finally(() => underWay.delete(id))
      underWay.set(id, looking)
    }
    return looking
  }

  const askKeys = async (): Promise<readonly RegistryKey[]> => {
    try {
      const kept = await ports.ask(resources().keys(publicRoute))
      if (kept.kind === 'refused') return []
      const { body } = kept.object
      return readRegistryKeys(body.kind === 'bytes' ? new Uint8Array(body.bytes) : await readFile(body.path))
    } catch {
      // The server is being stopped, or its store fails, which others are told of: without keys nothing is judged.
      return []
    }
  }

  return {
    formAsked(name, form) {
      if (form === 'abbreviated') readInFull.delete(name)
      else if (readInFull.size < MAX_FULL) readInFull.add(name)
    },
    formOf,
    async dist(name, file, signal, anew) {
      signal.throwIfAborted()
      return anew === undefined ? shared(name, file) : lookUp(name, file, true)
    },
    ...(followsGuesses
      ? {
          async distSoon(name, file, signal) {
            signal.throwIfAborted()
            const looking = shared(name, file)
            const early = await withPatience(looking, SOON_MS)
            return 'late' in early ? undefined : early
          },
        }
      : {}),
    bases: (name) => (lists[route(name).sources] ?? []).map(({ url }) => url),
    async keys(name) {
      if (route(name).isPrivate) return []
      if (keys === undefined || ports.now() >= keys.untilMs) {
        const asking = { untilMs: Number.POSITIVE_INFINITY, list: askKeys() }
        keys = asking
        const { length } = await asking.list
        const freshMs = length > 0 ? KEYS_FRESH_MS : NO_KEYS_FRESH_MS
        if (keys === asking) keys = { ...asking, untilMs: ports.now() + freshMs }
      }
      return keys.list
    },
  }
}

async function entryIn(body: CandidateBody, file: string) {
  return findDist(body.kind === 'bytes' ? body.bytes : await readFile(body.path), file)
}

function answerOf(entry: ReturnType<typeof findDist>, file: string): DistAnswer {
  if (entry !== undefined) return { kind: 'entry', entry }
  const reason = `the registry lists no ${file}`
  return {
    kind: 'refused',
    refusal: { kind: 'not-found', reason, hint: 'check the version, or whether it was unpublished' },
  }
}

function notConfirmed(file: string, reason: string): Refusal {
  return {
    kind: 'upstream-failed',
    reason: `the metadata that is kept lists no ${file}, and no fresh one can be had: ${reason}`,
  }
}
