import type { Client } from '../clients/client.ts'
import type { Journal } from '../clients/journal.ts'
import type { Machine } from '../clients/machine.ts'
import type { Io } from './io.ts'

/** What every form of the command works with. */
export interface SetupJob {
  readonly io: Io
  readonly machine: Machine
  readonly journal: Journal
  readonly clients: readonly Client[]
  readonly dryRun: boolean
  readonly yes: boolean
  readonly json: boolean
  readonly colour: boolean
  /** Columns of the terminal; undefined: there is none. */
  readonly width: number | undefined
  readonly ask: ((question: string) => Promise<boolean>) | undefined
  readonly now: () => number
}
