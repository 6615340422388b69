/** What of a registry's answer goes on to a client, where the answer is passed on and not kept. */

import { gunzipSync } from 'node:zlib'
import { type JsonReader, spliced } from '../json-scan.ts'
import type { Change } from './own-addresses.ts'
import { isTarballFile, tarballPath } from './package-name.ts'
import { PackumentFault, readJson } from './packument.ts'
import type { AuditForm } from './request-path.ts'

/** More is not passed through memory, whoever's token opens it. */
export const maxPassedBytes = 64 * 1024 * 1024

export interface PassedFor {
  readonly name: string
  /** Where the client reaches this registry, without a slash at its end. */
  readonly base: string
}

/** The text of a JSON answer, also where the registry compressed it without saying so (npm/cli#9804). */
export function plainJson(body: Uint8Array): Uint8Array {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body
  try {
    return gunzipSync(body, { maxOutputLength: maxPassedBytes })
  } catch (error) {
    throw new PackumentFault('it is a gzip file that is torn or too large', { cause: error })
  }
}

/**
 * An audit's answer. npm takes whatever else comes with status 200 for "no vulnerabilities".
 * @throws PackumentFault for what is no answer of this form
 */
export function auditAnswer(said: Uint8Array, form: AuditForm): Uint8Array {
  const body = plainJson(said)
  let hasAdvisories = false
  readJson(body, (reader) => {
    if (reader.kind() !== 'object') throw new PackumentFault('it is no JSON object')
    reader.object((key) => {
      if (form === 'bulk' && reader.kind() !== 'array') {
        throw new PackumentFault(`it has no list of advisories for ${key.slice(0, 80)}`)
      }
      if (key === 'advisories' && reader.kind() === 'object') hasAdvisories = true
    })
  })
  if (form !== 'bulk' && !hasAdvisories) throw new PackumentFault('it has no advisories')
  return body
}

/**
 * A packument, or one version's manifest, that a client's own token opened: its tarballs at canonical addresses are
 * addressed here, because npm and its like show a token to the registry that they have it for and to no other.
 * Those at other addresses, or too large to be passed on, stay where they are.
 * @throws PackumentFault for what is no JSON
 */
export function passedMetadata(said: Uint8Array, passedFor: PassedFor): Uint8Array {
  const body = plainJson(said)
  const changes: Change[] = []
  const manifest = (key: string, reader: JsonReader) => {
    if (key === 'dist' && reader.kind() === 'object') changes.push(...distChange(reader, passedFor))
  }
  readJson(body, (reader) => {
    if (reader.kind() !== 'object') throw new PackumentFault('it is no JSON object')
    reader.object((key) => {
      if (key !== 'versions' || reader.kind() !== 'object') return manifest(key, reader)
      reader.object(() => {
        if (reader.kind() === 'object') reader.object((member) => manifest(member, reader))
      })
    })
  })
  return Buffer.concat([...spliced(body, changes)])
}

function distChange(reader: JsonReader, passedFor: PassedFor): readonly Change[] {
  let changes: readonly Change[] = []
  let isTooLarge = false
  reader.object((key) => {
    if (key === 'unpackedSize') isTooLarge = Number(reader.read(reader.value())) > maxPassedBytes
    const found = key === 'tarball' ? reader.string() : undefined
    const address = found === undefined ? undefined : addressHere(found.text, passedFor)
    if (found !== undefined && address !== undefined) {
      changes = [...changes, { span: found.span, text: JSON.stringify(address) }]
    }
  })
  return isTooLarge ? [] : changes
}

function addressHere(tarball: string, { name, base }: PassedFor): string | undefined {
  const url = URL.parse(tarball)
  if (url === null || url.search !== '') return undefined
  const at = url.pathname.lastIndexOf('/-/')
  const file = url.pathname.slice(at + 3)
  const place = url.pathname.slice(0, Math.max(0, at)).replace(/%2f/i, '/')
  return place.endsWith(`/${name}`) && isTarballFile(file) ? `${base}/${tarballPath(name, file)}` : undefined
}
