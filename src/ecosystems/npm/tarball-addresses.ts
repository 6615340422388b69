/** Where tarballs' addresses stand in metadata, and what they become. */

import type { JsonReader, Span } from '../json-scan.ts'
import { tarballFile, tarballPath } from './package-name.ts'
import { param, walkPackument } from './packument.ts'

export interface Change {
  readonly span: Span
  readonly text: string
}

/** `BASE/NAME/-/basename-version.tgz`: what clients derive themselves, so that lock files record no address. */
export function addressOf(params: Readonly<Record<string, string>>): (version: string) => string {
  const [base, name] = [param(params, 'base'), param(params, 'name')]
  return (version) => JSON.stringify(`${base}/${tarballPath(name, tarballFile(name, version))}`)
}

/** The changes of every `dist.tarball` of a packument, in order; one that the source left out stays missing. */
export function changedTarballs(body: Uint8Array, address: (version: string) => string): Change[] {
  const changes: Change[] = []
  walkPackument(body, {
    version: (version, _span, reader) =>
      reader.object((key) => {
        if (key === 'dist' && reader.kind() === 'object') distChanges(reader, version, address, changes)
      }),
  })
  return changes
}

/** Reads a `dist` object that comes next, and notes the changes in it. */
export function distChanges(
  reader: JsonReader,
  version: string,
  address: (version: string) => string,
  changes: Change[],
): Span {
  return reader.object((key) => {
    const found = key === 'tarball' ? reader.string() : undefined
    if (found !== undefined) changes.push({ span: found.span, text: address(version) })
  })
}
