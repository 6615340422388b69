import { readTileHashes, type TileHashes } from './tile.ts'
import type { TileCache } from './tile-cache.ts'
import { combineTree, equalHashes, recordHash, storedHashIndex, type Tree, treeIndexes } from './tlog.ts'

export type Proven =
  | { readonly kind: 'proven' }
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The older tree is no beginning of the newer one. */
  | { readonly kind: 'forked' }
  /** The record, or a tile on the way to it, is not in the tree. */
  | { readonly kind: 'false'; readonly reason: string }

export interface RecordClaim {
  readonly id: number
  readonly bytes: Uint8Array
}

export interface TreeClaim {
  readonly older: Tree
  readonly newer: Tree
  /** Must be in `newer`. */
  readonly record?: RecordClaim
}

/**
 * Proves from the tiles of `newer` that `older` is its beginning and that it holds the record. Everything needed
 * is known from the start, so all tiles are read at once.
 */
export async function proveTrees(
  { older, newer, record }: TreeClaim,
  tiles: TileCache,
  signal: AbortSignal,
): Promise<Proven> {
  if (record !== undefined && record.id >= newer.size) {
    return { kind: 'false', reason: `record ${record.id} cannot be in a tree of ${newer.size} records` }
  }
  const sameSize = older.size === newer.size
  if (sameSize && !equalHashes(older.hash, newer.hash)) return { kind: 'forked' }
  const olderIndexes = sameSize ? [] : treeIndexes(older.size)
  const recordIndexes = record === undefined ? [] : [storedHashIndex(0, record.id)]
  if (olderIndexes.length + recordIndexes.length === 0) return { kind: 'proven' }

  const read = await readHashes(newer, [...olderIndexes, ...recordIndexes], tiles, signal)
  if (read.kind === 'unreachable') return read
  if (read.kind === 'inconsistent') return { kind: 'false', reason: read.reason }
  if (!sameSize && !equalHashes(combineTree(read.hashes.slice(0, olderIndexes.length)), older.hash)) {
    return { kind: 'forked' }
  }
  const inTree = read.hashes[olderIndexes.length]
  if (record !== undefined && (inTree === undefined || !equalHashes(inTree, recordHash(record.bytes)))) {
    return { kind: 'false', reason: `what was sent as record ${record.id} is not the one in the signed tree` }
  }
  return { kind: 'proven' }
}

/** Reads hashes of a tree; tiles that do not add up are read once more, from the remote and not from what is kept. */
export async function readHashes(
  tree: Tree,
  indexes: readonly number[],
  tiles: TileCache,
  signal: AbortSignal,
  candidate?: { readonly path: string; readonly bytes: Uint8Array },
): Promise<TileHashes> {
  for (let fresh = false; ; fresh = true) {
    const attempt = tiles.attempt({ signal, fresh, ...(candidate === undefined ? {} : { candidate }) })
    const read = await readTileHashes(tree, indexes, attempt)
    if (read.kind !== 'inconsistent') return read
    attempt.blame(read.reason)
    if (fresh) return read
  }
}
