/** Where addresses stand in metadata that clients ask at this registry, and what they become. */

import type { JsonReader, Span } from '../json-scan.ts'
import { tarballFile, tarballPath } from './package-name.ts'
import { param, walkPackument } from './packument.ts'

export interface Change {
  readonly span: Span
  readonly text: string
}

/** What addresses become, as JSON. */
export interface OwnAddresses {
  readonly tarball: (version: string) => string
  /** Undefined for what is no address of npm's attestations. */
  readonly attestations: (url: string) => string | undefined
}

const ATTESTATIONS = '/-/npm/v1/attestations/'

/**
 * `BASE/NAME/-/basename-version.tgz`: what clients derive themselves, so that lock files record no address. Of the
 * attestations' address npm takes the path and asks its own registry's host for it, so ours has to be in it.
 */
export function ownAddresses(params: Readonly<Record<string, string>>): OwnAddresses {
  const [base, name] = [param(params, 'base'), param(params, 'name')]
  return {
    tarball: (version) => JSON.stringify(`${base}/${tarballPath(name, tarballFile(name, version))}`),
    attestations: (url) => {
      const at = url.indexOf(ATTESTATIONS)
      return at < 0 ? undefined : JSON.stringify(`${base}${url.slice(at)}`)
    },
  }
}

/** The changes of every `dist` of a packument, in order; what the source left out stays missing. */
export function changedAddresses(body: Uint8Array, own: OwnAddresses): Change[] {
  const changes: Change[] = []
  walkPackument(body, {
    version: (version, _span, reader) =>
      reader.object((key) => {
        if (key === 'dist' && reader.kind() === 'object') distChanges(reader, version, own, changes)
      }),
  })
  return changes
}

/** Reads a `dist` object that comes next, and notes the changes in it. */
export function distChanges(reader: JsonReader, version: string, own: OwnAddresses, changes: Change[]): Span {
  const change = (text: (said: string) => string | undefined) => {
    const found = reader.string()
    const becomes = found === undefined ? undefined : text(found.text)
    if (found !== undefined && becomes !== undefined) changes.push({ span: found.span, text: becomes })
  }
  return reader.object((key) => {
    if (key === 'tarball') change(() => own.tarball(version))
    if (key !== 'attestations' || reader.kind() !== 'object') return
    reader.object((member) => {
      if (member === 'url') change(own.attestations)
    })
  })
}
