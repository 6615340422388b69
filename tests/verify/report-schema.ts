/** The form of `verify --json`: what is wrong with a value, by path. Closed: an unknown key is wrong too. */

import { clients } from '../../src/clients/clients.ts'

type Check = (value: unknown, path: string) => string[]

const text: Check = (value, path) => (typeof value === 'string' ? [] : [`${path} is no text`])
const full: Check = (value, path) =>
  typeof value === 'string' && value !== '' ? [] : [`${path} is empty or no text`]
const oneOf =
  (...allowed: readonly unknown[]): Check =>
  (value, path) =>
    allowed.includes(value) ? [] : [`${path} is ${JSON.stringify(value)}`]
const orNull =
  (check: Check): Check =>
  (value, path) =>
    value === null ? [] : check(value, path)
const list =
  (check: Check): Check =>
  (value, path) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => check(item, `${path}[${index}]`))
      : [`${path} is no list`]
const shape =
  (checks: Readonly<Record<string, Check>>, optional: readonly string[] = []): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null) return [`${path} is no object`]
    const unknown = Object.keys(value).filter((key) => !(key in checks))
    return [
      ...unknown.map((key) => `${path}.${key} is not in the schema`),
      ...Object.entries(checks).flatMap(([key, check]) =>
        optional.includes(key) && !(key in value) ? [] : check(Reflect.get(value, key), `${path}.${key}`),
      ),
    ]
  }

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
    tookMs: (value, path) => (typeof value === 'number' && value >= 0 ? [] : [`${path} is no amount`]),
  },
  ['tookMs'],
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
