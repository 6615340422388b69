import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** How one case went for one client, on one fixture. */
export interface CaseResult {
  readonly case: string
  readonly fixture: string
  readonly outcome: 'passed' | 'failed'
  /** What the case said besides; the first line of the error where it failed. */
  readonly note: string
}

export interface ClientResults {
  readonly client: string
  /** When it ran: YYYY-MM-DD. */
  readonly day: string
  /** Undefined for a client that could not be had; then `missing` says why. */
  readonly version?: string
  readonly missing?: string
  readonly results: readonly CaseResult[]
}

/** Below this folder lies what the last full run of each client said; docs/clients.md is made of it. */
export const resultsFolder = join(import.meta.dirname, 'results')

/** Renews them: `POSTHASTE_CLIENTS_RESULTS=1 npm run test:all -- tests/clients`. */
export async function writeResults(results: ClientResults): Promise<void> {
  await mkdir(resultsFolder, { recursive: true })
  await writeFile(join(resultsFolder, `${results.client}.json`), `${JSON.stringify(results, undefined, 2)}\n`)
}
