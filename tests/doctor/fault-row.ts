import type { Report } from '../../src/doctor/report.ts'
import type { Cause, VerdictId } from '../../src/doctor/verdict.ts'
import type { DoctorLab } from './doctor-lab.ts'

/** A verdict, or one with its cause: `tls.reset (sni_filter)`. */
export type Expected = VerdictId | `${VerdictId} (${Cause})`

/** One fault: a line of the confusion matrix, and what injects it. */
export interface FaultRow {
  /** Unique. */
  readonly fault: string
  /** All verdicts, and no other. */
  readonly verdicts: readonly Expected[]
  /** A command without which the fault cannot be made. */
  readonly needs?: string
  /** Injects the fault for real, and runs the doctor over it. */
  readonly inject: (lab: DoctorLab) => Promise<Report>
}

/** The verdicts of a report as rows name them. */
export function namesOf(report: Report, expected: readonly Expected[]): Expected[] {
  const names = report.verdicts.map(({ id, cause }): Expected => {
    const withCause: Expected = cause === null ? id : `${id} (${cause})`
    return expected.includes(withCause) ? withCause : id
  })
  return [...new Set(names)].sort()
}
