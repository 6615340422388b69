import type { Verdict } from '../../ecosystem.ts'

/** What a read of the database gave. `missing` only when the database itself said so (404 or 410). */
export type RemoteAnswer =
  | {
      readonly kind: 'bytes'
      readonly bytes: Uint8Array
      /** Who sent them, for messages. */
      readonly source?: string
      /** Called when these bytes turned out false, so that the next read of this path asks another source. */
      readonly reject?: (reason: string) => void
    }
  | { readonly kind: 'missing'; readonly text: string }
  | { readonly kind: 'unreachable'; readonly reason: string }

export interface SumdbRemote {
  /**
   * Reads `lookup/M@V`, `tile/…` or `latest`, relative to the database's base; `!`, `@` and `+` stand as
   * they are. Never throws for what the network does; rejects only when `signal` aborts. It must not wait
   * for a fill that itself waits for this verifier.
   */
  read(path: string, signal: AbortSignal): Promise<RemoteAnswer>
}

/** Keeps tiles that have been authenticated. What it gives back is authenticated again on every use. */
export interface TileStore {
  get(path: string): Uint8Array | undefined | Promise<Uint8Array | undefined>
  put(path: string, bytes: Uint8Array): void | Promise<void>
}

/** The last tree head, as its signed note; changed by compare-and-swap so that processes can share it. */
export interface HeadStore {
  read(): Promise<string | undefined>
  swap(expected: string | undefined, next: string): Promise<boolean>
}

/**
 * - `fork`: two heads, both signed by the database's key, contradict each other. `detail` holds both notes.
 * - `bad-signature`: a tree head that the database's key did not sign.
 * - `bad-inclusion`: a record or tile that is not in the signed tree.
 */
export interface SecurityEvent {
  readonly kind: 'fork' | 'bad-signature' | 'bad-inclusion'
  readonly detail: string
}

export type LookupResult =
  | {
      readonly kind: 'record'
      /** `h1:…` of the go.mod file and of the zip, where the record has that line. */
      readonly mod?: string
      readonly zip?: string
      /** The whole answer as received: record and signed tree head. */
      readonly bytes: Uint8Array
    }
  /** The database was reached and has no such record. */
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** Something answered in the database's name, and falsely. */
  | { readonly kind: 'bad'; readonly reason: string }

/** A client of a Go checksum database that trusts nothing but the database's key and the last head kept. */
export interface SumdbVerifier {
  readonly name: string
  /**
   * Fetches and verifies the record of a module version: the head's signature, its consistency with the head
   * kept, the record's inclusion. Concurrent calls for one version share the work. Rejects only on abort.
   */
  lookup(module: string, version: string, signal: AbortSignal): Promise<LookupResult>
  /** The same proof for a lookup answer that somebody else fetched. */
  authenticateLookup(
    module: string,
    version: string,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<Verdict>
  /** `path` is `tile/H/L/N[.p/W]`. Data tiles are checked against the record hashes of level 0. */
  authenticateTile(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<Verdict>
  /** For the body of `latest`. */
  authenticateHead(bytes: Uint8Array, signal: AbortSignal): Promise<Verdict>
  /** Resolves when the newest head seen has been handed to the head store. */
  flush(): Promise<void>
}
