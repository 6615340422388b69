import type { Verdict } from '../../ecosystem.ts'
import type { SecurityEvent, SumdbRemote } from './sumdb-ports.ts'
import { parseTilePath, TILE_HEIGHT, type Tile, tileInTree } from './tile.ts'
import type { TileCache } from './tile-cache.ts'
import { equalHashes, HASH_BYTES, recordHash, storedHashIndex, type Tree } from './tlog.ts'
import type { TreeHeads } from './tree-heads.ts'
import { readHashes } from './tree-proof.ts'

export interface TileProverOptions {
  readonly name: string
  readonly remote: SumdbRemote
  readonly heads: TreeHeads
  readonly tiles: TileCache
  readonly onSecurity: (event: SecurityEvent) => void
}

/** Proves tiles that somebody else fetched. */
export class TileProver {
  readonly #options: TileProverOptions

  constructor(options: TileProverOptions) {
    this.#options = options
  }

  async prove(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<Verdict> {
    signal.throwIfAborted()
    const tile = parseTilePath(path)
    if (tile === undefined) return { verdict: 'wrong', reason: `${path} is no path of a tile` }
    if (tile.height !== TILE_HEIGHT) {
      return { verdict: 'wrong', reason: `tiles are read at height ${TILE_HEIGHT} only, not as ${path}` }
    }
    const tree = await this.#treeWith(tile, signal)
    if ('reason' in tree) return { verdict: 'unproved', reason: tree.reason }
    return tile.level === 'data'
      ? this.#proveRecords(tree, tile, bytes, signal)
      : this.#proveHashes(tree, { path, level: tile.level, n: tile.n, width: tile.width }, bytes, signal)
  }

  async #proveHashes(
    tree: Tree,
    tile: { readonly path: string; readonly level: number; readonly n: number; readonly width: number },
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<Verdict> {
    if (bytes.length !== tile.width * HASH_BYTES) {
      return this.#wrong(`${tile.path} has ${bytes.length} bytes instead of ${tile.width * HASH_BYTES}`)
    }
    const first = tile.n * 2 ** TILE_HEIGHT
    const level = tile.level * TILE_HEIGHT
    if (tileInTree(tile.level, tile.n, tree.size)?.width === tile.width) {
      // The tile is part of its own proof. A copy, because hashes of tiles are remembered by identity.
      const candidate = { path: tile.path, bytes: Uint8Array.from(bytes) }
      const read = await readHashes(
        tree,
        [storedHashIndex(level, first)],
        this.#options.tiles,
        signal,
        candidate,
      )
      if (read.kind === 'hashes') return { verdict: 'proved' }
      return read.kind === 'unreachable' ? unproved(read.reason) : this.#wrong(read.reason)
    }
    return this.#compare(tree, tile.path, hashesIn(bytes), { level, first }, signal)
  }

  async #proveRecords(tree: Tree, tile: Tile, bytes: Uint8Array, signal: AbortSignal): Promise<Verdict> {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const hashes: Uint8Array[] = []
    for (let start = 0; start < body.length && hashes.length <= tile.width; ) {
      const end = body.indexOf('\n\n', start)
      if (end < 0) return this.#wrong('the data tile ends within a record')
      hashes.push(recordHash(body.subarray(start, end + 1)))
      start = end + 2
    }
    if (hashes.length !== tile.width) return this.#wrong(`the data tile does not hold ${tile.width} records`)
    return this.#compare(
      tree,
      'the data tile',
      hashes,
      { level: 0, first: tile.n * 2 ** TILE_HEIGHT },
      signal,
    )
  }

  async #compare(
    tree: Tree,
    what: string,
    hashes: readonly Uint8Array[],
    { level, first }: { readonly level: number; readonly first: number },
    signal: AbortSignal,
  ): Promise<Verdict> {
    const indexes = hashes.map((_, i) => storedHashIndex(level, first + i))
    const read = await readHashes(tree, indexes, this.#options.tiles, signal)
    if (read.kind === 'unreachable') return unproved(read.reason)
    if (read.kind === 'inconsistent') return this.#wrong(read.reason)
    const same = read.hashes.every((hash, i) => equalHashes(hash, hashes[i] ?? new Uint8Array()))
    return same ? { verdict: 'proved' } : this.#wrong(`${what} is not what the signed tree has there`)
  }

  /** A trusted tree that holds the tile; when ours is too small, the database's newest head is asked for. */
  async #treeWith(tile: Tile, signal: AbortSignal): Promise<Tree | { readonly reason: string }> {
    const { heads, remote, name } = this.#options
    const level = tile.level === 'data' ? 0 : tile.level
    const holds = ({ size }: Tree): boolean => (tileInTree(level, tile.n, size)?.width ?? 0) >= tile.width
    const { tree } = await heads.latest()
    if (holds(tree)) return tree
    const answer = await remote.read('latest', signal)
    if (answer.kind !== 'bytes') {
      return { reason: answer.kind === 'missing' ? `${name} shows no tree head` : answer.reason }
    }
    const head = heads.open(answer.bytes)
    const checked = 'problem' in head ? undefined : await heads.check(head, undefined, signal)
    if ('problem' in head || checked?.kind !== 'proven') {
      const reason = 'problem' in head ? head.problem : `${name}: its newest tree head is not proved`
      answer.reject?.(reason)
      return { reason }
    }
    const newest = (await heads.latest()).tree
    return holds(newest) ? newest : { reason: `no signed tree of ${name} holds this tile yet` }
  }

  #wrong(reason: string): Verdict {
    this.#options.onSecurity({ kind: 'bad-inclusion', detail: `${this.#options.name}: ${reason}` })
    return { verdict: 'wrong', reason }
  }
}

function hashesIn(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  )
}

function unproved(reason: string): Verdict {
  return { verdict: 'unproved', reason }
}
