import type { CandidateBody } from '../../ecosystem.ts'

/** What a look into a module zip found. */
export type ZipCheck =
  /** Obeys the module zip rules; `h1` is its hash as in go.sum (`h1:` and base64). */
  | { readonly ok: true; readonly h1: string }
  | {
      readonly ok: false
      readonly reason: string
      /** True when the check could not be made (worker lost, queue full): nothing is known of the zip. */
      readonly unable?: boolean
    }

/** Checks and hashes a module zip. Never throws for what the zip holds; rejects only when `signal` aborts. */
export type CheckZip = (
  body: CandidateBody,
  module: string,
  version: string,
  signal: AbortSignal,
) => Promise<ZipCheck>
