import type { ClientId, Layer } from '../clients/client.ts'
import { maskSettings } from '../clients/mask-settings.ts'
import type { ClientSetup } from '../clients/prepare-setup.ts'
import { diffText } from './setup-report.ts'

/** What became of a file. */
export interface Done {
  readonly client: ClientId
  readonly path: string
  /** Why it was not written. */
  readonly failed: string | undefined
}

/** What `--json` prints. Secrets are masked. */
export function setupJson(
  setups: readonly ClientSetup[],
  done: readonly Done[] | undefined,
  { dryRun }: { readonly dryRun: boolean },
) {
  return {
    dryRun,
    clients: setups.map((setup) => {
      const { client, isInstalled, isServed, layers, now, outcome, wanted } = setup
      return {
        client: client.id,
        ecosystem: client.ecosystem,
        installed: isInstalled,
        served: isServed,
        scope: wanted.scope,
        now: now === undefined ? null : layerJson(now),
        layers: layers.map(layerJson),
        wanted: outcome.possible ? maskSettings(outcome.plan.value) : null,
        wins: outcome.possible && outcome.obstacles.length === 0,
        obstacles: outcome.possible ? outcome.obstacles.map(layerJson) : [],
        problem: outcome.possible
          ? null
          : { reason: maskSettings(outcome.reason), hint: maskSettings(outcome.hint) },
        notes: outcome.possible ? outcome.plan.notes.map(maskSettings) : [],
        files: outcome.possible ? outcome.edits.map((edit) => fileJson(edit, client.id, done)) : [],
      }
    }),
  }
}

type Edit = Extract<ClientSetup['outcome'], { possible: true }>['edits'][number]

function fileJson(edit: Edit, client: ClientId, done: readonly Done[] | undefined) {
  if (edit.kind === 'unchanged') return { path: edit.path, outcome: 'unchanged' }
  if (edit.kind === 'refused') {
    return {
      path: edit.path,
      outcome: 'refused',
      reason: maskSettings(edit.reason),
      hint: maskSettings(edit.hint),
    }
  }
  const { path, keys, command, before, after } = edit.change
  const told = done?.find((one) => one.client === client && one.path === path)
  const outcome = told === undefined ? 'planned' : told.failed === undefined ? 'written' : 'failed'
  return {
    path,
    outcome,
    ...(told?.failed === undefined ? {} : { reason: maskSettings(told.failed) }),
    keys,
    command: command === undefined ? null : maskSettings(command),
    diff: diffText(before, after, false),
  }
}

function layerJson({ setter, where, value }: Layer) {
  return { setter, where, value: value === undefined ? null : maskSettings(value) }
}
