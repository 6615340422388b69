import type { Resource, Verdict } from '../ecosystems/ecosystem.ts'
import type { Store, StoredObject } from '../store/store.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { GrowingBody } from './growing-body.ts'
import type { MemoryRoom } from './memory-room.ts'
import type { CacheObserver } from './observer.ts'

/** What every fill works with. */
export interface FillContext {
  readonly store: Store
  readonly upstream: Upstream
  readonly observer: CacheObserver
  /** For bodies that need no file on their way in. */
  readonly memory: MemoryRoom
  readonly now: () => number
  /** How long a whole body waits for its proof before it is served and kept as unproved. */
  readonly proofWaitMs: () => number
  /** A verdict that came after `proofWaitMs`, for an object that is kept as unproved meanwhile. */
  readonly late: (resource: Resource, source: string, verdict: Promise<Verdict>) => void
}

/** The body is on its way and may be sent as it comes. */
export interface Publication {
  readonly body: GrowingBody
  readonly mediaType: string
  readonly source: string
}

export interface Errand {
  readonly resource: Resource
  /** What is kept under its key already. */
  readonly known: StoredObject | undefined
  /** Nobody waits for it until this fires; undefined when somebody does. */
  readonly wanted: AbortSignal | undefined
  readonly publish: (publication: Publication) => void
}
