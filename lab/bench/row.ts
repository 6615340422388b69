import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from '../statistics.ts'

export interface Peer {
  readonly name: string
  /** What a client's GOPROXY would be set to; its upstream must be the lab's. */
  readonly url: string
}

export interface BenchContext {
  /** Shorter and fewer runs: to see that a row works, not for figures. */
  readonly quick: boolean
  readonly runs: number
  /** The Posthaste to measure; undefined for this repository's. */
  readonly program: string | undefined
  readonly peers: readonly Peer[]
  /** The lab's upstream listens here, so that peers can be pointed at it; 0 for any. */
  readonly upstreamPort: number
  /** What is expensive to make is kept here between runs. */
  readonly keepFolder: string
  /** Options that only one row knows, as given: `--rtt 200` is `rtt: '200'`. */
  readonly extra: Readonly<Record<string, string>>
  progress(line: string): void
}

export interface Finding {
  readonly what: string
  /** As printed: `1.32 ×`. */
  readonly figure: string
  readonly bar: string
  /** Undefined where no bar is set. */
  readonly holds: boolean | undefined
  /** What stands behind the figure, for people. */
  readonly detail: string
}

export interface BenchRow {
  readonly name: string
  readonly title: string
  run(context: BenchContext): Promise<readonly Finding[]>
}

/**
 * Measures all sides once per round, in the opposite order every other round, so that a machine that gets
 * slower favours nobody. Gives each side's values by round.
 */
export async function alternate<Side extends string>(
  rounds: number,
  sides: Readonly<Record<Side, () => Promise<number>>>,
  progress: (line: string) => void,
): Promise<Record<Side, number[]>> {
  const names = Object.keys(sides) as Side[]
  const values = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, number[]>
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      values[name].push(await sides[name]())
    }
    const line = names.map((name) => `${name} ${short(values[name][round] ?? Number.NaN)}`).join(', ')
    progress(`  run ${round + 1} of ${rounds}: ${line}`)
  }
  return values
}

/** The median over rounds of `a / b` within one round. */
export function medianRatio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, round) => value / (b[round] ?? Number.NaN)))
}

/** Three digits, enough to compare by eye. */
export function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'posthaste-bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
