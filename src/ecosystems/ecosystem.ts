/** The one interface that every package ecosystem implements, and the data it speaks to the engine in. */

export type EcosystemId = 'go' | 'npm' | 'pypi' | 'cargo' | 'maven'

/** Bytes that wait for their proof: in memory when small, else a file on the data disk. */
export type CandidateBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number }

/**
 * What a proof found.
 * - `proved`: an authority vouches for exactly these bytes.
 * - `sound`: nobody vouches for this kind of body, but it is what it should be in form (a list, a query).
 * - `unproved`: the authority could not be reached; worth asking again later.
 * - `denied`: the authority was reached and does not vouch for this name.
 * - `wrong`: the bytes contradict the authority, or are not what they claim to be.
 */
export type Verdict =
  | { readonly verdict: 'proved' | 'sound' }
  | {
      readonly verdict: 'unproved' | 'denied' | 'wrong'
      readonly reason: string
      /** What the person can do, where the adapter knows more than the engine. */
      readonly hint?: string
    }

/** A proof under way: the look-up starts when the proof is made, not when the body is there. */
export interface Proof {
  /** Never throws for what a source or an authority does; rejects only when `signal` aborts. */
  check(body: CandidateBody, signal: AbortSignal): Promise<Verdict>
}

/** Everything the engine needs to know about what was asked. Immutable, made by an adapter's `parse`. */
export interface Resource {
  readonly ecosystem: EcosystemId
  /** Unique over all ecosystems, printable ASCII without spaces: `go/github.com/!azure/x/@v/v1.0.0.mod`. */
  readonly key: string
  /** Which list of sources is asked: the ecosystem's own, or one beside it (a checksum database). */
  readonly sources: string
  /** Relative to a source's base address, as it goes on the wire (percent-encoded, no leading slash). */
  readonly path: string
  /** The adapter's word for what this is (`zip`, `list`); a metric label, so few and fixed. */
  readonly kind: string
  /** The package's name, for policy and messages: `github.com/Azure/x`. */
  readonly name: string
  readonly mediaType: string
  /** A `blob` is large and streamed; `metadata` is small and waits for its proof. */
  readonly shape: 'metadata' | 'blob'
  /** A body above this is refused as wrong. */
  readonly maxBytes: number
  /** How long a kept body is fresh; `Infinity` for what never changes. */
  readonly freshMs: number
  /** How long "no such thing" is remembered. */
  readonly missMs: number
  /** In an outage "no such thing" stands as it was last said. Default: an outage is told as a failure. */
  readonly missLasts?: boolean
  /** `Accept` as a source is asked. Default: anything. */
  readonly accept?: string
  /** A source may compress it; what is kept is plain. Default: false, because blobs are compressed already. */
  readonly compressible?: boolean
  /**
   * Where the body lies, when metadata says so: asked right before a fetch, in place of `path` below each source
   * of `sources`. Must not be called for what is kept.
   */
  readonly locate?: (signal: AbortSignal) => Promise<Located>
  /** Sent only to clients that may see private packages, and kept apart from what is public. */
  readonly isPrivate?: boolean
  /** Starts the look-up. Without it, any body that arrives whole is kept. */
  readonly prove?: (signal: AbortSignal) => Proof
  /** No authority vouches for it: its proof is one of form, and trying it again tells no more. */
  readonly isUnprovable?: boolean
  /** Keys whose remembered misses this body disproves (a list names versions). Called with small bodies only. */
  readonly disproves?: (body: Uint8Array) => Iterable<string>
  /** All versions that this body names, by which sources are compared; absent where it is no full list. */
  readonly versions?: (body: Uint8Array) => Iterable<string>
}

/** Why there is no body; closed, so that an outage can never turn into a "not found" by accident. */
export type Refusal =
  | {
      readonly kind: 'not-found'
      readonly reason: string
      readonly hint?: string
      /** The reason is a source's own text, for the user as it stands. */
      readonly quoted?: boolean
      /** It comes from an outage that the list's rules pass over, so it must not be remembered. */
      readonly fleeting?: boolean
    }
  | {
      readonly kind: 'denied'
      readonly status: 401 | 403 | 400 | 410
      readonly reason: string
      readonly hint?: string
    }
  | {
      readonly kind: 'upstream-failed'
      readonly reason: string
      readonly hint?: string
      readonly retryAfterMs?: number
    }
  | { readonly kind: 'not-configured'; readonly reason: string; readonly hint: string }
  /** The request was sent by this very server: one of its sources is itself (508). */
  | { readonly kind: 'loop'; readonly reason: string; readonly hint: string }
  /** The fault is ours: the data disk is full, read-only or broken. */
  | { readonly kind: 'store-failed'; readonly reason: string; readonly hint: string }

/** What a refusal is about. */
export type Sought = Pick<Resource, 'name' | 'kind' | 'path' | 'missMs'>

