import type { Cache } from '../cache/cache.ts'
import type { Ecosystem, EcosystemId, Refusal, Resource } from '../ecosystems/ecosystem.ts'
import type { StoredObject } from '../store/store.ts'
import type { Views } from '../views/views.ts'
import type { Forwarding } from './forwarding.ts'
import type { RelayedRequest } from './replies.ts'

export interface RelayOptions {
  /** The adapters in force; they are replaced when the settings change. */
  readonly ecosystems: () => readonly Ecosystem[]
  /** What requests of an ecosystem wait for, while its sources are being found. Never rejects. */
  readonly opening?: (id: EcosystemId) => Promise<void> | undefined
  readonly cache: Cache
  readonly views: Pick<Views, 'ask'>
  readonly forwarding: Pick<Forwarding, 'pass'>
  /** Lets clients from other machines see private packages. */
  readonly accessTokens: () => readonly string[]
  /** Undefined when the name may be asked for; the refusal otherwise. Runs before anything else. */
  readonly gate: (ecosystem: EcosystemId, name: string) => Refusal | undefined
  readonly memoryBytes: number
  readonly touch: (key: string) => void
  /** Counts a hit that is not reported; cheap, because it is on the way of every hit. */
  readonly countHit: (ecosystem: EcosystemId, bytes: number) => void
  readonly report: (relayed: RelayedRequest) => void
  /** True when every single request must be reported, hits from memory too (a request log is on). */
  readonly reportsHits: () => boolean
  /** Told what clients ask for and get, so that what follows can be fetched ahead of need. */
  readonly ahead: {
    /** True while a build is under way for which things are fetched ahead: then every request counts. */
    isAlert(nowMs: number): boolean
    asked(resource: Resource, cold: boolean): void
    used(key: string): void
    answered(resource: Resource, object: StoredObject): void
  }
  /** The marker that our own requests carry; one that comes back to us is a loop. */
  readonly instanceId: string
  readonly now?: () => number
}
