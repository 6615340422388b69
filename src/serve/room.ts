import type { Ecosystem, Refusal } from '../ecosystems/ecosystem.ts'
import type { SourceList } from '../upstream/source-list.ts'

/** One ecosystem as it is configured right now. Replaced as a whole when the settings change. */
export interface Room {
  readonly ecosystem: Ecosystem
  readonly lists: Readonly<Record<string, SourceList>>
  /** The refusal for a name that may not be asked for here; undefined for any other. */
  readonly gate: (name: string) => Refusal | undefined
  /** How a client is pointed at `base` (this ecosystem's own address), and how that is undone. */
  readonly client: { readonly line: (base: string) => string; readonly undo: string }
  /** For `/api/status`. */
  readonly status: Readonly<Record<string, unknown>>
  /** What a person is told at the start: a word, and what it stands for. */
  readonly told: readonly (readonly [string, string])[]
}
