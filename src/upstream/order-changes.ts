/** Remembers which source is asked first, and why that changed the last time. */

import { type Candidate, type Ranked, stalenessOf } from './selection.ts'
import type { OrderChange } from './upstream.ts'

export interface Order {
  readonly list: string
  readonly order: OrderChange['order']
  /** Of the whole group, in the list's order. */
  readonly candidates: readonly Candidate[]
  /** Best first. */
  readonly ranking: readonly Ranked[]
}

export class OrderChanges {
  readonly #now: () => number
  /** By list, order and the group's first source. */
  readonly #first = new Map<string, string>()
  readonly #last = new Map<string, OrderChange>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether such a group was ever asked in this order. */
  knows({
    list,
    order,
    first,
  }: Pick<Order, 'list' | 'order'> & { readonly first: string | undefined }): boolean {
    return this.#first.has(`${list} ${order} ${first}`)
  }

  seen(order: Order): void {
    const { list, candidates, ranking } = order
    const to = ranking[0]?.id
    if (to === undefined || candidates.length < 2) return
    const key = `${list} ${order.order} ${candidates[0]?.id}`
    const from = this.#first.get(key)
    if (from === to) return
    this.#first.set(key, to)
    if (from === undefined) return
    const change = {
      list,
      order: order.order,
      atMs: this.#now(),
      from,
      to,
      reason: reasonOf(order, from, to),
    }
    this.#last.set(key, change)
  }

  /** The last change of each group, newest first. */
  list(): readonly OrderChange[] {
    return [...this.#last.values()].toSorted((left, right) => right.atMs - left.atMs)
  }
}

function reasonOf({ order, candidates, ranking }: Order, from: string, to: string): string {
  const before = candidates.find(({ id }) => id === from)
  const now = candidates.find(({ id }) => id === to)
  const [old, best] = [from, to].map((wanted) => ranking.find(({ id }) => id === wanted))
  if (before === undefined || now === undefined) return `${from} is no longer in the list`
  if (old?.leftOut !== undefined) return `${from} ${old.leftOut}`
  if (before.health.state === 'suspect') return `${from} failed lately`
  if (order === 'mutable' && stalenessOf(now) < stalenessOf(before)) {
    return now.origin ? `${to} is the origin and can be reached` : `${from} lags behind`
  }
  if (best?.scoreMs === undefined) return `${to} is not measured yet`
  if (old?.scoreMs === undefined || old.scoreMs < best.scoreMs) return `${to} is well again`
  return `${to} takes ${Math.round(best.scoreMs)} ms, ${from} ${Math.round(old.scoreMs)} ms`
}
