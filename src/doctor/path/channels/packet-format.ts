import type { Meaning, Probe } from './channel.ts'

/** How probes of one protocol are written, and known again in what comes back. */
export interface PacketFormat extends Disposable {
  /** Whether a flow is the same packet at every TTL. It can turn false while answers come. */
  readonly keepsFlow: boolean
  /** `mark` is what a quote of the packet shows of it. */
  build(probe: Probe): { readonly bytes: Uint8Array; readonly mark: number }
  /** The mark of a quoted packet, or undefined when it is not one of ours. */
  readQuote(quote: Uint8Array): number | undefined
  /** An answer of the target itself. */
  readAnswer(payload: Uint8Array): { readonly mark: number; readonly meaning: Meaning } | undefined
}
