import type { FailureCode } from '../../src/upstream/upstream.ts'
import type { FaultLab } from './fault-lab.ts'

/** One fault: a line of docs/faults.md, and the proof of what it says. */
export interface FaultRow {
  /** Unique, of a-z, 0-9 and hyphens. */
  readonly id: string
  /** What goes wrong, in words. */
  readonly injected: string
  /** What a client and its user get, in words. */
  readonly promised: string
  /** As the metrics and `/api/upstreams` call it; none where nothing counts as a failure. */
  readonly code?: FailureCode
  /** Injects the fault into the real server's sources. Throws when the promise is not kept. */
  readonly check: (lab: FaultLab) => Promise<void>
}
