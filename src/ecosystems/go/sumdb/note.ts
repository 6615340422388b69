import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'

/** The only algorithm of signed notes: Ed25519, key data `0x01` and 32 bytes. */
const ED25519 = 1
const MAX_SIGNATURES = 100

export interface VerifierKey {
  /** Empty when the key was given without a name: then every name that yields `keyHash` is the signer. */
  readonly name: string
  readonly keyHash: number
  /** Algorithm byte and public key. */
  readonly keyData: Uint8Array
  readonly publicKey: KeyObject
}

export type ParsedKey =
  | { readonly ok: true; readonly key: VerifierKey }
  | { readonly ok: false; readonly problem: string }

/**
 * Reads a verifier key `name+hash+keydata` (golang.org/x/mod/sumdb/note). With an empty name (`+hash+keydata`)
 * the hash cannot be checked here; it is checked against the signer that a note names.
 */
export function parseVerifierKey(text: string): ParsedKey {
  const [, name, hashHex, data64] = /^([^+]*)\+([0-9a-fA-F]{8})\+(.+)$/s.exec(text) ?? []
  const keyData = data64 === undefined ? undefined : decodeBase64(data64)
  if (name === undefined || hashHex === undefined || keyData === undefined || /\s/u.test(name)) {
    return { ok: false, problem: 'a verifier key has the form name+hash+base64' }
  }
  if (keyData[0] !== ED25519) return { ok: false, problem: 'the key is of an unknown algorithm' }
  if (keyData.length !== 33) return { ok: false, problem: 'an Ed25519 key has 32 bytes' }
  const keyHash = Number.parseInt(hashHex, 16)
  if (name !== '' && hashOfKey(name, keyData) !== keyHash) {
    return { ok: false, problem: `the hash ${hashHex} does not belong to the name ${name} and this key` }
  }
  const publicKey = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: keyData.subarray(1).toString('base64url') },
    format: 'jwk',
  })
  return { ok: true, key: { name, keyHash, keyData, publicKey } }
}

/** First four bytes of SHA-256 over name, newline and key data, as an unsigned number. */
export function hashOfKey(name: string, keyData: Uint8Array): number {
  return createHash('sha256').update(`${name}\n`).update(keyData).digest().readUInt32BE(0)
}

export type OpenedNote =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly kind: 'malformed' | 'bad-signature'; readonly reason: string }

/** Opens a signed note: the text is given only when `key` has signed it. Other signers are passed over. */
export function openNote(bytes: Uint8Array, key: VerifierKey): OpenedNote {
  const whole = decodeText(bytes)
  const split = whole?.lastIndexOf('\n\n') ?? -1
  if (whole === undefined || split < 0 || !whole.endsWith('\n') || split + 2 === whole.length) {
    return malformed('it has no text followed by signatures')
  }
  const text = whole.slice(0, split + 1)
  const lines = whole.slice(split + 2, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) return malformed(`it has more than ${MAX_SIGNATURES} signatures`)

  let signed = false
  const signers: string[] = []
  for (const line of lines) {
    const [, name, signature64] = /^— ([^\s+]+) (\S+)$/u.exec(line) ?? []
    const signature = signature64 === undefined ? undefined : decodeBase64(signature64)
    if (name === undefined || signature === undefined || signature.length < 5) {
      return malformed('a signature line is not of the form "— name base64"')
    }
    signers.push(name)
    if (signed || signature.readUInt32BE(0) !== key.keyHash || !isSigner(name, key)) continue
    if (!verify(null, Buffer.from(text), key.publicKey, signature.subarray(4))) {
      return { ok: false, kind: 'bad-signature', reason: `the signature by ${name} is false` }
    }
    signed = true
  }
  if (signed) return { ok: true, text }
  return {
    ok: false,
    kind: 'bad-signature',
    reason: `the expected key has not signed it, only ${signers.slice(0, 3).join(', ')}`,
  }
}

function isSigner(name: string, key: VerifierKey): boolean {
  return key.name === '' ? hashOfKey(name, key.keyData) === key.keyHash : name === key.name
}

function malformed(reason: string): OpenedNote {
  return { ok: false, kind: 'malformed', reason }
}

/** Padded standard base64, or undefined. */
export function decodeBase64(text: string): Buffer | undefined {
  const wellFormed = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
  return wellFormed ? Buffer.from(text, 'base64') : undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 without control characters other than newline, or undefined. */
export function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.some((byte) => byte < 0x20 && byte !== 0x0a)) return undefined
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
