import { answerFaults } from './answer-faults.ts'
import type { FaultRow } from './fault-row.ts'

/** Every fault that Posthaste makes a promise about. */
export const faultTable: readonly FaultRow[] = [...answerFaults]
