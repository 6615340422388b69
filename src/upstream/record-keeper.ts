/** Lets what sources proved, or failed to prove, outlive the process. */

import type { SourceRecords, Tally } from './source-record.ts'

/** A text that is kept somewhere durable. Neither call rejects: whoever provides it reports what fails. */
export interface KeptText {
  read(): Promise<string | undefined>
  /** Called seldom: once for many changes. */
  write(text: string): Promise<void>
}

interface RecordKeeperOptions {
  readonly records: SourceRecords
  readonly kept: KeptText
}

/** Proofs come by the hundred in a build; a wrong body is written down at once. */
const writeDelayMs = 5000

export class RecordKeeper {
  readonly #options: RecordKeeperOptions
  /** Nothing is written before what is kept was read, or it would be lost. */
  #last: Promise<void>
  #timer: NodeJS.Timeout | undefined

  constructor(options: RecordKeeperOptions) {
    this.#options = options
    this.#last = options.kept.read().then((text) => options.records.restore(parseTallies(text)))
  }

  changed(outcome: 'proved' | 'wrong' | 'forgiven'): void {
    if (outcome !== 'proved') this.#write()
    else this.#timer ??= setTimeout(() => this.#write(), writeDelayMs).unref()
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#write()
    await this.#last
  }

  #write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { kept, records } = this.#options
    this.#last = this.#last.then(() => kept.write(`${JSON.stringify(records.tallies())}\n`))
  }
}

/** What cannot be read counts as nothing: then a source has to prove itself again. */
function parseTallies(text: string | undefined): readonly Tally[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(value) ? value.filter(isTally) : []
  } catch {
    return []
  }
}

function isTally(value: unknown): value is Tally {
  if (typeof value !== 'object' || value === null) return false
  const { id, proved, wrong } = value as Partial<Record<keyof Tally, unknown>>
  return typeof id === 'string' && isCount(proved) && isCount(wrong)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
