/** What a conformance run found, one entry for each script. */
export interface ConformanceReport {
  /** Why nothing ran (no Go source tree); undefined when scripts ran. */
  readonly unavailable?: string
  readonly passed: readonly string[]
  readonly failed: readonly { readonly name: string; readonly output: string }[]
  /** Failed, where the product refuses what the script wants the client to refuse. */
  readonly excused: readonly { readonly name: string; readonly reason: string }[]
  /** Left out by the suite itself (short mode, no such tool). */
  readonly skipped: readonly string[]
}

/** Throws when the text is not a whole report. */
export function parseConformanceReport(text: string): ConformanceReport {
  const value: unknown = JSON.parse(text)
  const lists = ['passed', 'failed', 'excused', 'skipped'] as const
  if (
    typeof value !== 'object' ||
    value === null ||
    !lists.every((key) => Array.isArray(Reflect.get(value, key)))
  ) {
    throw new Error('not a conformance report')
  }
  return value as ConformanceReport
}
