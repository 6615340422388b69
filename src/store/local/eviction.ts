import { field, flag, type KeyTable } from './key-table.ts'

interface Queue {
  head: number
  tail: number
  bytes: number
  /** Of entries with hits. */
  hotBytes: number
}

/**
 * S3-FIFO (Yang and others, SOSP 2023): a new object enters a small probationary queue; only one that was hit
 * there moves on to the main queue. A scan, or one huge object, so passes through the small queue and leaves
 * the rest alone. Keys evicted from the small queue are remembered for a while (two numbers each): who comes
 * back soon goes to the main queue at once.
 */
export class EvictionQueues {
  readonly #table: KeyTable
  readonly #smallShareBytes: number
  readonly #small: Queue = { head: 0, tail: 0, bytes: 0, hotBytes: 0 }
  readonly #main: Queue = { head: 0, tail: 0, bytes: 0, hotBytes: 0 }
  readonly #ghosts = new Uint32Array(ghostCount)

  constructor(table: KeyTable, maxBytes: number) {
    this.#table = table
    this.#smallShareBytes = Math.floor(maxBytes * smallShare)
  }

  /** What an object costs: its record and its blob. */
  cost(id: number): number {
    return this.#table.get(id, field.length) + this.#table.get(id, field.blocks) * blockBytes
  }

  get bytes(): number {
    return this.#small.bytes + this.#main.bytes
  }

  get mainBytes(): number {
    return this.#main.bytes
  }

  /** What nobody asked for since it came. */
  get coldBytes(): number {
    return this.#small.bytes - this.#small.hotBytes
  }

  /** Call when the entry has its length and blocks. */
  admit(id: number): void {
    const flags = this.#table.get(id, field.flags)
    const known = (flags & flag.hits) > 0 || this.#isGhost(id)
    this.#push(id, known ? this.#main : this.#small)
  }

  /** Call while the entry still has the length and blocks that it was admitted with. */
  drop(id: number): void {
    this.#unlink(id, this.#queueOf(id))
  }

  touch(id: number): void {
    const flags = this.#table.get(id, field.flags)
    if ((flags & flag.hits) === flag.hits) return
    if ((flags & flag.hits) === 0) this.#queueOf(id).hotBytes += this.cost(id)
    this.#table.set(id, field.flags, flags + 1)
  }

  /** An entry whose length or blocks change keeps its place. */
  resized(id: number, costBefore: number): void {
    const grown = this.cost(id) - costBefore
    this.#queueOf(id).bytes += grown
    if (this.#isHot(id)) this.#queueOf(id).hotBytes += grown
  }

  /**
   * The entry to evict next, still in its queue; 0 when there is none that `spared` lets go. With `onlySmall`
   * the main queue is left alone.
   */
  victim(spared: (id: number) => boolean, onlySmall: boolean): number {
    let tries = this.#table.count * 4 + 8
    let sparedInARow = 0
    while (tries-- > 0) {
      const small =
        this.#small.head !== 0 &&
        (onlySmall || this.#main.head === 0 || this.#small.bytes > this.#smallShareBytes)
      const queue = small || onlySmall ? this.#small : this.#main
      const id = queue.head
      if (id === 0) return 0
      const flags = this.#table.get(id, field.flags)
      if ((flags & flag.hits) > 0) {
        this.#unlink(id, queue)
        const left = queue === this.#small ? flags & ~flag.hits : flags - 1
        this.#table.set(id, field.flags, left)
        this.#push(id, this.#main)
        continue
      }
      if (!spared(id)) return id
      if (++sparedInARow > maxSpared) return 0
      this.#unlink(id, queue)
      this.#push(id, queue)
    }
    return 0
  }

  /** Remembers an entry that is about to be evicted. */
  remember(id: number): void {
    if (this.#queueOf(id) === this.#small) this.#ghosts[this.#ghostSlot(id)] = this.#table.get(id, field.hi)
  }

  isMain(id: number): boolean {
    return (this.#table.get(id, field.flags) & flag.main) !== 0
  }

  #isHot(id: number): boolean {
    return (this.#table.get(id, field.flags) & flag.hits) > 0
  }

  #isGhost(id: number): boolean {
    return this.#ghosts[this.#ghostSlot(id)] === this.#table.get(id, field.hi)
  }

  #ghostSlot(id: number): number {
    return this.#table.get(id, field.lo) & (ghostCount - 1)
  }

  #queueOf(id: number): Queue {
    return this.isMain(id) ? this.#main : this.#small
  }

  #push(id: number, queue: Queue): void {
    const table = this.#table
    const flags = table.get(id, field.flags)
    table.set(id, field.flags, queue === this.#main ? flags | flag.main : flags & ~flag.main)
    table.set(id, field.prev, queue.tail)
    table.set(id, field.next, 0)
    if (queue.tail === 0) queue.head = id
    else table.set(queue.tail, field.next, id)
    queue.tail = id
    queue.bytes += this.cost(id)
    if (this.#isHot(id)) queue.hotBytes += this.cost(id)
  }

  #unlink(id: number, queue: Queue): void {
    const table = this.#table
    const prev = table.get(id, field.prev)
    const next = table.get(id, field.next)
    if (prev === 0) queue.head = next
    else table.set(prev, field.next, next)
    if (next === 0) queue.tail = prev
    else table.set(next, field.prev, prev)
    queue.bytes -= this.cost(id)
    if (this.#isHot(id)) queue.hotBytes -= this.cost(id)
  }
}

export const blockBytes = 4096
/** The part of the bound that objects without a hit may keep when others press. */
export const smallShare = 0.1
const ghostCount = 1 << 16
/** So many held objects in a row: nothing can be evicted now. */
const maxSpared = 256
