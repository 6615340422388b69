import { open, readFile } from 'node:fs/promises'
import type { Kept } from '../cache/outcome.ts'
import type {
  CandidateBody,
  Located,
  Proof,
  Refusal,
  Resource,
  Verdict,
  View,
} from '../ecosystems/ecosystem.ts'
import { type PageSource, placesOf } from '../ecosystems/pypi/file-places.ts'
import {
  isCoreMetadata,
  isJsonObject,
  isSignature,
  isStrong,
  noWebPage,
  proveByHashes,
  proveByRoute,
} from '../ecosystems/pypi/file-proof.ts'
import { parseRoute } from '../ecosystems/pypi/file-route.ts'
import { findFile, type ListedFile } from '../ecosystems/pypi/files-map.ts'
import type { SoughtFile } from '../ecosystems/pypi/pypi-resources.ts'
import type { FileRequest } from '../ecosystems/pypi/request-path.ts'
import { type WheelMetadata, wheelMetadata } from '../ecosystems/pypi/wheel-metadata.ts'
import type { RegistryPorts } from './registry-ports.ts'

export interface PypiFilesOptions {
  readonly ports: Pick<RegistryPorts, 'ask' | 'refresh' | 'view' | 'now'>
  readonly pageOf: (project: string) => Resource
  readonly pageAt: (project: string, source: PageSource) => Resource
  readonly filesOf: (page: Resource) => View
  readonly fileOf: (file: FileRequest) => Resource
  readonly sources: (isPrivate: boolean) => readonly PageSource[]
}

/** Where files lie, what proves them, and what can be made where it is missing: by what their page says. */
export interface PypiFiles {
  /**
   * The first call tells where the kept page says that the file lies. Where no such place has it, the second call
   * tells where the other sources' own pages say so: an index can be ahead of its files. They are asked as well
   * before a file is denied: the kept page may be that of a mirror that lags.
   */
  locator(file: SoughtFile): (signal: AbortSignal) => Promise<LocatedFile>
  prove(file: SoughtFile): Proof
}

/**
 * Where metadata is announced and no place has it, it can be made from its wheel: `otherwise` gives the bytes,
 * still to be proved, or undefined when the wheel cannot be had either.
 */
export type LocatedFile = Located & {
  readonly otherwise?: (signal: AbortSignal) => Promise<Uint8Array | undefined>
}

interface Listed {
  readonly kind: 'listed'
  readonly file: ListedFile
  /** The id of the source that the page came from. */
  readonly from: string
}

