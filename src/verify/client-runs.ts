import type { ClientId } from '../clients/client.ts'
import type { ClientRun } from './client-run.ts'
import { goRun } from './clients/go-run.ts'
import { bunRun, yarn1Run, yarn4Run } from './clients/metadata-run.ts'
import { npmRun } from './clients/npm-run.ts'
import { pipRun } from './clients/pip-run.ts'
import { pnpmRun } from './clients/pnpm-run.ts'
import { pdmRun, poetryRun } from './clients/python-project-run.ts'
import { uvRun } from './clients/uv-run.ts'

const runs: readonly ClientRun[] = [
  goRun,
  npmRun,
  pnpmRun,
  yarn1Run,
  yarn4Run,
  bunRun,
  pipRun,
  uvRun,
  poetryRun,
  pdmRun,
]

/** Undefined for a client whose protocol the relay does not speak yet. */
export function runOf(client: ClientId): ClientRun | undefined {
  return runs.find((run) => run.client === client)
}
