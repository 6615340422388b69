import type { Catalog } from './catalog.ts'
import type { Disk } from './disk.ts'
import { field } from './key-table.ts'
import { scanPack } from './pack-scan.ts'
import { type Pack, packHeaderBytes } from './packs.ts'

/** Bytes that rewriting a pack would give back. Removal marks must stay, except in the oldest pack. */
export function deadBytes(pack: Pack, isOldest: boolean): number {
  const marks = isOldest ? 0 : pack.goneBytes
  return Math.max(0, pack.sizeBytes - packHeaderBytes - pack.liveBytes - marks)
}

/** The pack that gives back most for its size, when that is at least `minShare` of it. */
export function packToCompact(packs: readonly Pack[], minShare: number): Pack | undefined {
  let best: Pack | undefined
  let bestShare = minShare
  let marks = 0
  let all = 0
  for (const [number, pack] of packs.entries()) {
    const share = deadBytes(pack, number === 0) / pack.sizeBytes
    marks += pack.goneBytes
    all += pack.sizeBytes
    if (share >= bestShare && share > 0) {
      best = pack
      bestShare = share
    }
  }
  // Marks die only in the oldest pack: working from that end gets rid of them.
  if (!best && packs.length > 1 && marks * 8 > all) return packs[0]
  return best
}

/** The smallest of the small packs that many restarts leave, when there are too many: each holds a descriptor. */
export function packToMerge(packs: readonly Pack[], packBytes: number): Pack | undefined {
  const small = packs.filter((pack) => pack.closed && pack.sizeBytes < packBytes / 4)
  if (small.length <= maxSmallPacks) return undefined
  return small.reduce((least, pack) => (pack.sizeBytes < least.sizeBytes ? pack : least))
}

const maxSmallPacks = 8

/**
 * Appends what lives in a pack to the end of the packs and removes the file. Readers go on: an entry points to
 * its old place until the copy is durable, and a crash in between leaves two equal copies. Records that turn
 * out to be damaged are handed to `damaged`, which must unlist them.
 */
export async function compactPack(
  disk: Disk,
  catalog: Catalog,
  pack: Pack,
  damaged: (id: number) => void,
): Promise<void> {
  pack.closed = true
  // What was already on its way to this pack lands before it is read.
  await catalog.drain()
  const moves = new Moves()
  try {
    await scanPack(disk, pack, 0, async ({ record, bytes, offset }) => {
      const key = record.kind === 'gone' ? record.key : record.head.key
      while (catalog.isInFlight(key)) await catalog.drain()
      const place = { pack: pack.id, offset }
      const id = catalog.table.find(key)
      if (record.kind === 'gone') {
        if (id === 0 && !isOldest(catalog, pack)) moves.add(catalog.appendGone(key), bytes.length)
      } else if (id !== 0 && catalog.isAt(id, place))
        moves.add(catalog.relocate(record, Buffer.from(bytes), place), bytes.length)
      if (moves.bytes > batchBytes) await moves.landed()
    })
  } finally {
    await moves.landed()
  }
  if (pack.liveBytes > 0)
    for (let id = 1; id < catalog.table.end; id++)
      if (catalog.table.has(id) && catalog.table.get(id, field.pack) === pack.id) damaged(id)
  await catalog.packs.drop(pack)
}

/** Appends that are on their way; the first failure is thrown by `landed`. */
class Moves {
  #moving: Promise<void>[] = []
  #failure: unknown
  bytes = 0

  add(move: Promise<void>, bytes: number): void {
    this.bytes += bytes
    this.#moving.push(
      move.catch((error: unknown) => {
        this.#failure ??= error
      }),
    )
  }

  async landed(): Promise<void> {
    const moving = this.#moving
    this.#moving = []
    this.bytes = 0
    await Promise.all(moving)
    if (this.#failure !== undefined) throw this.#failure
  }
}

function isOldest(catalog: Catalog, pack: Pack): boolean {
  return catalog.packs.all()[0]?.id === pack.id
}

const batchBytes = 1 << 18
