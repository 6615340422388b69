/** What the cache asks of the network. Who asks, and why, is not known here. */

/** Stable codes; each has an entry in docs/faults.md. */
export type FailureCode =
  | 'dns'
  | 'connect'
  | 'tls'
  | 'proxy'
  | 'timeout'
  | 'stall'
  | 'reset'
  | 'truncated'
  | 'http'
  | 'throttled'
  | 'redirect'
  | 'too-large'
  | 'malformed'
  | 'wrong-content'
  | 'offline'
  | 'aborted'

export interface UpstreamFailure {
  readonly code: FailureCode
  /** One sentence that names the source and what it did. Holds no secret. */
  readonly message: string
  /** What the person who runs this can do, when that is known. */
  readonly hint?: string
  /** The upstream's status, when it answered at all. */
  readonly status?: number
  readonly retryAfterMs?: number
}

/** Thrown by a body that breaks on its way. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly failure: UpstreamFailure
  constructor(failure: UpstreamFailure, options?: ErrorOptions) {
    super(failure.message, options)
    this.failure = failure
  }
}

export interface SourceRef {
  /** Stable and short, shown to people: `goproxy.cn`, `127.0.0.1:9480`. */
  readonly id: string
  /**
   * True for the origin, and for a source whose bytes have been proved often and never wrong: its bytes may
   * go to a client before they are proved (engine rule 3).
   */
  readonly clean: boolean
}

export interface UpstreamRequest {
  /** Which configured list is walked: `go`, `go-sumdb`. */
  readonly sources: string
  /** Relative to a source's base, percent-encoded, no leading slash. */
  readonly path: string
  readonly shape: 'metadata' | 'blob'
  readonly maxBytes: number
  /** `Accept`. @default anything */
  readonly accept?: string
  /** A source may send it gzipped; it is decoded on its way, and bounded as it is decoded. @default false */
  readonly compressible?: boolean
  /**
   * Absolute addresses of this very body, all equal, best first: they take the place of the list's sources. They
   * come from metadata, so they are bound by the rules of redirects.
   */
  readonly places?: readonly string[]
  /**
   * `mutable`: what the answer says can change, so among equal sources the one that knows first is asked first
   * (engine rule 5). @default 'fixed'
   */
  readonly freshness?: 'mutable' | 'fixed'
  /** Nobody waits for it until this fires: so long, whoever is waited for gets a connection first. */
  readonly wanted?: AbortSignal
  /** For a conditional request; answered by `not-modified` when the source agrees. */
  readonly validators?: { readonly source: string; readonly etag?: string; readonly lastModified?: string }
}

export interface Found {
  readonly kind: 'found'
  readonly source: SourceRef
  /** As announced; undefined when the source did not say. The body is checked against it. */
  readonly sizeBytes: number | undefined
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  /** Content type as sent, lower case, without parameters; empty when absent. */
  readonly mediaType: string
  /**
   * Identity-encoded bytes, decoded when the source compressed them unasked. Ends cleanly only when the body
   * is whole; otherwise throws UpstreamError. Not iterating it to its end, or aborting, frees the connection.
   */
  readonly body: AsyncIterable<Uint8Array> & {
    /** True when it was continued from another answer: if it proves wrong, `source` may not be to blame. */
    readonly isPieced?: boolean
  }
}

/** What the sources before `direct` answered; the gravest of it. */
export type InVain =
  | { readonly kind: 'missing'; readonly source: SourceRef; readonly text: string }
  | { readonly kind: 'denied'; readonly source: SourceRef; readonly status: number; readonly text: string }
  | Failed

export interface Failed {
  readonly kind: 'failed'
  readonly failure: UpstreamFailure
  /** Sources that answered 404 or 410 while the others failed, with their words; left out when none did. */
  readonly lacking?: readonly { readonly id: string; readonly text: string }[]
}

export type UpstreamAnswer =
  | Found
  | { readonly kind: 'not-modified'; readonly source: SourceRef }
  /** 404 or 410 from every source that the list's rules let us ask; `text` is what the last one said. */
  | {
      readonly kind: 'missing'
      readonly source: SourceRef
      readonly status: 404 | 410
      readonly text: string
    }
  /** A final 4xx other than 404/410/429; its text is for the user. */
  | { readonly kind: 'denied'; readonly source: SourceRef; readonly status: number; readonly text: string }
  /** The list's next word is `direct`: the client may go to the version control itself. */
  | { readonly kind: 'direct'; readonly after?: InVain }
  /** The list's next word is `off`, or the list is empty. */
  | { readonly kind: 'off' }
  /** No list of that name is configured. */
  | { readonly kind: 'not-configured' }
  | Failed

