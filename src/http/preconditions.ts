/** Conditional requests and ranges (RFC 9110, 13 and 14), as a pure decision. */

import { parseHttpDate } from './http-date.ts'

type Field = string | null | undefined

/** The request's part: header values as received, null or undefined when absent. */
export interface Conditions {
  readonly method: string
  readonly ifNoneMatch?: Field
  readonly ifMatch?: Field
  readonly ifModifiedSince?: Field
  readonly ifUnmodifiedSince?: Field
  readonly ifRange?: Field
  readonly range?: Field
}

/** The answer's part. */
export interface Representation {
  /** With its quotes, `W/` in front when weak; undefined while no validator may be given (engine rule 2). */
  readonly etag: string | undefined
  readonly sizeBytes: number
  /** As announced in `Last-Modified`; undefined when none is announced. */
  readonly lastModifiedMs?: number | undefined
}

/** `start` and `end` are byte offsets, both inclusive, inside the body. `failed` is 412, `unsatisfiable` is 416. */
export type Decision =
  | { readonly kind: 'full' }
  | { readonly kind: 'not-modified' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'range'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' }

const FULL: Decision = { kind: 'full' }
const NOT_MODIFIED: Decision = { kind: 'not-modified' }
const FAILED: Decision = { kind: 'failed' }
const UNSATISFIABLE: Decision = { kind: 'unsatisfiable' }

/**
 * What to send for an existing representation, in the order of RFC 9110 13.2.2.
 *
 * Several ranges, and anything malformed in `Range`, give the full body (14.2 allows both). An `If-Range`
 * with a date gives the full body too: a date with whole seconds cannot tell two attempts apart.
 * An empty body has no range that could be named in `Content-Range`, so it is always sent in full.
 */
export function evaluate(conditions: Conditions, representation: Representation): Decision {
  const reads = conditions.method === 'GET' || conditions.method === 'HEAD'
  if (!unchanged(conditions, representation)) return FAILED
  if (alreadyThere(conditions, representation, reads)) return reads ? NOT_MODIFIED : FAILED
  if (!conditions.range || conditions.method !== 'GET') return FULL
  if (conditions.ifRange && !strongEqual(conditions.ifRange.trim(), representation.etag)) return FULL
  return parseRange(conditions.range, representation.sizeBytes)
}

function unchanged(conditions: Conditions, { etag, lastModifiedMs }: Representation): boolean {
  if (typeof conditions.ifMatch === 'string') {
    return matchesAny(conditions.ifMatch, (candidate) => strongEqual(candidate, etag))
  }
  if (!conditions.ifUnmodifiedSince || lastModifiedMs === undefined) return true
  const sinceMs = parseHttpDate(conditions.ifUnmodifiedSince)
  return sinceMs === undefined || wholeSeconds(lastModifiedMs) <= sinceMs
}

function alreadyThere(
  conditions: Conditions,
  { etag, lastModifiedMs }: Representation,
  reads: boolean,
): boolean {
  if (typeof conditions.ifNoneMatch === 'string') {
    if (etag !== undefined && conditions.ifNoneMatch === etag) return true
    return matchesAny(conditions.ifNoneMatch, (candidate) => weakEqual(candidate, etag))
  }
  if (!conditions.ifModifiedSince || !reads || lastModifiedMs === undefined) return false
  const sinceMs = parseHttpDate(conditions.ifModifiedSince)
  return sinceMs !== undefined && wholeSeconds(lastModifiedMs) <= sinceMs
}

const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000

const isStrongTag = (tag: string): boolean => tag.startsWith('"') && tag.length >= 2 && tag.endsWith('"')

function strongEqual(candidate: string, etag: string | undefined): boolean {
  return etag !== undefined && candidate === etag && isStrongTag(etag)
}

function weakEqual(candidate: string, etag: string | undefined): boolean {
  return etag !== undefined && opaque(candidate) === opaque(etag)
}

const opaque = (tag: string): string => (tag.startsWith('W/') ? tag.slice(2) : tag)

/** A list is read up to the first thing in it that is no entity tag. */
function matchesAny(list: string, matches: (candidate: string) => boolean): boolean {
  if (list.trim() === '*') return true
  const tag = /[\t ,]*((?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*")[\t ]*(?=,|$)/y
  for (let found = tag.exec(list); found !== null; found = tag.exec(list)) {
    if (matches(found[1] ?? '')) return true
  }
  return false
}

function parseRange(range: string, sizeBytes: number): Decision {
  const unit = /^[\t ]*bytes=/i.exec(range)
  if (unit === null || sizeBytes === 0) return FULL
  const specs = range
    .slice(unit[0].length)
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '')
  const only = specs.length === 1 ? /^(\d*)-(\d*)$/.exec(specs[0] ?? '') : null
  if (only === null) return FULL
  const [, first = '', last = ''] = only
  if (first === '') return last === '' ? FULL : suffixRange(Number(last), sizeBytes)
  const start = Number(first)
  const end = last === '' ? sizeBytes - 1 : Number(last)
  if (last !== '' && end < start) return FULL
  return start >= sizeBytes ? UNSATISFIABLE : { kind: 'range', start, end: Math.min(end, sizeBytes - 1) }
}

function suffixRange(lengthBytes: number, sizeBytes: number): Decision {
  if (lengthBytes === 0) return UNSATISFIABLE
  return { kind: 'range', start: Math.max(0, sizeBytes - lengthBytes), end: sizeBytes - 1 }
}
