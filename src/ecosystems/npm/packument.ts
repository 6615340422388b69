/** A packument as it lies: where its members are, found without making objects of it. */

import { isUtf8 } from 'node:buffer'
import { JsonFault, JsonReader, MAX_JSON_DEPTH, type Span } from '../json-scan.ts'
import { type JsonValues, ParsedValues, parsedObject } from '../json-values.ts'

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

/** Like `PackumentVisitor`, for whoever needs no places. */
export interface ValueVisitor {
  readonly member?: (key: string, values: JsonValues) => void
  readonly version?: (version: string, values: JsonValues) => void
  readonly opensVersions?: () => void
}

/**
 * Like `walkPackument`, as often as it is called. A small body is parsed once, and of members that stand twice a
 * visitor sees only the last there.
 * @throws PackumentFault as `walkPackument` does, at the first walk
 */
export function valuesOf(body: Uint8Array): (visitor: ValueVisitor) => void {
  const parsed = parsedObject(body, MAX_JSON_DEPTH)
  if (parsed !== undefined) return (visitor) => visitValues(new ParsedValues(parsed), visitor)
  return (visitor) => {
    const { opensVersions } = visitor
    walkPackument(body, {
      member: (key, _span, reader) => visitor.member?.(key, reader),
      version: (version, _span, reader) => visitor.version?.(version, reader),
      ...(opensVersions === undefined ? {} : { opensVersions: () => opensVersions() }),
    })
  }
}

function visitValues(packument: JsonValues, visitor: ValueVisitor): void {
  packument.object((key) => {
    if (key !== 'versions' || packument.kind() !== 'object') {
      visitor.member?.(key, packument)
      return
    }
    visitor.opensVersions?.()
    packument.object((version) => {
      if (packument.kind() === 'object') visitor.version?.(version, packument)
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
export function readDist(values: JsonValues): Dist | undefined {
  if (values.kind() !== 'object') return undefined
  const dist: Record<string, string> = {}
  values.object((key) => {
    if (key === 'integrity' || key === 'shasum' || key === 'tarball') {
      // Another kind of value hides what stood before it, as it does for a client.
      const text = values.string()?.text
      if (text === undefined) delete dist[key]
      else dist[key] = text
    } else if (key === 'signatures') {
      dist.signatures = values.raw()
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
