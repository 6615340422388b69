/** Pages and lists of projects as JSON (PEP 691): found in their bytes, changed there, or written from files. */

import { isUtf8 } from 'node:buffer'
import { JsonReader, type Span } from '../json-scan.ts'
import { isRecord, PageFault, type PageFile, readJsonFile, servedUrl } from './page-file.ts'
import { isProjectName, normalizeName } from './project-name.ts'

/** A file's entry, and the strings in it that hold addresses, in the order of the document. */
interface FileSpan extends Span {
  readonly addresses: readonly {
    readonly key: 'url' | 'provenance'
    readonly text: string
    readonly span: Span
  }[]
}

/** What a JSON document of the API holds, as places in its bytes. */
export interface JsonPage {
  /** `name`, as written. */
  readonly name: string | undefined
  readonly files: readonly FileSpan[] | undefined
  readonly projects: readonly Span[] | undefined
  readonly versions: Span | undefined
  readonly status: Span | undefined
}

/** Reads the whole document once. Throws JsonFault or PageFault. */
export function scanJsonPage(bytes: Uint8Array): JsonPage {
  if (!isUtf8(bytes)) throw new PageFault('it is no UTF-8')
  const reader = new JsonReader(bytes)
  if (reader.kind() !== 'object') throw new PageFault('it is no JSON object')
  let name: string | undefined
  let versions: Span | undefined
  let status: Span | undefined
  // Of a name that stands twice a client reads the last; to us all are to be changed.
  let files: FileSpan[] | undefined
  let projects: Span[] | undefined
  reader.object((key) => {
    switch (key) {
      case 'name':
        name = reader.string()?.text
        return
      case 'versions':
        versions = reader.skip()
        return
      case 'project-status':
        status = reader.skip()
        return
      case 'files': {
        if (reader.kind() !== 'array') throw new PageFault('its files are no list')
        const spans = files ?? []
        files = spans
        reader.array(() => {
          spans.push(scanFile(reader))
        })
        return
      }
      case 'projects': {
        if (reader.kind() !== 'array') throw new PageFault('its projects are no list')
        const spans = projects ?? []
        projects = spans
        reader.array(() => {
          spans.push(reader.skip())
        })
        return
      }
    }
  })
  reader.end()
  return { name, files, projects, versions, status }
}

function scanFile(reader: JsonReader): FileSpan {
  if (reader.kind() !== 'object') {
    reader.skip()
    throw new PageFault('it lists a file that is no object')
  }
  const addresses: FileSpan['addresses'][number][] = []
  const { start, end } = reader.object((key) => {
    if (key !== 'url' && key !== 'provenance') return
    const address = reader.string()
    if (address !== undefined) addresses.push({ key, ...address })
  })
  return { start, end, addresses }
}

/** The parsed value of a span; the scan has found it to be JSON. */
export function valueAt(bytes: Uint8Array, { start, end }: Span): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString())
}

/** The files of a page, one by one. Throws PageFault at one that cannot be served. */
export function* jsonFiles(bytes: Uint8Array, page: JsonPage): Generator<PageFile> {
  for (const span of page.files ?? []) yield readJsonFile(valueAt(bytes, span))
}

/** The same document with our addresses in each `url` (and relative `provenance`) of its files. */
export function* rewriteJsonPage(bytes: Uint8Array, project: string): Generator<Uint8Array> {
  let done = 0
  for (const file of scanJsonPage(bytes).files ?? []) {
    const url = servedUrl(project, readJsonFile(valueAt(bytes, file)))
    for (const { key, text, span } of file.addresses) {
      if (key === 'provenance' && isAbsolute(text)) continue
      const served = key === 'url' ? url + fragmentOf(text) : `${url}.provenance`
      yield bytes.subarray(done, span.start)
      yield Buffer.from(JSON.stringify(served))
      done = span.end
    }
  }
  yield bytes.subarray(done)
}

function fragmentOf(url: string): string {
  const at = url.indexOf('#')
  return at < 0 ? '' : url.slice(at)
}

function isAbsolute(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(url)
}

/** The names of a list of projects. */
export function* jsonProjects(bytes: Uint8Array, page: JsonPage): Generator<string> {
  for (const span of page.projects ?? []) {
    const entry = valueAt(bytes, span)
    const name = isRecord(entry) ? entry.name : undefined
    if (typeof name === 'string' && isProjectName(name)) yield name
  }
}

export interface PageStatus {
  readonly status: string
  readonly reason: string | undefined
}

/** PEP 792's `project-status`. */
export function jsonStatus(bytes: Uint8Array, page: JsonPage): PageStatus | undefined {
  const value = page.status === undefined ? undefined : valueAt(bytes, page.status)
  if (!isRecord(value) || typeof value.status !== 'string') return undefined
  return { status: value.status, reason: typeof value.reason === 'string' ? value.reason : undefined }
}

/**
 * A page as JSON, from files that were found elsewhere. Version 1.0 of the API: 1.1 promises the size of every
 * file, which HTML does not tell.
 */
export function* writeJsonPage(
  project: string,
  files: Iterable<PageFile>,
  { versions, status }: { readonly versions: readonly string[]; readonly status: PageStatus | undefined },
): Generator<string> {
  yield `{"meta":{"api-version":"1.0"},"name":${JSON.stringify(project)},`
  if (status !== undefined) yield `"project-status":${JSON.stringify(status)},`
  yield `"versions":${JSON.stringify(versions)},"files":[`
  let separator = ''
  for (const file of files) {
    yield separator + JSON.stringify(jsonFile(project, file))
    separator = ','
  }
  yield ']}'
}

function jsonFile(project: string, file: PageFile) {
  const { requiresPython, coreMetadata, gpgSig, yanked, size, uploadTime, provenance } = file
  return {
    filename: file.filename,
    url: servedUrl(project, file),
    hashes: file.hashes,
    ...(requiresPython === undefined ? {} : { 'requires-python': requiresPython }),
    ...(coreMetadata === undefined
      ? {}
      : { 'core-metadata': coreMetadata, 'dist-info-metadata': coreMetadata }),
    ...(gpgSig === undefined ? {} : { 'gpg-sig': gpgSig }),
    yanked: yanked ?? false,
    ...(size === undefined ? {} : { size }),
    ...(uploadTime === undefined ? {} : { 'upload-time': uploadTime }),
    ...(provenance === undefined ? {} : { provenance: servedProvenance(project, file, provenance) }),
  }
}

/** Absolute addresses are left as they are; a relative one would miss its mark from our page. */
export function servedProvenance(project: string, file: PageFile, provenance: string): string {
  return isAbsolute(provenance) ? provenance : `${servedUrl(project, file)}.provenance`
}

/** Whether a page's own name is the project's. */
export function isPageOf(name: string, project: string): boolean {
  return isProjectName(name) && normalizeName(name) === project
}
