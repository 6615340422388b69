import type { Loaded } from '../config/load-config.ts'
import { maskUrls } from '../config/problem.ts'
import { readTextFile } from '../config/read-text-file.ts'
import { newGoOrder, withSetting } from '../mirrors/apply-order.ts'
import { managedAddresses } from '../mirrors/candidates.ts'
import type { Candidate } from '../mirrors/measurement.ts'
import type { Ranking } from '../mirrors/rank.ts'
import { writeAtomically } from '../mirrors/write-atomically.ts'

export type Applied =
  | { readonly outcome: 'written'; readonly file: string; readonly before: string; readonly after: string }
  | { readonly outcome: 'unchanged'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string }

const KEY = 'go.upstream'

/** Writes the new order to the configuration file, when a change is advised. Throws what the file system says. */
export async function applyGoOrder(
  { config, origins, file, searched }: Loaded,
  candidates: readonly Candidate[],
  ranking: Ranking,
): Promise<Applied> {
  if (!ranking.advice.change) return { outcome: 'unchanged', reason: ranking.advice.reason }
  const order = newGoOrder({
    current: config.go.upstream,
    ranked: ranking.ranked,
    managed: managedAddresses(candidates),
  })
  if (!order.ok) return { outcome: 'failed', reason: order.reason }
  if (!order.changed) return { outcome: 'unchanged', reason: 'the list in use is in this order already' }
  const setIn = origins[KEY] ?? 'default'
  if (setIn.startsWith('POSTHASTE_') || setIn.startsWith('--')) {
    return { outcome: 'failed', reason: `${setIn} stands above the file: set it to ${maskUrls(order.list)}` }
  }
  const target = file ?? searched.at(-1)
  if (target === undefined) return { outcome: 'failed', reason: 'there is no place for a configuration file' }
  const edited = withSetting((await readTextFile(target)) ?? '', ['go', 'upstream'], order.list)
  if (!edited.ok) return { outcome: 'failed', reason: `${target}: ${edited.reason}` }
  await writeAtomically(target, edited.text)
  const before = config.go.upstream === undefined ? 'not set' : maskUrls(config.go.upstream)
  return { outcome: 'written', file: target, before: `${before} (${setIn})`, after: maskUrls(order.list) }
}
