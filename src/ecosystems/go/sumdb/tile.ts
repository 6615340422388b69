import {
  combineTree,
  equalHashes,
  HASH_BYTES,
  nodeHash,
  splitStoredHashIndex,
  storedHashIndex,
  type Tree,
  treeIndexes,
} from './tlog.ts'

/** The height that every Go client uses, and so the only one that is read here. */
export const TILE_HEIGHT = 8
const FULL_WIDTH = 2 ** TILE_HEIGHT

/** A run of hashes of one level (golang.org/x/mod/sumdb/tlog Tile). */
export interface Tile {
  readonly height: number
  /** Level of tiles, not of hashes; `data` for the records themselves. */
  readonly level: number | 'data'
  readonly n: number
  /** Number of hashes; `2^height` when the tile is full. */
  readonly width: number
}

/** A tile of hashes at our height. */
export interface HashTile {
  readonly level: number
  readonly n: number
  readonly width: number
}

export function tilePath(tile: Tile): string {
  let path = String(tile.n % 1000).padStart(3, '0')
  for (let rest = Math.floor(tile.n / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`
  }
  const partial = tile.width === 2 ** tile.height ? '' : `.p/${tile.width}`
  return `tile/${tile.height}/${tile.level}/${path}${partial}`
}

/** Reads a tile's path; undefined unless it is written in the one canonical way. */
export function parseTilePath(path: string): Tile | undefined {
  const match =
    /^tile\/([1-9][0-9]?)\/(data|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,4}[0-9]{3})(?:\.p\/([1-9][0-9]*))?$/.exec(
      path,
    )
  const [, heightText, levelText, numberText, widthText] = match ?? []
  if (heightText === undefined || levelText === undefined || numberText === undefined) return undefined
  const height = Number(heightText)
  const full = 2 ** height
  const width = widthText === undefined ? full : Number(widthText)
  const level: Tile['level'] = levelText === 'data' ? 'data' : Number(levelText)
  if (height > 30 || (level !== 'data' && level > 63)) return undefined
  if (width > full || (widthText !== undefined && width === full)) return undefined
  const tile = { height, level, n: Number(numberText.replaceAll(/[x/]/g, '')), width }
  return tilePath(tile) === path ? tile : undefined
}

export function pathOfHashTile(tile: HashTile): string {
  return tilePath({ height: TILE_HEIGHT, ...tile })
}

export function isFull(tile: HashTile): boolean {
  return tile.width === FULL_WIDTH
}

export function fullTile(tile: HashTile): HashTile {
  return { ...tile, width: FULL_WIDTH }
}

/** The tile of this position as it stands in a tree of `size` records; undefined when it is not in it. */
export function tileInTree(level: number, n: number, size: number): HashTile | undefined {
  const hashesAtLevel = Math.floor(size / FULL_WIDTH ** level)
  const width = Math.min(FULL_WIDTH, hashesAtLevel - n * FULL_WIDTH)
  return width > 0 ? { level, n, width } : undefined
}

interface Place {
  readonly level: number
  readonly n: number
  /** Range of hashes within the tile. */
  readonly start: number
  readonly end: number
}

function placeOf(index: number): Place {
  const { level, n } = splitStoredHashIndex(index)
  const tileLevel = Math.floor(level / TILE_HEIGHT)
  const spread = 2 ** (level - tileLevel * TILE_HEIGHT)
  const tileNumber = Math.floor((n * spread) / FULL_WIDTH)
  const start = n * spread - tileNumber * FULL_WIDTH
  return { level: tileLevel, n: tileNumber, start, end: start + spread }
}

function rangeHash(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (end - start === 1) return bytes.subarray(start * HASH_BYTES, end * HASH_BYTES)
  const middle = (start + end) / 2
  return nodeHash(rangeHash(bytes, start, middle), rangeHash(bytes, middle, end))
}

/** Hashes within tiles, by the identity of the tile's bytes: one head's edge serves many proofs. */
const known = new WeakMap<Uint8Array, Map<string, Uint8Array>>()

function rememberedHash(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const ranges = known.get(bytes) ?? new Map<string, Uint8Array>()
  known.set(bytes, ranges)
  const range = `${start}-${end}`
  const hash = ranges.get(range) ?? rangeHash(bytes, start, end)
  if (end - start > 1) ranges.set(range, hash)
  return hash
}

export type TileBytes =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'unreachable'; readonly reason: string }

export interface TileReader {
  /** Any bytes that claim to be this tile; they are authenticated afterwards, and must not be changed then. */
  read(tile: HashTile): Promise<TileBytes>
  /** Called with each tile that has been authenticated. */
  keep(tile: HashTile, bytes: Uint8Array): void
}

export type TileHashes =
  | { readonly kind: 'hashes'; readonly hashes: readonly Uint8Array[] }
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** Some tile does not belong to the tree. */
  | { readonly kind: 'inconsistent'; readonly reason: string }

/** Tiles in the order in which they are authenticated: the tree's own edge first, then parents before children. */
class TilePlan {
  readonly tiles: HashTile[] = []
  readonly #order = new Map<string, number>()
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  position(level: number, n: number): number | undefined {
    return this.#order.get(`${level}/${n}`)
  }

  /** Adds the tile and those above it that lead to one that is already here. */
  add(level: number, n: number): void {
    if (this.position(level, n) !== undefined) return
    const tile = tileInTree(level, n, this.#size)
    if (tile === undefined) throw new RangeError(`tile ${level}/${n} is not in a tree of ${this.#size}`)
    if (isFull(tile)) this.add(level + 1, Math.floor(n / FULL_WIDTH))
    this.addEdge(tile)
  }

  addEdge(tile: HashTile): void {
    if (this.position(tile.level, tile.n) !== undefined) return
    this.#order.set(`${tile.level}/${tile.n}`, this.tiles.length)
    this.tiles.push(tile)
  }
}

/**
 * Reads hashes of a tree from its tiles, all tiles at once, and gives them only when every tile read has been
 * authenticated against the tree's root hash. The indexes must lie within the tree.
 */
export async function readTileHashes(
  tree: Tree,
  indexes: readonly number[],
  reader: TileReader,
): Promise<TileHashes> {
  const plan = new TilePlan(tree.size)
  const edge = treeIndexes(tree.size)
  for (const index of edge) {
    const place = placeOf(index)
    const tile = tileInTree(place.level, place.n, tree.size)
    if (tile !== undefined) plan.addEdge(tile)
  }
  const edgeTiles = plan.tiles.length
  for (const index of indexes) {
    const place = placeOf(index)
    plan.add(place.level, place.n)
  }

  const answers = await Promise.all(plan.tiles.map((tile) => reader.read(tile)))
  const bodies: Uint8Array[] = []
  for (const [i, tile] of plan.tiles.entries()) {
    const answer = answers[i]
    if (answer?.kind !== 'bytes') {
      return { kind: 'unreachable', reason: answer?.reason ?? 'no answer' }
    }
    if (answer.bytes.length !== tile.width * HASH_BYTES) {
      return {
        kind: 'inconsistent',
        reason: `${pathOfHashTile(tile)} has ${answer.bytes.length} bytes instead of ${tile.width * HASH_BYTES}`,
      }
    }
    bodies.push(answer.bytes)
  }
  const hashAt = (index: number): Uint8Array => {
    const place = placeOf(index)
    const bytes = bodies[plan.position(place.level, place.n) ?? -1]
    if (bytes === undefined) throw new RangeError(`hash ${index} is in no tile that was read`)
    return rememberedHash(bytes, place.start, place.end)
  }

  if (!equalHashes(combineTree(edge.map(hashAt)), tree.hash)) {
    return {
      kind: 'inconsistent',
      reason: `the tiles do not add up to the signed tree of ${tree.size} records`,
    }
  }
  for (const [i, tile] of plan.tiles.entries()) {
    if (i < edgeTiles) continue
    const bytes = bodies[i] ?? new Uint8Array()
    const above = hashAt(storedHashIndex((tile.level + 1) * TILE_HEIGHT, tile.n))
    if (!equalHashes(rememberedHash(bytes, 0, tile.width), above)) {
      return { kind: 'inconsistent', reason: `${pathOfHashTile(tile)} is not what the tile above it says` }
    }
  }
  for (const [i, tile] of plan.tiles.entries()) reader.keep(tile, bodies[i] ?? new Uint8Array())
  return { kind: 'hashes', hashes: indexes.map(hashAt) }
}
