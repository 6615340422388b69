/** The form of `verify --json`: what is wrong with a value, by path. Closed: an unknown key is wrong too. */

import { clients } from '../../src/clients/clients.ts'
import { amount, full, list, oneOf, orNull, shape, text } from '../support/value-form.ts'

const proof = shape({ state: oneOf('good', 'bad', 'unknown'), text: full })

const client = shape(
  {
    client: oneOf(...clients.map(({ id }) => id)),
    verdict: oneOf('in-effect', 'bypassed', 'broken', 'unknown', 'not-served', 'not-installed'),
    summary: full,
    package: orNull(shape({ ecosystem: oneOf('go', 'npm', 'pypi'), name: full, version: full })),
    marker: orNull(full),
    proofs: orNull(shape({ client: proof, log: proof, bytes: proof })),
    reasons: list(shape({ text: full, fix: full })),
    notes: list(full),
    tookMs: amount,
  },
  { optional: ['tookMs'] },
)

const check = shape({
  id: oneOf('go.mod', 'go.sum', 'toolchain', 'module-cache', 'disk', 'owner', 'flags', 'vendor', 'private'),
  state: oneOf('good', 'warning', 'problem', 'unknown'),
  text: full,
  fix: orNull(full),
})

const report = shape({
  schema: oneOf(1),
  outcome: oneOf('in-effect', 'problem', 'unknown'),
  base: full,
  clients: list(client),
  project: orNull(shape({ folder: text, checks: list(check) })),
})

/** Empty when the value has the form. */
export function faultsOfReport(value: unknown): string[] {
  return report(value, 'report')
}
