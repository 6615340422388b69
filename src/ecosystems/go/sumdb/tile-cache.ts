import { BoundedMap } from './bounded-map.ts'
import { SharedWork } from './shared-work.ts'
import type { RemoteAnswer, SumdbRemote, TileStore } from './sumdb-ports.ts'
import { fullTile, type HashTile, isFull, pathOfHashTile, type TileBytes, type TileReader } from './tile.ts'
import { HASH_BYTES } from './tlog.ts'

export interface TileCacheOptions {
  readonly remote: SumdbRemote
  readonly tiles: TileStore
  /** Told when the tile store fails; proofs go on without it. */
  readonly onTrouble: (detail: string) => void
}

/** How one attempt at a proof reads tiles. */
export interface TileAttempt {
  readonly signal: AbortSignal
  /** Ask the remote anew: what is kept did not add up. */
  readonly fresh: boolean
  /** Bytes to be tried in place of those of this path; whoever has them keeps them. */
  readonly candidate?: { readonly path: string; readonly bytes: Uint8Array }
}

export interface AttemptReader extends TileReader {
  /** Tells the sources of everything that this attempt fetched that it was false. */
  blame(reason: string): void
}

/** 512 tiles of at most 8 KiB: the upper levels and the places in use. */
const MEMORY_TILES = 512

/** Finds tiles: in memory, in the store, at the remote, and there the full tile where the partial one is gone. */
export class TileCache {
  readonly #options: TileCacheOptions
  /** By position; the widest tile that has been authenticated. */
  readonly #memory = new BoundedMap<Uint8Array>(MEMORY_TILES)
  readonly #fetches = new SharedWork<RemoteAnswer>()

  constructor(options: TileCacheOptions) {
    this.#options = options
  }

  attempt({ signal, fresh, candidate }: TileAttempt): AttemptReader {
    const rejects: ((reason: string) => void)[] = []
    const fetched = new Set<HashTile>()
    const fromRemote = async (tile: HashTile): Promise<TileBytes> => {
      const path = pathOfHashTile(tile)
      const answer = await this.#fetches.run(fresh ? `fresh ${path}` : path, signal, (shared) =>
        this.#options.remote.read(path, shared),
      )
      if (answer.kind === 'bytes') {
        if (answer.reject !== undefined) rejects.push(answer.reject)
        return answer
      }
      return { kind: 'unreachable', reason: answer.kind === 'missing' ? `no ${path}` : answer.reason }
    }
    return {
      read: async (tile) => {
        const path = pathOfHashTile(tile)
        if (candidate?.path === path) return { kind: 'bytes', bytes: candidate.bytes }
        const kept = fresh ? undefined : await this.#kept(tile)
        if (kept !== undefined) return { kind: 'bytes', bytes: kept }
        fetched.add(tile)
        const answer = await fromRemote(tile)
        if (answer.kind === 'bytes' || isFull(tile)) return answer
        const full = await fromRemote(fullTile(tile))
        return full.kind === 'bytes' ? { kind: 'bytes', bytes: prefix(full.bytes, tile) } : answer
      },
      keep: (tile, bytes) => this.#keep(tile, bytes, fetched.has(tile)),
      blame(reason) {
        for (const reject of rejects.splice(0)) reject(reason)
      },
    }
  }

  async #kept(tile: HashTile): Promise<Uint8Array | undefined> {
    const near = this.#memory.get(`${tile.level}/${tile.n}`)
    if (near !== undefined && near.length >= tile.width * HASH_BYTES) return prefix(near, tile)
    for (const candidate of isFull(tile) ? [tile] : [tile, fullTile(tile)]) {
      const bytes = await this.#fromStore(pathOfHashTile(candidate))
      if (bytes !== undefined && bytes.length === candidate.width * HASH_BYTES) return prefix(bytes, tile)
    }
    return undefined
  }

  async #fromStore(path: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#options.tiles.get(path)
    } catch (error) {
      this.#options.onTrouble(`reading ${path} from the store: ${String(error)}`)
      return undefined
    }
  }

  #keep(tile: HashTile, bytes: Uint8Array, isNew: boolean): void {
    const place = `${tile.level}/${tile.n}`
    const near = this.#memory.get(place)
    if (near !== undefined && Buffer.compare(near.subarray(0, bytes.length), bytes) === 0) return
    this.#memory.set(place, bytes)
    if (isNew) void this.#toStore(pathOfHashTile(tile), bytes)
  }

  async #toStore(path: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.#options.tiles.put(path, bytes)
    } catch (error) {
      this.#options.onTrouble(`keeping ${path}: ${String(error)}`)
    }
  }
}

function prefix(bytes: Uint8Array, tile: HashTile): Uint8Array {
  const size = tile.width * HASH_BYTES
  return bytes.length === size ? bytes : bytes.subarray(0, size)
}
