/** The grammar of GOSUMDB, as cmd/go reads it (`modfetch.dbDial`, `note.NewVerifier`). */

import { createHash } from 'node:crypto'

/** Algorithm byte and Ed25519 public key of the public Go checksum database. */
const publicKeyData = 'Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'
const publicKeyHash = '033de0ae'

/** The public database's address for mainland China; as a whole setting it is an alias of that database. */
const mainlandAlias = 'sum.golang.google.cn'

const algorithmEd25519 = 1

export interface ChecksumDatabase {
  readonly kind: 'database'
  /**
   * The name in its key and in the signatures of its notes. Undefined only for the alias when no candidate was
   * the public database's name: then it is the name that a note with this key hash bears.
   */
  readonly name: string | undefined
  /** First four bytes of SHA-256(name, newline, key data): 8 lower-case hex digits. */
  readonly keyHash: string
  /** Base64 of the algorithm byte (1, Ed25519) and the 32 bytes of the public key. */
  readonly keyData: string
  /** The address in the setting itself; it takes the place of proxies and of the name's own address. */
  readonly url: string | undefined
  /** `https://NAME`, or the alias: where the database is when nothing else answers for it. */
  readonly directUrl: string | undefined
  /** True for the public Go checksum database. */
  readonly wellKnown: boolean
}

export interface GosumdbProblem {
  readonly kind: 'problem'
  readonly reason: string
  readonly fix: string
}

export type Gosumdb = { readonly kind: 'off' } | ChecksumDatabase | GosumdbProblem

const keyFix =
  'write off, or name+hash+key as the database publishes it, with an optional address after a space'

/**
 * Reads a GOSUMDB setting: `off`, or `NAME` of the public database, or `NAME+HASH+KEY`, each name or key with an
 * optional address. `candidates` are names that the public database may bear (what the toolchain has built in):
 * they are needed only to give the alias its name.
 */
export function parseGosumdb(text: string, candidates: readonly string[] = []): Gosumdb {
  const [first, address, extra] = text.trim().split(/\s+/)
  if (first === undefined || first === '') return problem('no checksum database is named', keyFix)
  if (extra !== undefined) return problem('it has more than two fields', keyFix)
  if (first === 'off' && address === undefined) return { kind: 'off' }
  if (first === mainlandAlias && address === undefined) {
    const named = publicDatabase(candidates.find(isPublicDatabase), undefined)
    return { ...named, directUrl: `https://${mainlandAlias}` }
  }
  const url = address === undefined ? undefined : parseUrl(address)
  if (address !== undefined && url === undefined) {
    return problem(`${address} is no http or https address`, 'write https://host/path after the name')
  }
  if (!first.includes('+')) {
    if (isPublicDatabase(first)) return publicDatabase(first, url)
    return problem(`${first} is no database whose key is known`, keyFix)
  }
  return parseKey(first, url)
}

/** Whether this name, hashed with the public database's key, gives that database's key hash. */
export function isPublicDatabase(name: string): boolean {
  return isDatabaseName(name) && keyHash(name, Buffer.from(publicKeyData, 'base64')) === publicKeyHash
}

/** `NAME+HASH+KEY`: the form in which GOSUMDB and note verifiers take a key. */
export function verifierKey(name: string, database: ChecksumDatabase): string {
  return `${name}+${database.keyHash}+${database.keyData}`
}

function publicDatabase(name: string | undefined, url: string | undefined): ChecksumDatabase {
  const directUrl = name === undefined ? undefined : `https://${name}`
  return {
    kind: 'database',
    name,
    keyHash: publicKeyHash,
    keyData: publicKeyData,
    url,
    directUrl,
    wellKnown: true,
  }
}

function parseKey(text: string, url: string | undefined): Gosumdb {
  const parts = /^([^+]*)\+([^+]*)\+(.*)$/.exec(text)
  const [, name = '', hash = '', keyData = ''] = parts ?? []
  if (!isDatabaseName(name))
    return problem(`the database name ${JSON.stringify(name)} is no host[/path]`, keyFix)
  if (!/^[0-9a-f]{8}$/i.test(hash)) return problem('the key hash has not 8 hex digits', keyFix)
  const data = Buffer.from(keyData, 'base64')
  if (data.length === 0 || data.toString('base64') !== keyData) return problem('the key is no base64', keyFix)
  if (keyHash(name, data) !== hash.toLowerCase()) {
    return problem('the key hash does not fit the name and the key', 'copy the whole key again')
  }
  if (data[0] !== algorithmEd25519) return problem('the key is of an unknown algorithm', keyFix)
  if (data.length !== 33) return problem('an Ed25519 key has 32 bytes, this one has not', keyFix)
  const wellKnown = keyData === publicKeyData && hash.toLowerCase() === publicKeyHash
  return {
    kind: 'database',
    name,
    keyHash: hash.toLowerCase(),
    keyData,
    url,
    directUrl: `https://${name}`,
    wellKnown,
  }
}

function keyHash(name: string, keyData: Uint8Array): string {
  return createHash('sha256').update(`${name}\n`).update(keyData).digest('hex').slice(0, 8)
}

/** A host, lower case, with an optional port and path; nothing that a URL parser would read otherwise. */
function isDatabaseName(name: string): boolean {
  if (name.length > 255) return false
  if (!/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d+)?(?:\/[A-Za-z0-9._~-]+)*$/.test(name)) return false
  return !name.split('/').some((element) => element === '.' || element === '..')
}

function parseUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  if (url.search !== '' || url.hash !== '') return undefined
  return url.href.replace(/\/$/, '')
}

function problem(reason: string, fix: string): GosumdbProblem {
  return { kind: 'problem', reason, fix }
}
