/**
 * Which record holds a key, for every key, in about 50 bytes each: a hash table over typed arrays. It does
 * not hold the keys: a hash of 64 bits stands for one, and whoever reads the record compares the key in it.
 *
 * An entry has a small number (`id`) that stays its own until it is removed. Growth never moves entries, and
 * re-hashes one of 256 shards at a time, so that no call takes long whatever the count.
 */
export class KeyTable {
  readonly #shards: Uint32Array[] = Array.from({ length: shardCount }, () => new Uint32Array(16))
  readonly #used = new Uint32Array(shardCount)
  readonly #words: Uint32Array[] = []
  readonly #seed: number
  #fresh = 1
  #free = 0
  #count = 0
  #lo = 0
  #hi = 0
  /** The key that `#lo` and `#hi` are of: a key is marked as used right after it was found. */
  #hashed: string | undefined

  /** `seed` makes collisions unforeseeable for whoever chooses keys. */
  constructor(seed: number) {
    this.#seed = seed | 0
  }

  get count(): number {
    return this.#count
  }

  /** The entry of `key`, or 0. */
  find(key: string): number {
    this.#hash(key)
    const shard = this.#shard()
    const mask = shard.length - 1
    for (let slot = this.#lo & mask; ; slot = (slot + 1) & mask) {
      const id = shard[slot] as number
      if (id === 0) return 0
      if (this.#is(id)) return id
    }
  }

  /** The entry of `key`, made when there is none. */
  add(key: string): number {
    const present = this.find(key)
    if (present !== 0) return present
    const number = this.#hi >>> 24
    const used = (this.#used[number] as number) + 1
    this.#used[number] = used
    if (used * 2 > this.#shard().length) this.#grow(number)
    const id = this.#take()
    this.#set(id, field.lo, this.#lo)
    this.#set(id, field.hi, this.#hi)
    place(this.#shard(), this.#lo, id)
    this.#count++
    return id
  }

  remove(id: number): void {
    const lo = this.get(id, field.lo)
    const number = this.get(id, field.hi) >>> 24
    const shard = this.#shards[number] as Uint32Array
    const mask = shard.length - 1
    let hole = lo & mask
    while (shard[hole] !== id) hole = (hole + 1) & mask
    for (let slot = (hole + 1) & mask; shard[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.get(shard[slot] as number, field.lo) & mask
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      shard[hole] = shard[slot] as number
      hole = slot
    }
    shard[hole] = 0
    this.#used[number] = (this.#used[number] as number) - 1
    for (let word = 0; word < entryWords; word++) this.#set(id, word, 0)
    this.#set(id, field.next, this.#free)
    this.#free = id
    this.#count--
  }

  get(id: number, word: number): number {
    return (this.#words[id >>> chunkBits] as Uint32Array)[(id & chunkMask) * entryWords + word] as number
  }

  set(id: number, word: Exclude<number, 0 | 1>, value: number): void {
    this.#set(id, word, value)
  }

  /** True for the number of an entry that is in the table now. */
  has(id: number): boolean {
    return id > 0 && id < this.#fresh && this.get(id, field.length) !== 0
  }

  /** No entry has this number or a higher one. */
  get end(): number {
    return this.#fresh
  }

  /** True when `id` is the entry of `key`. */
  names(id: number, key: string): boolean {
    this.#hash(key)
    return this.#is(id)
  }

  #is(id: number): boolean {
    return this.get(id, field.lo) === this.#lo && this.get(id, field.hi) === this.#hi
  }

  #set(id: number, word: number, value: number): void {
    const words = this.#words[id >>> chunkBits] as Uint32Array
    words[(id & chunkMask) * entryWords + word] = value
  }

  #shard(): Uint32Array {
    return this.#shards[this.#hi >>> 24] as Uint32Array
  }

  #take(): number {
    const id = this.#free
    if (id !== 0) {
      this.#free = this.get(id, field.next)
      this.#set(id, field.next, 0)
      return id
    }
    if (this.#fresh >>> chunkBits >= this.#words.length)
      this.#words.push(new Uint32Array(entryWords << chunkBits))
    return this.#fresh++
  }

  #grow(number: number): void {
    const old = this.#shards[number] as Uint32Array
    const grown = new Uint32Array(old.length * 2)
    for (const id of old) if (id !== 0) place(grown, this.get(id, field.lo), id)
    this.#shards[number] = grown
  }

  /** Two lanes of 32 bits, after cyrb53 (public domain, bryc). */
  #hash(key: string): void {
    if (key === this.#hashed) return
    let a = 0xdeadbeef ^ this.#seed
    let b = 0x41c6ce57 ^ this.#seed
    for (let at = 0; at < key.length; at++) {
      const unit = key.charCodeAt(at)
      a = Math.imul(a ^ unit, 2654435761)
      b = Math.imul(b ^ unit, 1597334677)
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
    this.#lo = a >>> 0
    this.#hi = b >>> 0
    this.#hashed = key
  }
}

/** The words of an entry. `length` is never 0 for an entry in use. */
export const field = {
  lo: 0,
  hi: 1,
  pack: 2,
  offset: 3,
  length: 4,
  /** Seconds since the epoch. */
  used: 5,
  /** Of a body in a blob file: its room in blocks of 4 KiB. */
  blocks: 6,
  flags: 7,
  next: 8,
  prev: 9,
} as const

/** Bits of `field.flags`; the lowest two count hits. */
export const flag = { hits: 3, main: 4, blob: 8, unproved: 16, usedKept: 32 } as const

const entryWords = 10
const chunkBits = 12
const chunkMask = (1 << chunkBits) - 1
const shardCount = 256

function place(shard: Uint32Array, lo: number, id: number): void {
  const mask = shard.length - 1
  let slot = lo & mask
  while (shard[slot] !== 0) slot = (slot + 1) & mask
  shard[slot] = id
}
