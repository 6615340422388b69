/** The registry's signatures over name, version and integrity, as `npm audit signatures` checks them. */

import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { DistEntry } from './dist-index.ts'

export interface RegistryKey {
  readonly id: string
  readonly key: KeyObject
  /** Milliseconds since the epoch; undefined when it never expires. What was published later is not signed by it. */
  readonly expiresAtMs: number | undefined
}

/** The keys that we can check with, of what `/-/npm/v1/keys` says; others are passed over. Never throws. */
export function readRegistryKeys(body: Uint8Array): readonly RegistryKey[] {
  let said: unknown
  try {
    said = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    // A registry that says nothing readable says nothing: its signatures are not judged.
    return []
  }
  const list = memberOf(said, 'keys')
  return Array.isArray(list) ? list.flatMap(readKey) : []
}

/**
 * What is wrong with a tarball's signatures; undefined when nothing is, and also when there are none or none by a
 * key that is known: then they are not judged.
 */
export function faultInSignatures(
  name: string,
  entry: DistEntry,
  keys: readonly RegistryKey[],
): string | undefined {
  if (entry.signatures === undefined || entry.integrity === undefined) return undefined
  const signed = Buffer.from(`${name}@${entry.version}:${entry.integrity}`)
  for (const { id, signature } of readSignatures(entry.signatures)) {
    const key = keys.find((known) => known.id === id)
    if (key === undefined) continue
    if (!verify('sha256', signed, key.key, signature)) {
      return `the registry's signature (key ${id}) is not over this integrity of ${name}@${entry.version}`
    }
    const publishedAtMs = Date.parse(entry.time ?? '')
    if (key.expiresAtMs !== undefined && publishedAtMs >= key.expiresAtMs) {
      return `the registry's signature of ${name}@${entry.version} is by key ${id}, which had expired by then`
    }
  }
  return undefined
}

function readKey(said: unknown): RegistryKey[] {
  const [id, encoded, scheme] = [memberOf(said, 'keyid'), memberOf(said, 'key'), memberOf(said, 'scheme')]
  if (typeof id !== 'string' || typeof encoded !== 'string' || scheme !== 'ecdsa-sha2-nistp256') return []
  const expires = memberOf(said, 'expires')
  const expiresAtMs = typeof expires === 'string' ? Date.parse(expires) : Number.NaN
  try {
    const key = createPublicKey({ key: Buffer.from(encoded, 'base64'), format: 'der', type: 'spki' })
    const isP256 = key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
    return isP256 ? [{ id, key, expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs }] : []
  } catch {
    // No key at all: nothing can be checked with it.
    return []
  }
}

function readSignatures(text: string): { readonly id: string; readonly signature: Buffer }[] {
  const list: unknown = JSON.parse(text)
  if (!Array.isArray(list)) return []
  return list.flatMap((said: unknown) => {
    const [id, sig] = [memberOf(said, 'keyid'), memberOf(said, 'sig')]
    return typeof id === 'string' && typeof sig === 'string'
      ? [{ id, signature: Buffer.from(sig, 'base64') }]
      : []
  })
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}
