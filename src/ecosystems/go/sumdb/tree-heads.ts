import { openNote, type VerifierKey } from './note.ts'
import type { HeadStore, SecurityEvent } from './sumdb-ports.ts'
import type { TileCache } from './tile-cache.ts'
import { EMPTY_TREE, parseTree, type Tree } from './tlog.ts'
import { proveTrees, type RecordClaim } from './tree-proof.ts'

export interface SignedHead {
  readonly tree: Tree
  /** The note as it was signed; empty for the empty tree that stands for "none seen yet". */
  readonly note: string
}

export type Checked =
  | { readonly kind: 'proven' }
  | { readonly kind: 'unreachable' | 'bad'; readonly reason: string }

export interface TreeHeadsOptions {
  /** Of the database, for messages. */
  readonly name: string
  readonly key: VerifierKey
  readonly store: HeadStore
  readonly tiles: TileCache
  readonly onSecurity: (event: SecurityEvent) => void
  readonly onTrouble: (detail: string) => void
}

const SWAP_ATTEMPTS = 8

/** The newest tree head that is consistent with every head seen before it; kept across restarts. */
export class TreeHeads {
  readonly #options: TreeHeadsOptions
  #latest: SignedHead = { tree: EMPTY_TREE, note: '' }
  #loading: Promise<void> | undefined
  #saving: Promise<void> | undefined
  #unsaved = false
  /** The note in the store that is known to be a state of our log. */
  #saved: string | undefined

  constructor(options: TreeHeadsOptions) {
    this.#options = options
  }

  /** The newest head seen; the kept one is read first. */
  async latest(): Promise<SignedHead> {
    this.#loading ??= this.#load()
    await this.#loading
    return this.#latest
  }

  /** Checks the signature of a tree head; a false one is a security event. */
  open(bytes: Uint8Array): SignedHead | { readonly problem: string } {
    const { name, key, onSecurity } = this.#options
    const note = openNote(bytes, key)
    const tree = note.ok ? parseTree(note.text) : undefined
    if (tree !== undefined) return { tree, note: Buffer.from(bytes).toString() }
    const why = note.ok ? 'it signs something else than a tree' : note.reason
    const problem = `the tree head in the name of ${name} cannot be trusted: ${why}`
    if (!note.ok && note.kind === 'bad-signature') onSecurity({ kind: 'bad-signature', detail: problem })
    return { problem }
  }

  /**
   * Proves that this head continues the newest one, or is an earlier state of it, and that the record is in the
   * newer of the two. A newer head then becomes the newest.
   */
  async check(head: SignedHead, record: RecordClaim | undefined, signal: AbortSignal): Promise<Checked> {
    for (;;) {
      const latest = await this.latest()
      const isNewer = head.tree.size > latest.tree.size
      const [older, newer] = isNewer ? [latest, head] : [head, latest]
      const claim = { older: older.tree, newer: newer.tree, ...(record === undefined ? {} : { record }) }
      const proven = await proveTrees(claim, this.#options.tiles, signal)
      if (proven.kind === 'forked') return this.#forked(older, newer)
      if (proven.kind === 'false') return this.#false(proven.reason)
      if (proven.kind !== 'proven' || !isNewer) return proven
      // Another head may have become the newest while tiles were read; then this one is held against that one.
      if (latest === this.#latest) {
        this.#latest = head
        this.#unsaved = true
        this.#saving ??= this.#saveAll()
        return proven
      }
    }
  }

  /** Resolves when the newest head has been handed to the store. */
  async flush(): Promise<void> {
    await this.#saving
  }

  #false(reason: string): Checked {
    const detail = `${this.#options.name}: ${reason}`
    this.#options.onSecurity({ kind: 'bad-inclusion', detail })
    return { kind: 'bad', reason: detail }
  }

  #forked(older: SignedHead, newer: SignedHead): Checked {
    const reason = `${this.#options.name} has signed two trees that contradict each other (${older.tree.size} and ${newer.tree.size} records)`
    const detail = `${reason}\nthe one:\n${older.note}\nthe other:\n${newer.note}`
    this.#options.onSecurity({ kind: 'fork', detail })
    return { kind: 'bad', reason }
  }

  async #load(): Promise<void> {
    const { store, name, onTrouble } = this.#options
    try {
      const kept = await store.read()
      if (kept === undefined) return
      const head = this.open(Buffer.from(kept))
      if ('problem' in head) {
        onTrouble(`the kept tree head is passed over: ${head.problem}`)
        return
      }
      this.#latest = head
      this.#saved = kept
    } catch (error) {
      onTrouble(`the kept tree head of ${name} cannot be read: ${String(error)}`)
    }
  }

  async #saveAll(): Promise<void> {
    try {
      while (this.#unsaved) {
        this.#unsaved = false
        await this.#save()
      }
    } catch (error) {
      this.#options.onTrouble(`the tree head of ${this.#options.name} cannot be kept: ${String(error)}`)
    } finally {
      this.#saving = undefined
    }
  }

  async #save(): Promise<void> {
    const { store, name } = this.#options
    for (let attempt = 0; attempt < SWAP_ATTEMPTS; attempt++) {
      const kept = await store.read()
      if (kept !== undefined && kept !== this.#saved) {
        const other = this.open(Buffer.from(kept))
        if (!('problem' in other)) {
          // Another process has kept a head meanwhile; when it contradicts ours, that has been said, and it stays.
          const checked = await this.check(other, undefined, new AbortController().signal)
          if (checked.kind !== 'proven') return
          this.#saved = kept
        }
      }
      const { note } = this.#latest
      if (kept === note) return
      if (await store.swap(kept, note)) {
        this.#saved = note
        return
      }
    }
    throw new Error(`${name}: the kept head changed ${SWAP_ATTEMPTS} times meanwhile`)
  }
}
