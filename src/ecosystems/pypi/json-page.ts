/** Pages and lists of projects as JSON (PEP 691): found in their bytes, changed there, or written from files. */

import { isUtf8 } from 'node:buffer'
import { JsonReader, MAX_JSON_DEPTH, type Span } from '../json-scan.ts'
import { parsedObject } from '../json-values.ts'
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

/** What a JSON document of the API holds, in its order; places in its bytes. */
export type JsonPart =
  /** As written. */
  | { readonly kind: 'name'; readonly name: string }
  /** PEP 792's `project-status`. */
  | { readonly kind: 'status'; readonly span: Span }
  /** The list of this name begins. */
  | { readonly kind: 'files' | 'projects' }
  | { readonly kind: 'file'; readonly file: FileSpan }
  | { readonly kind: 'project'; readonly span: Span }

/** Reads the document once, from its start to its end, and holds nothing of it. Throws JsonFault or PageFault. */
export function* jsonParts(bytes: Uint8Array): Generator<JsonPart> {
  if (!isUtf8(bytes)) throw new PageFault('it is no UTF-8')
  const reader = new JsonReader(bytes)
  if (reader.kind() !== 'object') throw new PageFault('it is no JSON object')
  for (const key of reader.members()) {
    switch (key) {
      case 'name': {
        const name = reader.string()?.text
        if (name !== undefined) yield { kind: 'name', name }
        break
      }
      case 'project-status':
        yield { kind: 'status', span: reader.value() }
        break
      // Of a list that stands twice a client reads the last; to us all are to be changed.
      case 'files':
      case 'projects':
        if (reader.kind() !== 'array') throw new PageFault(`its ${key} are no list`)
        yield { kind: key }
        for (const _ of reader.elements()) {
          if (key === 'files') yield { kind: 'file', file: scanFile(reader) }
          else yield { kind: 'project', span: reader.value() }
        }
    }
  }
  reader.end()
}

function scanFile(reader: JsonReader): FileSpan {
  if (reader.kind() !== 'object') {
    reader.value()
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

/** The name and the files of a small page, parsed at once; undefined for what has to be scanned. */
export function parsedPage(
  bytes: Uint8Array,
): { readonly name: unknown; readonly files: readonly unknown[] } | undefined {
  const page = parsedObject(bytes, MAX_JSON_DEPTH)
  return Array.isArray(page?.files) ? { name: page.name, files: page.files } : undefined
}

/** The files of a page, one by one. Throws PageFault at one that cannot be served. */
export function* jsonFiles(bytes: Uint8Array): Generator<PageFile> {
  const page = parsedPage(bytes)
  if (page !== undefined) {
    for (const file of page.files) yield readJsonFile(file)
    return
  }
  for (const part of jsonParts(bytes)) if (part.kind === 'file') yield readJsonFile(valueAt(bytes, part.file))
}

/** The same document with our addresses in each `url` (and relative `provenance`) of its files. */
export function* rewriteJsonPage(bytes: Uint8Array, project: string): Generator<Uint8Array> {
  let done = 0
  for (const part of jsonParts(bytes)) {
    if (part.kind !== 'file') continue
    const { file } = part
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
export function* jsonProjects(bytes: Uint8Array): Generator<string> {
  for (const part of jsonParts(bytes)) {
    const entry = part.kind === 'project' ? valueAt(bytes, part.span) : undefined
    const name = isRecord(entry) ? entry.name : undefined
    if (typeof name === 'string' && isProjectName(name)) yield name
  }
}

export interface PageStatus {
  readonly status: string
  readonly reason: string | undefined
}

/** PEP 792's `project-status`. */
export function jsonStatus(bytes: Uint8Array): PageStatus | undefined {
  let span: Span | undefined
  for (const part of jsonParts(bytes)) if (part.kind === 'status') span = part.span
  const value = span === undefined ? undefined : valueAt(bytes, span)
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
    // Not under its old name too (PEP 714): pip 22.3 to 23.0 break off at hashes in JSON under that.
    ...(coreMetadata === undefined ? {} : { 'core-metadata': coreMetadata }),
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