type Listing =
  | Listed
  | { readonly kind: 'unlisted'; readonly from: string; readonly checkedAtMs: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** A page that was confirmed so lately is not asked for again because of a file that it does not list. */
const JUST_NOW_MS = 2_000
const MAX_METADATA_BYTES = 16 << 20

export function pypiFiles(options: PypiFilesOptions): PypiFiles {
  const { ports } = options

  const look = async (
    { project, file, route }: SoughtFile,
    page = options.pageOf(project),
  ): Promise<Listing> => {
    const view = await ports.view(options.filesOf(page))
    if (view.kind === 'refused') return { kind: 'refused', refusal: view.refusal }
    const { meta } = view.of.object
    const listed = findFile(await bytesOf(view.body), file, route)
    if (listed !== undefined) return { kind: 'listed', file: listed, from: meta.source }
    return { kind: 'unlisted', from: meta.source, checkedAtMs: meta.checkedAtMs }
  }

  /** A kept page may be older than the file: its sources are asked once more before the file is denied. */
  const lookTwice = async (file: SoughtFile): Promise<Listing> => {
    const first = await look(file)
    if (first.kind !== 'unlisted' || ports.now() - first.checkedAtMs < JUST_NOW_MS) return first
    const refreshed = await ports.refresh(options.pageOf(file.project))
    return refreshed.kind === 'refused' ? { kind: 'refused', refusal: refreshed.refusal } : look(file)
  }

  const makeMetadata = async (file: SoughtFile, signal: AbortSignal): Promise<Uint8Array | undefined> => {
    const wheel = await ports.ask(options.fileOf({ ...file, part: 'file' }))
    signal.throwIfAborted()
    if (wheel.kind === 'refused') return undefined
    const made = await metadataInside(wheel, file.project)
    return made.ok ? made.bytes : undefined
  }

  /** What the own pages of the sources but one say of the very same file. A page that cannot be had says nothing. */
  const lookAround = async (file: SoughtFile, from: string): Promise<readonly Listed[]> => {
    const others = options.sources(file.isPrivate).filter(({ id }) => id !== from)
    const pages = others.map(async (source): Promise<Listed | undefined> => {
      const listing = await look(file, options.pageAt(file.project, source))
      if (listing.kind !== 'listed' || !isAnnounced(file, listing.file)) return undefined
      return { ...listing, from: source.id }
    })
    return (await Promise.all(pages)).filter((listing) => listing !== undefined)
  }

  const placesIn = (file: SoughtFile, { file: listed, from }: Listed): string[] =>
    placesOf({ ...file, listed, from }, options.sources(file.isPrivate))

  return {
    locator: (file) => {
      let isFirst = true
      const canMake = file.part === 'metadata' && /\.whl$/i.test(file.file)
      const otherwise = canMake ? { otherwise: (signal: AbortSignal) => makeMetadata(file, signal) } : {}
      return async (signal) => {
        const mayGuess = isFirst && options.sources(file.isPrivate).length > 1
        isFirst = false
        const found = await lookTwice(file)
        if (found.kind === 'refused') return { kind: 'refused', refusal: aboutFile(file, found.refusal) }
        const isListed = found.kind === 'listed' && isAnnounced(file, found.file)
        const urls = isListed ? placesIn(file, found) : []
        if (mayGuess && urls.length > 0) return { kind: 'places', urls, isGuess: true }
        const around = (await lookAround(file, found.from)).flatMap((listing) => placesIn(file, listing))
        signal.throwIfAborted()
        if (!isListed && around.length === 0) return { kind: 'refused', refusal: notListed(file) }
        const others = around.filter((url) => !urls.includes(url))
        const places = [...new Set(others.length > 0 ? others : urls)]
        if (places.length > 0) return { kind: 'places', urls: places, ...otherwise }
        const reason = `the page of ${file.project} gives no web address for ${file.file}`
        return { kind: 'refused', refusal: { kind: 'upstream-failed', reason } }
      }
    },

    prove(file) {
      const hash = parseRoute(file.route)
      if (file.part === 'file' && hash !== undefined && hash !== 'none' && isStrong(hash.algorithm)) {
        return { check: (body, signal) => proveByRoute(body, file.file, hash, signal) }
      }
      const listing = look(file)
      // Looked for beside the fetch, whose end may come first; whoever checks meets the failure.
      listing.catch(() => undefined)
      return {
        check: async (body, signal) => {
          const found = await listing
          const [elsewhere] = found.kind === 'unlisted' ? await lookAround(file, found.from) : []
          return proveListed(file, elsewhere ?? found, body, signal)
        },
      }
    },
  }
}

async function proveListed(
  { part, file, project }: SoughtFile,
  listing: Listing,
  body: CandidateBody,
  signal: AbortSignal,
): Promise<Verdict> {
  if (listing.kind === 'refused') return { verdict: 'unproved', reason: listing.refusal.reason }
  if (listing.kind === 'unlisted') {
    return { verdict: 'denied', reason: `the page of ${project} does not list ${file}` }
  }
  const { hashes, size, metadata } = listing.file
  switch (part) {
    case 'file':
      return proveByHashes(body, file, { hashes, size, looksRight: noWebPage }, signal)
    case 'metadata': {
      const known = metadata === undefined || metadata === true ? {} : metadata
      const what = `the metadata of ${file}`
      return proveByHashes(body, what, { hashes: known, size: undefined, looksRight: isCoreMetadata }, signal)
    }
    case 'signature':
    case 'provenance': {
      const looksRight = part === 'signature' ? isSignature : isJsonObject
      return proveByHashes(
        body,
        `the ${part} of ${file}`,
        { hashes: {}, size: undefined, looksRight },
        signal,
      )
    }
  }
}

function isAnnounced({ part }: SoughtFile, { metadata, gpgSig, provenance }: ListedFile): boolean {
  switch (part) {
    case 'file':
      return true
    case 'metadata':
      return metadata !== undefined
    case 'signature':
      return gpgSig === true
    case 'provenance':
      return provenance !== undefined
  }
}

function notListed({ part, file, project }: SoughtFile): Refusal {
  const what = part === 'file' ? file : `the ${part} of ${file}`
  return {
    kind: 'not-found',
    reason: `the index does not list ${what}`,
    hint: `it was removed or replaced: update the lock file, or look at simple/${project}/`,
  }
}

/** The page's own trouble, in words about the file. A project that is gone has no files. */
function aboutFile(file: SoughtFile, refusal: Refusal): Refusal {
  if (refusal.kind === 'not-found') return notListed(file)
  return {
    ...refusal,
    reason: `${file.file} cannot be found without the page of ${file.project}: ${refusal.reason}`,
  }
}

async function bytesOf(body: CandidateBody): Promise<Uint8Array> {
  return body.kind === 'bytes' ? body.bytes : readFile(body.path)
}

/** Undefined results mean that the wheel is none; what cannot be read from disk counts as that too. */
async function metadataInside({ object }: Kept, project: string): Promise<WheelMetadata> {
  const { body, sizeBytes } = object
  if (body.kind === 'bytes') {
    const bytes = Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength)
    const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length)
    return wheelMetadata({ sizeBytes, read }, project, MAX_METADATA_BYTES)
  }
  try {
    await using file = await open(body.path)
    const read = async (offset: number, length: number) => {
      const buffer = Buffer.alloc(length)
      const { bytesRead } = await file.read(buffer, 0, length, offset)
      if (bytesRead < length) throw new Error('the wheel is shorter than it should be')
      return buffer
    }
    return await wheelMetadata({ sizeBytes, read }, project, MAX_METADATA_BYTES)
  } catch (error) {
    return { ok: false, reason: `the wheel could not be read back from disk: ${error}` }
  }
}
