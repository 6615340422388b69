import type { Resource, Verdict } from '../ecosystems/ecosystem.ts'
import type { UpstreamFailure } from '../upstream/upstream.ts'

/** What the cache tells the outside, as it happens. Called synchronously; must not throw or block. */
export interface CacheObserver {
  fillStarted(resource: Resource): void
  fillJoined(resource: Resource): void
  fillEnded(end: FillEnd): void
  /** A small body that names versions came from a source, or the source says that it still holds. */
  versionsSeen?(resource: Resource, source: string, body: Uint8Array): void
  /** Bytes contradicted their proof: the source named in `source` lied, or was lied to. */
  integrityFailed(failure: {
    readonly resource: Resource
    readonly source: string
    readonly reason: string
    /** Where it was noticed: before anything was sent, in the middle of an answer, or long after. */
    readonly stage: 'held' | 'streaming' | 'kept'
  }): void
  /** A body could not be kept; the answer was given all the same where that was possible. */
  storeFailed(resource: Resource, error: Error): void
  /** A fetch failed in a way that is in no outcome: whoever waits for it is told as well. */
  fillBroke?(resource: Resource, error: Error): void
  /** The bytes of this key are new or gone: whatever was rendered from them is void. */
  changed(key: string): void
}

export interface FillEnd {
  readonly resource: Resource
  readonly outcome: 'stored' | 'not-modified' | 'not-found' | 'denied' | 'failed'
  readonly source: string | undefined
  readonly bytes: number
  readonly tookMs: number
  readonly verdict: Verdict['verdict'] | undefined
  readonly failure: UpstreamFailure | undefined
}
