import { createHash } from 'node:crypto'
import { decodeBase64 } from './note.ts'

/** A transparency log as golang.org/x/mod/sumdb/tlog has it: RFC 6962 hashes in one dense numbering. */

export const HASH_BYTES = 32

/** Exact in a double with room for the doubling that the numbering of hashes does. */
const MAX_TREE_SIZE = 2 ** 48

export interface Tree {
  /** Number of records. */
  readonly size: number
  /** Root hash, 32 bytes. */
  readonly hash: Uint8Array
}

const RECORD_PREFIX = Uint8Array.of(0x00)
const NODE_PREFIX = Uint8Array.of(0x01)

export function recordHash(record: Uint8Array): Uint8Array {
  return createHash('sha256').update(RECORD_PREFIX).update(record).digest()
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(NODE_PREFIX).update(left).update(right).digest()
}

export const EMPTY_TREE: Tree = { size: 0, hash: createHash('sha256').digest() }

export function equalHashes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** Where the hash of `2^level` records, number `n` of its level, stands in the dense numbering. */
export function storedHashIndex(level: number, n: number): number {
  let index = level
  for (let rest = (n + 1) * 2 ** level - 1; rest > 0; rest = Math.floor(rest / 2)) index += rest
  return index
}

/** The inverse of `storedHashIndex`. */
export function splitStoredHashIndex(index: number): { level: number; n: number } {
  let n = Math.floor(index / 2)
  let first = storedHashIndex(0, n)
  for (;;) {
    const next = first + 1 + trailingZeros(n + 1)
    if (next > index) break
    n++
    first = next
  }
  const level = index - first
  return { level, n: Math.floor(n / 2 ** level) }
}

/** The hashes that come into being with record `n`, in the order of their indexes. */
export function hashesOfRecord(
  n: number,
  record: Uint8Array,
  stored: (index: number) => Uint8Array,
): Uint8Array[] {
  let hash = recordHash(record)
  const hashes = [hash]
  for (let level = 0; level < trailingZeros(n + 1); level++) {
    hash = nodeHash(stored(storedHashIndex(level, Math.floor(n / 2 ** level) - 1)), hash)
    hashes.push(hash)
  }
  return hashes
}

/** Indexes of the complete subtrees that make up a tree of this size, from left to right. */
export function treeIndexes(size: number): number[] {
  const indexes: number[] = []
  let start = 0
  while (start < size) {
    const level = Math.floor(Math.log2(size - start))
    indexes.push(storedHashIndex(level, start / 2 ** level))
    start += 2 ** level
  }
  return indexes
}

/** The root hash from the hashes at `treeIndexes(size)`. */
export function combineTree(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return EMPTY_TREE.hash
  return hashes.reduceRight((right, left) => nodeHash(left, right))
}

/** The text of a tree head (`go.sum database tree`), or undefined when it is none. */
export function parseTree(text: string): Tree | undefined {
  const [title, sizeText = '', hash64 = '', rest] = text.split('\n', 4)
  const size = Number(sizeText)
  const hash = decodeBase64(hash64)
  if (title !== 'go.sum database tree' || rest === undefined) return undefined
  if (!/^(?:0|[1-9][0-9]*)$/.test(sizeText) || size > MAX_TREE_SIZE) return undefined
  return hash?.length === HASH_BYTES ? { size, hash } : undefined
}

export function formatTree(tree: Tree): string {
  return `go.sum database tree\n${tree.size}\n${Buffer.from(tree.hash).toString('base64')}\n`
}

function trailingZeros(value: number): number {
  let zeros = 0
  for (let rest = value; rest > 0 && rest % 2 === 0; rest /= 2) zeros++
  return zeros
}
