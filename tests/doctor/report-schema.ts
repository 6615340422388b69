/** The form of `--json` and `/api/doctor`: what is wrong with a value, by path. Closed: an unknown key is wrong too. */

import { verdictIds } from '../../src/doctor/verdict.ts'
import { amount, boolean, full, list, oneOf, orNull, shape, text } from '../support/value-form.ts'

const verdict = shape({
  id: oneOf(...verdictIds),
  target: full,
  confidence: oneOf('certain', 'likely', 'possible'),
  title: full,
  evidence: list(full),
  evidenceIds: list(full),
  control: orNull(full),
  cause: orNull(full),
  because: orNull(full),
  fix: full,
  foundIn: orNull(full),
})

const report = shape({
  schema: oneOf(1),
  outcome: oneOf('healthy', 'problem', 'unknown'),
  verdicts: list(verdict),
  targets: list(
    shape({ address: full, role: oneOf('source', 'database', 'client', 'given', 'control'), foundIn: text }),
  ),
  complete: boolean,
  tookMs: amount,
  evidence: list(
    shape(
      { id: full, target: full, atMs: amount, tookMs: amount, probe: full, outcome: full, text: full },
      { open: true },
    ),
  ),
})

export function reportProblems(value: unknown): string[] {
  return report(value, 'report')
}
