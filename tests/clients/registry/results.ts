import { mkdir, readFile, writeFile } from 'node:fs/promises'
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

/**
 * A run of a part renews that part: `POSTHASTE_CLIENTS_RESULTS=1 npm run test:all -- tests/clients`. What was said of
 * projects that are not among `fixtures` any more is left out.
 */
export async function writeResults(told: ClientResults, fixtures: readonly string[]): Promise<void> {
  await mkdir(resultsFolder, { recursive: true })
  const path = join(resultsFolder, `${told.client}.json`)
  const before = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  const known = before === undefined ? undefined : (JSON.parse(before) as ClientResults)
  const renewed = new Set(told.results.map(placeOf))
  const isSame = known !== undefined && known.version === told.version
  const stays = (result: CaseResult) => !renewed.has(placeOf(result)) && fixtures.includes(result.fixture)
  const kept = isSame ? known.results.filter(stays) : []
  const results = [...kept, ...told.results]
  await writeFile(path, `${JSON.stringify({ ...told, results }, undefined, 2)}\n`)
}

function placeOf(result: CaseResult): string {
  return `${result.case} ${result.fixture}`
}