/**
 * One walk through a list of sources, by the list's own rules (`,` goes on at 404/410 only, `|` at anything).
 * After `next` has given a final answer, or has given `found` and was not told otherwise, the walk is over.
 */
export interface Walk {
  /** Never throws for what the network does. Rejects only when `signal` aborts. */
  next(signal: AbortSignal): Promise<UpstreamAnswer>
  /**
   * The body of the last `found` broke, lied or was malformed: counts as that source's error, so the next
   * `next` goes on where the rules allow it, and otherwise answers `failed` with this failure.
   */
  reject(failure: UpstreamFailure): void
}

/** How far a source is behind its equals. A measured lower bound: it may be further behind. */
export interface Lag {
  /** Versions that another names and it does not; 0 when it was compared and has them all. */
  readonly behind: number
  /** From when the oldest of these was first seen elsewhere until it was last seen missing, in milliseconds. */
  readonly atLeastMs: number
  /** The package that was compared. */
  readonly at: string
  /** The newest of what it does not have. */
  readonly lacks: string | undefined
  /** Milliseconds since the epoch. */
  readonly measuredAtMs: number
}

/** One source as it does for one class of requests. */
export interface ClassState {
  readonly state: 'healthy' | 'suspect' | 'out' | 'probing'
  /** 1 is asked first among its equals. */
  readonly place: number
  /** Predicted milliseconds for one request; undefined before it is measured. */
  readonly scoreMs: number | undefined
  /** How the score comes about, or why there is none. */
  readonly reckoning: string
  /** Why it is asked last, when it is. */
  readonly leftOut: string | undefined
  readonly samples: number
  readonly firstByteMs: number | undefined
  readonly p95Ms: number | undefined
  readonly bytesPerSecond: number | undefined
  /** 0 to 1, of the last dozen or so. */
  readonly errorRate: number
}

/** Another source became the first to be asked. */
export interface OrderChange {
  readonly list: string
  /** `mutable` is metadata that can change; it has an order of its own. */
  readonly order: 'metadata' | 'blob' | 'mutable'
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly from: string
  readonly to: string
  readonly reason: string
}

/** A request that is passed on as it is. */
export interface SendRequest {
  readonly sources: string
  /** Relative to a source's base, percent-encoded, no leading slash; with its query. */
  readonly path: string
  readonly method: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
  /** Of the answer, decoded. */
  readonly maxBytes: number
  /** Asking twice does no harm, whatever the method: the next source may be asked after an error of one. */
  readonly safe: boolean
  readonly signal: AbortSignal
}

export type Sent =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Lower-case names; without those of the connection, and without cookies. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array
      readonly source: string
    }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure }
  | { readonly kind: 'not-configured' }
  | { readonly kind: 'off' }

export interface SourceState {
  readonly list: string
  readonly id: string
  /** Secrets masked. */
  readonly address: string
  /** Where the setting was found: `go env`, `POSTHASTE_GO_UPSTREAM`, a file and line. */
  readonly foundIn: string
  /** What follows when this source fails: `,` or `|`. */
  readonly separator: ',' | '|' | undefined
  readonly clean: boolean
  /** The others copy from it: what can change is asked of it first. */
  readonly origin: boolean
  readonly classes: Readonly<Record<'metadata' | 'blob', ClassState>>
  /** Undefined before it was compared with others. */
  readonly lag: Lag | undefined
  /** Body bytes that it sent. */
  readonly bytes: number
  /** Milliseconds since the epoch. */
  readonly lastUsedAtMs: number | undefined
  readonly requests: number
  readonly errors: number
  readonly proved: number
  readonly wrong: number
  readonly lastFailure: (UpstreamFailure & { readonly atMs: number }) | undefined
}

export interface Upstream {
  walk(request: UpstreamRequest): Walk
  /** Passes one request on and its answer back. Never throws for what the network does. */
  send(request: SendRequest): Promise<Sent>
  /** Tells how the bytes of a source turned out; this is what makes and unmakes a clean record. */
  record(sourceId: string, outcome: 'proved' | 'wrong'): void
  states(): readonly SourceState[]
  /** Asks each source something small; for `posthaste upstreams`. */
  probe(
    list: string,
    signal: AbortSignal,
  ): AsyncIterable<{ id: string; ok: boolean; detail: string; tookMs: number }>
  close(): Promise<void>
}
