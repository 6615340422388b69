import type { ClientId } from '../clients/client.ts'
import type { Reason } from '../verify/find-reasons.ts'
import type { GoProject } from '../verify/go-project.ts'
import type { VerifiedClient } from '../verify/verify-client.ts'
import type { ExitCode } from './io.ts'

/** What became of one client. */
export type ClientOutcome =
  | ({ readonly kind: 'ran' } & VerifiedClient)
  /** It was not run; one sentence says why. */
  | {
      readonly kind: 'left-out'
      readonly client: ClientId
      readonly verdict: 'not-served' | 'not-installed' | 'unknown'
      readonly summary: string
      readonly reasons: readonly Reason[]
    }

export interface VerifyReport {
  readonly base: string
  readonly clients: readonly ClientOutcome[]
  readonly project: GoProject | undefined
}

export function exitCodeOf({ clients: outcomes, project }: VerifyReport): ExitCode {
  const verdicts = outcomes.map(({ verdict }) => verdict)
  const isBroken = project?.checks.some(({ state }) => state === 'problem') === true
  if (isBroken || verdicts.includes('bypassed') || verdicts.includes('broken')) return 1
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'in-effect') ? 0 : 2
}
