import type { Clock } from './clock.ts'
import type { Disk } from './disk.ts'

export interface LocalStoreOptions {
  readonly dataDir: string
  /** The bound for everything below `dataDir`. */
  readonly maxBytes: number
  /** Whether what is over the bound is evicted at the start. Who only looks may not know the bound. @default true */
  readonly evictAtStart?: boolean
  /** @default the system's clock */
  readonly clock?: Clock
  /** @default the real disk; the seam for faults */
  readonly disk?: Disk
  /** Told once for every object that was found damaged; the object is forgotten by then. */
  readonly onDamage?: (damage: { readonly key: string; readonly problem: string }) => void
  /** One line for people, of what went wrong in the background. */
  readonly log?: (line: string) => void
  /** How long a `find` waits for the packs to be read, in ms. @default 30000 */
  readonly findWaitMs?: number
  /** Time between two complete scrubs, in ms; 0 for none. @default 7 days */
  readonly scrubEveryMs?: number
}
