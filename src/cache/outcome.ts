import type { Refusal } from '../ecosystems/ecosystem.ts'
import type { StoredObject } from '../store/store.ts'
import type { GrowingBody } from './growing-body.ts'

/** How a question to the cache ended. Closed: an outage can never turn into a "not found" by accident. */
export type Outcome = Kept | Filling | Refused

/** A whole body is at hand. */
export type Kept =
  | { readonly kind: 'hit'; readonly object: StoredObject; readonly ageMs: number }
  | {
      readonly kind: 'stale'
      readonly object: StoredObject
      readonly ageMs: number
      /** Why it is served past its time: one sentence. */
      readonly reason: string
    }
  | {
      readonly kind: 'filled'
      readonly object: StoredObject
      /** True for all but the request that started the fetch. */
      readonly joined: boolean
      /** False when the disk would not take it: served once, kept nowhere. */
      readonly stored: boolean
    }

/** A body is still on its way from a source with a clean record; what is there can be sent at once. */
export interface Filling {
  readonly kind: 'filling'
  readonly body: GrowingBody
  readonly mediaType: string
  readonly source: string
  readonly joined: boolean
}

export interface Refused {
  readonly kind: 'refused'
  readonly refusal: Refusal
  /** The source whose answer this is, when one answered. */
  readonly source?: string
  /** True when the answer was remembered, not asked for. */
  readonly remembered: boolean
}
