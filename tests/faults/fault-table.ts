import { answerFaults } from './answer-faults.ts'
import { connectionFaults } from './connection-faults.ts'
import type { FaultRow } from './fault-row.ts'
import { nameFaults } from './name-faults.ts'
import { outageFaults } from './outage-faults.ts'
import { proxyFaults } from './proxy-faults.ts'

/** Every fault that Posthaste makes a promise about, by what it hits. */
export const faultGroups: Readonly<Record<string, readonly FaultRow[]>> = {
  'The way to a source': connectionFaults,
  'Its name': nameFaults,
  'A proxy in between': proxyFaults,
  'Its answer': answerFaults,
  'No source at all': outageFaults,
}

export const faultTable: readonly FaultRow[] = Object.values(faultGroups).flat()
