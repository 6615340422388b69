import type { Expected } from './fault-row.ts'

/** What was found against what was injected, counted while the tests run. */
export class ConfusionMatrix {
  readonly #rows = new Map<string, { right: number; missed: number; falsely: number }>()

  add(injected: readonly Expected[], found: readonly Expected[]): void {
    for (const verdict of injected) this.#row(verdict)[found.includes(verdict) ? 'right' : 'missed']++
    for (const verdict of found) if (!injected.includes(verdict)) this.#row(verdict).falsely++
  }

  text(): string {
    const rows = [...this.#rows].sort(([left], [right]) => left.localeCompare(right))
    const lines = rows.map(([verdict, { right, missed, falsely }]) =>
      [verdict.padEnd(34), `found ${right}`, `missed ${missed}`, `false ${falsely}`].join('  '),
    )
    return `${lines.join('\n')}\n`
  }

  #row(verdict: string) {
    const row = this.#rows.get(verdict) ?? { right: 0, missed: 0, falsely: 0 }
    this.#rows.set(verdict, row)
    return row
  }
}
