import { createHash } from 'node:crypto'

export interface HashedFile {
  /** As it stands in the zip, `M@V/` included. */
  readonly name: string
  /** SHA-256 of the content, 64 lower-case hex digits. */
  readonly sha256: string
}

/** The `h1:` hash of a set of files (golang.org/x/mod/sumdb/dirhash Hash1); the order given does not matter. */
export function hashFiles(files: readonly HashedFile[]): string {
  const hash = createHash('sha256')
  for (const { name, sha256 } of files.toSorted((a, b) => compareUtf8(a.name, b.name))) {
    hash.update(`${sha256}  ${name}\n`)
  }
  return `h1:${hash.digest('base64')}`
}

/** The `h1:` hash that go.sum and the database give for a go.mod file. */
export function hashModFile(bytes: Uint8Array): string {
  return hashFiles([{ name: 'go.mod', sha256: createHash('sha256').update(bytes).digest('hex') }])
}

/** Go sorts names by their UTF-8 bytes, which is code point order; JavaScript's `<` sorts by UTF-16 units. */
function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left === right) continue
    const surrogates = Number(isSurrogate(left)) - Number(isSurrogate(right))
    return surrogates === 0 ? left - right : surrogates
  }
  return a.length - b.length
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
