import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { hashOfKey } from './note.ts'

export interface NoteSigner {
  readonly name: string
  /** The verifier key, `name+hash+base64`. */
  readonly key: string
  /** Appends a signature line to a text that ends in a newline. */
  sign(text: string): string
}

/** PKCS #8 wrapping of a raw Ed25519 seed (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A signer of notes from a 32-byte seed; for databases of tests and of the lab. */
export function createNoteSigner(name: string, seed: Uint8Array): NoteSigner {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  const keyData = Buffer.concat([Uint8Array.of(1), Buffer.from(x, 'base64url')])
  const hash = Buffer.alloc(4)
  hash.writeUInt32BE(hashOfKey(name, keyData))
  return {
    name,
    key: `${name}+${hash.toString('hex')}+${keyData.toString('base64')}`,
    sign(text) {
      const signature = Buffer.concat([hash, sign(null, Buffer.from(text), privateKey)])
      return `${text}\n— ${name} ${signature.toString('base64')}\n`
    },
  }
}
