/** What the engine is told of each thing that this ecosystem serves. */

import { createHash } from 'node:crypto'
import type { Located, Proof, Resource } from '../ecosystem.ts'
import { parseDistribution } from './distribution-file.ts'
import { type PageSource, pageAddress } from './file-places.ts'
import { filePath } from './file-route.ts'
import { mediaTypes } from './negotiation.ts'
import { type FileRequest, partSuffix } from './request-path.ts'

/** Names of the lists of sources. The JSON API lies beside the simple index, where a source has it. */
export const PYPI_SOURCES = 'pypi'
export const PYPI_JSON_SOURCES = 'pypi-json'
export const PRIVATE_SOURCES = 'pypi-private'
export const PRIVATE_JSON_SOURCES = 'pypi-private-json'

/** A file, and whose it is. */
export interface SoughtFile extends FileRequest {
  readonly isPrivate: boolean
}

export interface PypiEcosystemOptions {
  readonly ttl: { readonly metadataMs: number; readonly missMs: number }
  /** Of normalised names. */
  readonly isPrivate: (project: string) => boolean
  /**
   * True when private names have a source, and no credentials of our own for it: then a client's own go there,
   * and nothing of the answer is kept.
   */
  readonly forwardsPrivate: boolean
  /** Tells where a file lies, by what its project's page says: one locator for each fetch. */
  readonly locatorOf: (file: SoughtFile) => (signal: AbortSignal) => Promise<Located>
  readonly proveFile: (file: SoughtFile, signal: AbortSignal) => Proof
  /** A form check of the renderer, by its name. */
  readonly proveForm: (name: string, params: Readonly<Record<string, string>>) => Proof
}

/** The largest bodies that are taken: pages of the public index stay below 50 MB, files below 10 GB. */
const maxBytes = {
  page: 64 << 20,
  json: 64 << 20,
  metadata: 16 << 20,
  signature: 1 << 20,
  provenance: 16 << 20,
  file: 20 * 2 ** 30,
} as const

const jsonType = 'application/json'
const acceptsPage = [mediaTypes.json, `${mediaTypes['html-v1']};q=0.2`, 'text/html;q=0.1'].join(', ')

/** Keys of private names begin so; no client's path does, because no project's page lies there. */
export const PRIVATE_KEYS = '/private'

export interface Resources {
  page(project: string): Resource
  /** The same page as this one source has it, kept apart from what clients see. */
  pageAt(project: string, source: Pick<PageSource, 'id' | 'url'>): Resource
  projects(): Resource
  project(project: string, version: string | undefined): Resource
  file(request: FileRequest): Resource
}

export function resourcesFor(options: PypiEcosystemOptions): Resources {
  const { ttl, isPrivate, proveForm } = options
  const keyOf = (path: string, hidden: boolean) => `pypi${hidden ? PRIVATE_KEYS : ''}/${path}`
  const mutable = (hidden: boolean) => ({
    ecosystem: 'pypi' as const,
    shape: 'metadata' as const,
    freshMs: ttl.metadataMs,
    missMs: ttl.missMs,
    compressible: true,
    ...(hidden ? { isPrivate: true } : {}),
  })
  const page = (project: string): Resource => {
    const hidden = isPrivate(project)
    return {
      ...mutable(hidden),
      key: keyOf(`simple/${project}/`, hidden),
      sources: hidden ? PRIVATE_SOURCES : PYPI_SOURCES,
      path: `${project}/`,
      kind: 'page',
      name: project,
      mediaType: mediaTypes.json,
      maxBytes: maxBytes.page,
      accept: acceptsPage,
      prove: () => proveForm('pypi.page', { project }),
    }
  }
  return {
    page,
    pageAt(project, source) {
      const place = createHash('sha256').update(source.id).digest('hex').slice(0, 16)
      return {
        ...page(project),
        key: keyOf(`at/${place}/${project}/`, isPrivate(project)),
        locate: async () => ({ kind: 'places', urls: [pageAddress(source, project)] }),
      }
    },
    projects: () => ({
      ...mutable(false),
      key: keyOf('simple/', false),
      sources: PYPI_SOURCES,
      path: '',
      kind: 'projects',
      name: 'simple',
      mediaType: mediaTypes.json,
      maxBytes: maxBytes.page,
      accept: acceptsPage,
      prove: () => proveForm('pypi.projects', {}),
    }),
    project(project, version) {
      const hidden = isPrivate(project)
      const path = version === undefined ? `${project}/json` : `${project}/${version}/json`
      return {
        ...mutable(hidden),
        key: keyOf(`pypi/${path}`, hidden),
        sources: hidden ? PRIVATE_JSON_SOURCES : PYPI_JSON_SOURCES,
        path,
        kind: 'project',
        name: project,
        mediaType: jsonType,
        maxBytes: maxBytes.json,
        accept: jsonType,
        prove: () => proveForm('pypi.project', { project }),
      }
    },
    file(request) {
      const { project, route, file, part } = request
      const hidden = isPrivate(project)
      const sought: SoughtFile = { ...request, isPrivate: hidden }
      const path = filePath(project, route, file) + partSuffix[part]
      return {
        ecosystem: 'pypi',
        key: keyOf(path, hidden),
        sources: hidden ? PRIVATE_SOURCES : PYPI_SOURCES,
        path,
        kind: part === 'file' ? parseDistribution(file, project).kind : part,
        name: project,
        mediaType: fileMediaType[part],
        shape: part === 'file' ? 'blob' : 'metadata',
        maxBytes: maxBytes[part],
        // Without any hash nothing tells a file from the one that replaced it.
        freshMs: part === 'provenance' || route === '-' ? ttl.metadataMs : Number.POSITIVE_INFINITY,
        // Its page says whether there is such a file: there is nothing to remember.
        missMs: 0,
        locate: options.locatorOf(sought),
        prove: (signal) => options.proveFile(sought, signal),
        ...(hidden ? { isPrivate: true } : {}),
      }
    },
  }
}

/** As octets: pip looks at the name, and must not be led to undo a compression that is the file's own. */
const fileMediaType = {
  file: 'application/octet-stream',
  metadata: 'text/plain; charset=utf-8',
  signature: 'text/plain; charset=utf-8',
  provenance: jsonType,
} as const
