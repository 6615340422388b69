import { blockBytes } from './eviction.ts'
import type { IndexTotals } from './index-db.ts'
import { field, flag, type KeyTable } from './key-table.ts'

/** Sums over the objects of a table, kept in step with what comes and goes. */
export class ObjectTotals implements IndexTotals {
  readonly #table: KeyTable
  objects = 0
  unproved = 0
  blobBytes = 0

  constructor(table: KeyTable, begin?: IndexTotals) {
    this.#table = table
    if (begin === undefined) return
    this.objects = begin.objects
    this.unproved = begin.unproved
    this.blobBytes = begin.blobBytes
  }

  /** Call when the entry has its flags and blocks. */
  add(id: number): void {
    this.#count(id, 1)
  }

  /** Call while the entry still has the flags and blocks that it was added with. */
  drop(id: number): void {
    this.#count(id, -1)
  }

  #count(id: number, sign: 1 | -1): void {
    this.objects += sign
    if ((this.#table.get(id, field.flags) & flag.unproved) !== 0) this.unproved += sign
    this.blobBytes += sign * this.#table.get(id, field.blocks) * blockBytes
  }
}
