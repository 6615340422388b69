import { type Client, effective } from '../clients/client.ts'
import { unsetting } from '../clients/environment.ts'
import type { Machine } from '../clients/machine.ts'
import { leadsToUs, type Reason } from './find-reasons.ts'
import { oursAt } from './relay-places.ts'
import { readLayers } from './verify-client.ts'

export interface UnservedWay {
  /** Where the client goes, in one clause. */
  readonly summary: string
  readonly reasons: readonly Reason[]
}

/** Where a client goes whose protocol the relay does not answer, by its settings: it is not run. */
export async function unservedWay(client: Client, machine: Machine, base: string): Promise<UnservedWay> {
  const { layers, problem } = await readLayers(client, machine)
  if (problem !== undefined) return { summary: problem, reasons: [] }
  const now = effective(layers)
  if (now?.value === undefined) return { summary: `${client.title} goes to its own registry`, reasons: [] }
  const { value, where, setter } = now
  if (!leadsToUs(client, value, oursAt(base + client.path))) {
    return { summary: `${client.title} goes to ${value} (${where})`, reasons: [] }
  }
  const fix = setter === 'environment' ? unsetting(where) : `posthaste setup ${client.id} --undo`
  return {
    summary: `${client.title} is led there all the same, and finds nothing`,
    reasons: [{ text: `${client.setting}: ${where} (${setter}) says ${value}`, fix }],
  }
}
