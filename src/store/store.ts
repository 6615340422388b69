/** What the cache asks of a store. One contract suite (`store-contract.ts`) runs over every implementation. */

export type ProofState = 'proved' | 'sound' | 'unproved'

/** What is remembered of an object beside its bytes. Flat and small: it is written with every object. */
export interface ObjectMeta {
  readonly mediaType: string
  /** The id of the source that the bytes came from. */
  readonly source: string
  readonly proof: ProofState
  /** Milliseconds since the epoch: when the source last confirmed these bytes; freshness counts from here. */
  readonly checkedAtMs: number
  /** The source's own validators, for conditional requests; never shown to clients. */
  readonly etag?: string
  readonly lastModified?: string
  /** Of a view: the SHA-256 of what it was made from. Changes with the bytes that it is a view of. */
  readonly madeFrom?: string
  /** The kept bytes are compressed so. */
  readonly encoding?: 'gzip'
}

export interface StoredObject {
  readonly key: string
  /** Of the whole body, 64 lower-case hex digits. */
  readonly sha256: string
  readonly sizeBytes: number
  readonly meta: ObjectMeta
  /** A small body is in memory; a large one is a file that may be sent from its path while a hold lasts. */
  readonly body:
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    | { readonly kind: 'file'; readonly path: string }
}

/** Stable codes of what a store can fail with. */
export type StoreErrorCode =
  | 'store.full'
  | 'store.readonly'
  | 'store.locked'
  | 'store.damaged'
  | 'store.closed'
  | 'store.version'
  | 'store.io'

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  readonly hint: string
  constructor(code: StoreErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.hint = hint
  }
}

/**
 * A large body on its way in: a file in the store's `tmp`, readable while it grows (`path`, up to
 * `sizeBytes`). Room for it is reserved before it is written.
 */
export interface Stage {
  readonly path: string
  /** Bytes that a reader of `path` can see by now. */
  readonly sizeBytes: number
  /** Resolves when the bytes are readable. Rejects with `store.full` when neither the bound nor the disk has room. */
  write(chunk: Uint8Array): Promise<void>
  /** Engine rule 4: sync, rename, sync the folder, then the index. The key then names exactly these bytes. */
  commit(key: string, meta: ObjectMeta): Promise<StoredObject>
  /** Puts the bytes into the bounded quarantine with a note of what was wrong, instead of keeping them. */
  quarantine(key: string, note: string): Promise<void>
  /** Forgets the bytes and frees their room. Does nothing after `commit` or `quarantine`. */
  [Symbol.asyncDispose](): Promise<void>
}

export interface ListFilter {
  /** A glob over keys: `*` any run of characters, `?` one. Default: all. */
  readonly pattern?: string
  /** Keys after this one only, in ascending order. */
  readonly after?: string
  readonly limit?: number
  readonly proof?: ProofState
}

export interface ObjectSummary {
  readonly key: string
  readonly sha256: string
  readonly sizeBytes: number
  readonly meta: ObjectMeta
  readonly lastUsedAtMs: number
}

export interface StoreStats {
  readonly objects: number
  /** Everything below the data folder that counts against the bound, in bytes. */
  readonly bytes: number
  readonly maxBytes: number
  readonly unproved: number
  readonly quarantined: number
  readonly quarantineBytes: number
  readonly stagedBytes: number
  readonly evictedObjects: number
  readonly evictedBytes: number
  readonly rebuilding: boolean
  readonly lastScrubAtMs: number | undefined
}

export interface VerifyFinding {
  readonly key: string
  readonly problem: string
  /** What was done about it: put aside, forgotten, or nothing (a dry run). */
  readonly action: 'quarantined' | 'forgotten' | 'reported'
}

export interface VerifySummary {
  readonly objects: number
  readonly bytes: number
  readonly findings: readonly VerifyFinding[]
}

export interface Store {
  /**
   * The hot question. Synchronous where the answer is at hand; a promise while the index is being rebuilt or
   * lies elsewhere. A body that is torn, shortened or missing is noticed here and gives `undefined`.
   */
  find(key: string): StoredObject | undefined | Promise<StoredObject | undefined>
  /**
   * Like `find`, for what is sent at once: the bytes of a small body are lent until the next `peek`, so whoever
   * keeps them copies them, and the source's own validators may be left out. Undefined also when the answer is
   * not at hand.
   */
  peek(key: string): StoredObject | undefined
  /** Marks use, for eviction. Cheap: called on every hit. */
  touch(key: string): void
  /** While the hold lasts, the object's file is not removed from disk. */
  hold(object: StoredObject): Disposable
  /** Keeps a small body. Durable when the promise resolves. */
  put(key: string, bytes: Uint8Array, meta: ObjectMeta): Promise<StoredObject>
  /** `expectedBytes` is reserved at once, so that a body that cannot fit is refused before it is fetched. */
  stage(expectedBytes?: number): Promise<Stage>
  /** Changes what is remembered, not the bytes; undefined when the key is gone meanwhile. */
  amend(key: string, change: Partial<ObjectMeta>): Promise<StoredObject | undefined>
  /** True when there was something to remove. */
  remove(key: string): Promise<boolean>
  /** Moves a kept object, or the given bytes, into the quarantine. */
  quarantine(key: string, note: string, bytes?: Uint8Array): Promise<void>
  list(filter?: ListFilter): AsyncIterable<ObjectSummary>
  stats(): StoreStats
  /** Reads everything (paced when `paced`), puts aside what is damaged. */
  verify(options: { readonly paced?: boolean; readonly signal?: AbortSignal }): Promise<VerifySummary>
  /** Evicts down to `targetBytes` (default: the bound) and removes leftovers. */
  collect(options?: { readonly targetBytes?: number }): Promise<{ objects: number; bytes: number }>
  /** Small durable state beside the objects (the last tree head of a checksum database). */
  readState(name: string): Promise<string | undefined>
  /** Atomic. Resolves false, and writes nothing, when the present value is not `expected`. */
  swapState(name: string, expected: string | undefined, next: string): Promise<boolean>
  close(): Promise<void>
}