/** Absolute addresses of one and the same body, best first and all equal; or why there are none. */
export type Located =
  | {
      readonly kind: 'places'
      readonly urls: readonly string[]
      /**
       * The body made from what is kept beside it, when no place has it: small, and proved like any other.
       * Undefined when it cannot be made.
       */
      readonly otherwise?: (signal: AbortSignal) => Promise<Uint8Array | undefined>
      /** Not known but likely: when no place has it, `locate` is asked again, and must not guess then. */
      readonly isGuess?: boolean
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** A small answer that is complete in itself. */
export interface Rendered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What an adapter may know of a request beside its path. */
export interface Asking {
  readonly method: string
  /** Without its `?`; empty when there is none. */
  readonly query: string
  /** The address under which this client reaches this ecosystem: `http://127.0.0.1:7678/npm`, no slash at its end. */
  readonly base: string
  /** True when `base` is a port or host of the ecosystem's own, so that the path stands at the root. */
  readonly atRoot: boolean
  /** A header's value by its lower-case name. */
  readonly header: (name: string) => string | undefined
}

/**
 * A body made from a kept one: rewritten once, when that changes, off the serving thread, and kept beside it.
 * The engine makes it plain or compressed, as the client accepts.
 */
export interface View {
  /** Unique over all resources and views, in the same alphabet as a resource's key; without the encoding. */
  readonly key: string
  readonly of: Resource
  /** A second body that the transform may use: waited for `patienceMs` longer than for the first, at most. */
  readonly beside?: { readonly resource: Resource; readonly patienceMs: number }
  readonly mediaType: string
  /** Request headers that chose this view; `Accept-Encoding` is added. */
  readonly vary: string
  /** A name that the renderer's program knows, and what it needs beside the body: part of the view's identity. */
  readonly transform: { readonly name: string; readonly params: Readonly<Record<string, string>> }
}

/**
 * What a view's bytes are made by. Pure; runs in a thread of its own. Throws for a body that is not what it
 * should be; yields the plain bytes in pieces, so that a large one is never held twice.
 */
export type Transform = (input: {
  readonly body: Uint8Array
  readonly beside: Uint8Array | undefined
  readonly params: Readonly<Record<string, string>>
}) => Iterable<Uint8Array>

/** A request that is passed on to a source and whose answer is passed back; nothing of it is kept for others. */
export interface Forward {
  readonly ecosystem: EcosystemId
  readonly name: string
  readonly sources: string
  /** Relative to the source's base address, with its query. */
  readonly path: string
  readonly method: string
  /** Exactly what is sent beside the engine's own; a client's credentials only where they belong. */
  readonly headers: Readonly<Record<string, string>>
  /** Bounds of the request's and the answer's bodies; decompressed. */
  readonly maxRequestBytes: number
  readonly maxBytes: number
  /** The body that is sent for the one that came; an answer in its place ends the matter here. */
  readonly rewrite?: (body: Uint8Array) => { readonly body: Uint8Array } | { readonly answer: Rendered }
  /** The answer's media type must start with one of these when its status is 2xx. */
  readonly accepts: readonly string[]
  /**
   * The body that the client gets for an answer's of status 200, without the source's validators. Pure; throws an
   * Error that says what is wrong with what the source sent.
   */
  readonly reshape?: (body: Uint8Array) => Uint8Array
  /** Called when a source has answered with 2xx. */
  readonly taken?: () => void
  /** How long an answer of status 200 may be given again for the same request; 0 for never. */
  readonly freshMs: number
  readonly isPrivate?: boolean
}

export type Asked =
  | { readonly kind: 'resource'; readonly resource: Resource }
  | { readonly kind: 'view'; readonly view: View }
  | { readonly kind: 'forward'; readonly forward: Forward }
  | { readonly kind: 'answer'; readonly answer: Rendered }

/** Something that a client will probably ask for next. */
export interface Likely {
  readonly resource: Resource
  /** 0…1: how sure the adapter is. Orders the queue. */
  readonly weight: number
  /** Of what is equally likely, the lowest goes first: the place in the order in which clients ask. Default: at the end. */
  readonly place?: string
  /** Not to be fetched before this has passed: better knowledge may come in meanwhile. */
  readonly delayMs: number
  /** Asked right before the fetch; false when something else has become likelier since. */
  readonly stillLikely?: () => boolean
  /** What a client asked for just now is proved by it: its bytes are used, whether a client asks for it or not. */
  readonly isNeeded?: boolean
  /** It only helps to guess, and may come from a slow source: a few at a time, so that it holds up nothing else. */
  readonly isAside?: boolean
}

/**
 * What an adapter knows of its clients' next steps, as data: the engine fetches it ahead of need and knows
 * nothing of the protocol (engine rule 7). Holds bounded state about what clients did lately; does no I/O.
 */
export interface Foresight {
  /** A client asked for this. */
  asked(resource: Resource): Iterable<Likely>
  /** What is read in place of a body that may be large: a compact view of it. */
  digest?(resource: Resource): View | undefined
  /** A small body (or the digest of any) is at hand; `wanted` when a client asked for it, not only we. */
  arrived(resource: Resource, body: Uint8Array, wanted: boolean): Iterable<Likely>
}

export interface Ecosystem {
  readonly id: EcosystemId
  /**
   * Pure: what does this path ask for? `path` is what follows the ecosystem's prefix, percent-encoded as
   * received, with its leading slash. A path that is no request of this protocol gives an `answer`. Without
   * `asking` it is a key (after the ecosystem's name) that is to become its resource again.
   */
  parse(path: string, asking?: Asking): Asked
  /**
   * What tells apart the views that one path has, in a few short words (`full`, `abbreviated`); undefined when
   * the path can have none. On the way of every hit of a view.
   */
  variantOf?(path: string, asking: Asking): string | undefined
  /**
   * The name in a path that, once it is kept, never changes and needs no further look: undefined for every
   * other path, and whenever telling would cost more than a glance. On the way of every hit.
   */
  nameOfFixed?(path: string): string | undefined
  /** True when clients send more than GET and HEAD; default: false. */
  readonly takesWrites?: boolean
  /** A refusal in the form that this ecosystem's client shows to its user; cause and fix in the first line. */
  refuse(refusal: Refusal, sought: Sought): Rendered
  /** Absent where fetching ahead would not pay. */
  readonly foresight?: Foresight
}
