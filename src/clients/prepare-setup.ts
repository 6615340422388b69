import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import {
  type Client,
  effective,
  type Layer,
  type Plan,
  type Presence,
  sameValue,
  type Wanted,
} from './client.ts'
import { SettingsFileError } from './file-text.ts'
import type { Machine } from './machine.ts'
import { type PlannedEdit, planEdit } from './plan-changes.ts'

/** Everything about one client that a person decides on, before anything is written. */
export interface ClientSetup {
  readonly client: Client
  readonly wanted: Wanted
  readonly isInstalled: boolean
  /** Whether the relay answers this client's protocol. */
  readonly isServed: boolean
  /** Strongest first. */
  readonly layers: readonly Layer[]
  readonly now: Layer | undefined
  readonly outcome:
    | {
        readonly possible: true
        readonly plan: Extract<Plan, { possible: true }>
        readonly edits: readonly PlannedEdit[]
        /** What stands above the file that is written, and says otherwise. */
        readonly obstacles: readonly Layer[]
      }
    | { readonly possible: false; readonly reason: string; readonly hint: string }
}

export interface PrepareOptions {
  readonly machine: Machine
  readonly client: Client
  readonly presence: Presence
  readonly wanted: Wanted
  readonly served: readonly EcosystemId[]
}

/** Reads a client's settings and works out what to change. Writes nothing; a file at fault is an outcome. */
export async function prepareSetup(options: PrepareOptions): Promise<ClientSetup> {
  const { machine, client, presence, wanted, served } = options
  const isInstalled = presence.command !== undefined
  const common = { client, wanted, isInstalled, isServed: served.includes(client.ecosystem) }
  const blocked = (layers: readonly Layer[], reason: string, hint: string): ClientSetup => ({
    ...common,
    layers,
    now: effective(layers),
    outcome: { possible: false, reason, hint },
  })
  let layers: readonly Layer[] = []
  try {
    layers = await client.read(machine, presence)
    const plan = await client.plan(machine, presence, wanted)
    if (!plan.possible) return blocked(layers, plan.reason, plan.hint)
    const edits: PlannedEdit[] = []
    for (const edit of plan.edits) edits.push(await planEdit(machine, edit, isInstalled))
    const paths = plan.edits.map(({ path }) => path)
    const obstacles = obstaclesAbove(layers, paths, plan.value)
    return { ...common, layers, now: effective(layers), outcome: { possible: true, plan, edits, obstacles } }
  } catch (error) {
    if (error instanceof SettingsFileError) return blocked(layers, error.message, error.hint)
    const { message, code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return blocked(layers, message, 'put that right and run setup again')
  }
}

function obstaclesAbove(layers: readonly Layer[], paths: readonly string[], value: string): Layer[] {
  const written = layers.findIndex(({ file }) => file !== undefined && paths.includes(file))
  if (written === -1) return []
  return layers
    .slice(0, written)
    .filter((layer) => layer.value !== undefined && !sameValue(layer.value, value))
}
