/** What is known of one source from its own deeds. */

import { SourceHealth } from './source-health.ts'
import type { Lag, UpstreamFailure } from './upstream.ts'

/** Proofs without a wrong one until a source's bytes may go out before they are proved (engine rule 3). */
const proofsForCleanRecord = 8
/** How long a source that sent wrong bytes stands behind its equals. */
const markMs = 600_000

/** How the bodies of one source turned out, over all runs. */
export interface Tally {
  readonly id: string
  readonly proved: number
  readonly wrong: number
}

export class SourceRecord {
  requests = 0
  errors = 0
  proved = 0
  wrong = 0
  /** Body bytes that it sent. */
  bytes = 0
  /** Milliseconds since the epoch. */
  lastUsedAtMs: number | undefined
  /** As whoever compares the sources found it. */
  lag: Lag | undefined
  /** Where its last answer really came from, after redirects. */
  domain: string | undefined
  readonly health = { metadata: new SourceHealth(), blob: new SourceHealth() }
  lastFailure: (UpstreamFailure & { readonly atMs: number }) | undefined
  #markedUntilMs = 0

  /**
   * One wrong body is not forgotten by itself, not even to the origin: something on its path changes bytes.
   * `forgive` is for the person who mended that.
   */
  isClean(origin: boolean): boolean {
    return this.wrong === 0 && (origin || this.proved >= proofsForCleanRecord)
  }

  isMarked(nowMs: number): boolean {
    return nowMs < this.#markedUntilMs
  }

  proofSucceeded(): void {
    this.proved++
  }

  proofFailed(nowMs: number): void {
    this.wrong++
    this.#markedUntilMs = nowMs + markMs
  }

  /** From now on it is as one that nobody knows: it has to prove itself from the start. */
  forgive(): void {
    this.proved = 0
    this.wrong = 0
    this.#markedUntilMs = 0
  }

  failed(failure: UpstreamFailure, nowMs: number): void {
    this.errors++
    this.lastFailure = { ...failure, atMs: nowMs }
  }
}

/** Metadata may name any number of hosts; of those so many are remembered. */
const maxStrangers = 1_000

/**
 * By source id, over all lists; survives a reload of the configuration, and with a keeper a restart. Bounded: what
 * stands in no list is forgotten when too many others came after it.
 */
export class SourceRecords {
  readonly #records = new Map<string, SourceRecord>()
  #kept: ReadonlySet<string> = new Set()

  get size(): number {
    return this.#records.size
  }

  /** These stand in the lists, and are never forgotten. */
  keep(ids: ReadonlySet<string>): void {
    this.#kept = ids
  }

  of(id: string): SourceRecord {
    let record = this.#records.get(id)
    if (record === undefined) {
      record = new SourceRecord()
      this.#records.set(id, record)
      if (this.#records.size > maxStrangers + this.#kept.size) this.#forgetOldest(id)
    }
    return record
  }

  /** One goes for each that comes, so the search ends soon: the listed ones were there first and are few. */
  #forgetOldest(newest: string): void {
    for (const id of this.#records.keys()) {
      if (id === newest || this.#kept.has(id)) continue
      this.#records.delete(id)
      return
    }
  }

  /** Of the sources that have proved or failed to prove anything. */
  tallies(): readonly Tally[] {
    return [...this.#records].flatMap(([id, { proved, wrong }]) =>
      proved + wrong === 0 ? [] : [{ id, proved, wrong }],
    )
  }

  /** Adds what was known before this process; what it has seen itself meanwhile stays. */
  restore(tallies: readonly Tally[]): void {
    for (const { id, proved, wrong } of tallies) {
      const record = this.of(id)
      record.proved += proved
      record.wrong += wrong
    }
  }
}
