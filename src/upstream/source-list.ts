/** The configured order of sources, as the transport needs it. */

import type { AddressClass } from './address.ts'

/** One place that can be asked. */
export interface Source {
  readonly kind: 'source'
  /** Stable and short, shown to people: `goproxy.cn`, `127.0.0.1:9480`. */
  readonly id: string
  /** Base address; a path on it is kept, user information in it becomes credentials. */
  readonly url: string
  /** `,` goes on at 404/410 only, `|` at anything; undefined at the end of the list. */
  readonly next: ',' | '|' | undefined
  /** Where the setting was found: `go env`, a variable, a file and line. */
  readonly foundIn: string
  /** The place that the others copy from: its bytes need no record to be trusted until proved. */
  readonly origin: boolean
  /**
   * `url` is the address of one body, as metadata named it. With a class, a stranger did: it may lead no further
   * than a redirect from an address of that class; with `isForeign` none of our credentials go there.
   */
  readonly placeOf?: { readonly class?: AddressClass; readonly isForeign?: boolean }
}

export type SourceStep = Source | { readonly kind: 'direct' } | { readonly kind: 'off' }

/** Nothing after `direct` or `off` is ever read. */
export type SourceList = readonly SourceStep[]

/** What a walk meets, in order. */
export type Stop =
  | { readonly kind: 'group'; readonly sources: readonly Source[]; readonly goesOnAtErrors: boolean }
  | { readonly kind: 'direct' }
  | { readonly kind: 'off' }

/** Joins neighbours that `|` made equal; a name must not reach a source past a `,` unless the group lacks it. */
export function stopsOf(list: SourceList): readonly Stop[] {
  const stops: Stop[] = []
  let group: Source[] = []
  for (const [index, step] of list.entries()) {
    if (step.kind !== 'source') {
      stops.push(step)
      return stops
    }
    group.push(step)
    if (step.next === '|' && list[index + 1]?.kind === 'source') continue
    stops.push({ kind: 'group', sources: group, goesOnAtErrors: step.next === '|' })
    group = []
  }
  return stops
}

/** Without the words of the list. */
export function sourcesOf(list: SourceList): readonly Source[] {
  return list.flatMap((step) => (step.kind === 'source' ? [step] : []))
}

/** The address as people may see it: without credentials. */
export function maskedAddress(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null) return url.replace(/\/\/[^/@]*@/, '//***@')
  if (parsed.username === '' && parsed.password === '') return url
  parsed.username = '***'
  parsed.password = ''
  return parsed.href
}

/** Host and port of a source's base address; empty when that is no web address. */
export function hostOf(source: Source): string {
  return URL.parse(source.url)?.host ?? ''
}
