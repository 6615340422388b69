/** The form of `--json` and `/api/doctor`: what is wrong with a value, by path. Closed: an unknown key is wrong too. */

import { verdictIds } from '../../src/doctor/verdict.ts'

type Check = (value: unknown, path: string) => string[]

const text: Check = (value, path) => (typeof value === 'string' ? [] : [`${path} is no text`])
const full: Check = (value, path) =>
  typeof value === 'string' && value !== '' ? [] : [`${path} is empty or no text`]
const number: Check = (value, path) =>
  typeof value === 'number' && value >= 0 ? [] : [`${path} is no amount`]
const boolean: Check = (value, path) =>
  typeof value === 'boolean' ? [] : [`${path} is neither true nor false`]
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
  (checks: Readonly<Record<string, Check>>, open = false): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null) return [`${path} is no object`]
    const unknown = Object.keys(value).filter((key) => !open && !(key in checks))
    return [
      ...unknown.map((key) => `${path}.${key} is not in the schema`),
      ...Object.entries(checks).flatMap(([key, check]) => check(Reflect.get(value, key), `${path}.${key}`)),
    ]
  }

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
  tookMs: number,
  evidence: list(
    shape(
      { id: full, target: full, atMs: number, tookMs: number, probe: full, outcome: full, text: full },
      true,
    ),
  ),
})

export function reportProblems(value: unknown): string[] {
  return report(value, 'report')
}
