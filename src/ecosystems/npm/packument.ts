/** A packument as it lies: where its members are, found without making objects of it. */

import { isUtf8 } from 'node:buffer'
import { JsonFault, JsonReader, type Span } from '../json-scan.ts'

/** Bounds the memory of a walk beside the body itself; the longest known packument has a third of it. */
const MAX_VERSIONS = 100_000

/** Said of a body that is no packument, in a sentence. */
export class PackumentFault extends Error {
  override readonly name = 'PackumentFault'
}

/** Each is called where the reader stands before a value, which it may read. */
export interface PackumentVisitor {
  /** A member beside `versions`. */
  readonly member?: (key: string, keySpan: Span, reader: JsonReader) => void
  /** One version, whose manifest is an object. */
  readonly version?: (version: string, keySpan: Span, reader: JsonReader) => void
  /** Before and behind the versions, when they are an object. */
  readonly opensVersions?: (keySpan: Span) => void
  readonly closesVersions?: () => void
}

/**
 * Walks over a whole packument once; what a visitor leaves is checked and skipped. Where a key stands twice the
 * visitor sees both, in order, and a client goes by the last.
 * @throws PackumentFault for what is not one JSON object in UTF-8, or has too many versions
 */
export function walkPackument(body: Uint8Array, visitor: PackumentVisitor): void {
  let count = 0
  readJson(body, (reader) => {
    if (reader.kind() !== 'object') throw new PackumentFault('it is no JSON object')
    reader.object((key, keySpan) => {
      if (key !== 'versions' || reader.kind() !== 'object') {
        visitor.member?.(key, keySpan, reader)
        return
      }
      visitor.opensVersions?.(keySpan)
      reader.object((version, versionSpan) => {
        if (++count > MAX_VERSIONS) throw new PackumentFault(`it lists more than ${MAX_VERSIONS} versions`)
        if (reader.kind() === 'object') visitor.version?.(version, versionSpan, reader)
      })
      visitor.closesVersions?.()
    })
  })
}

/** Reads one document to its end. */
export function readJson(body: Uint8Array, read: (reader: JsonReader) => void): void {
  if (!isUtf8(body)) throw new PackumentFault('it is not UTF-8')
  const reader = new JsonReader(body)
  try {
    read(reader)
    reader.end()
  } catch (error) {
    if (error instanceof JsonFault) throw new PackumentFault(error.message, { cause: error })
    throw error
  }
}

/** A member of an object that clients read by name; the last one of a name counts. */
export interface Dist {
  readonly integrity?: string
  readonly shasum?: string
  readonly tarball?: string
  /** As they stand, to be read by whoever checks them. */
  readonly signatures?: string
}

/** Reads a `dist` object that comes next; undefined, and nothing read, where another kind of value does. */
export function readDist(reader: JsonReader): Dist | undefined {
  if (reader.kind() !== 'object') return undefined
  const dist: Record<string, string> = {}
  reader.object((key) => {
    if (key === 'integrity' || key === 'shasum' || key === 'tarball') {
      // Another kind of value hides what stood before it, as it does for a client.
      const text = reader.string()?.text
      if (text === undefined) delete dist[key]
      else dist[key] = text
    } else if (key === 'signatures') {
      dist.signatures = reader.read(reader.value())
    }
  })
  return dist
}

/** The parameter of a transform; a missing one is a mistake of ours. */
export function param(params: Readonly<Record<string, string>>, name: string): string {
  const value = params[name]
  if (value === undefined) throw Object.assign(new Error(`no ${name} was given`), { code: 'npm.param' })
  return value
}
