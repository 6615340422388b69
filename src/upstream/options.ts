import type { AttemptReport } from './attempt.ts'
import type { UpstreamLimits } from './limits.ts'
import type { Network } from './network.ts'
import type { KeptText } from './record-keeper.ts'
import type { SourceList } from './source-list.ts'

export interface UpstreamOptions {
  readonly lists: Readonly<Record<string, SourceList>>
  /** For `User-Agent: posthaste/<version>`. */
  readonly version: string
  /** Sent as `Posthaste-Hop`; a server that receives its own answers 508. */
  readonly instanceId: string
  /** Every answer is `failed` with code `offline`, and no packet is sent. @default false */
  readonly offline?: boolean
  readonly limits?: Partial<UpstreamLimits>
  /** Read for the proxy variables and SSL_CERT_FILE. @default no variables */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** PEM certificates that are trusted too. */
  readonly caFile?: string
  /** Addresses of name servers; the system's own way when empty. */
  readonly resolvers?: readonly string[]
  /** Addresses, ranges and host names that a redirect may reach although they are private. */
  readonly allowPrivate?: readonly string[]
  /** By host, with the port where an address has one. */
  readonly headers?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The text of a netrc file; used over https, and on loopback. */
  readonly netrc?: string
  /** What `probe` asks for, by list. @default the base address itself */
  readonly probePaths?: Readonly<Record<string, string>>
  readonly onAttempt?: (report: AttemptReport) => void
  /** Called when a source has what an equal one was just found to lack. */
  readonly onLacking?: (report: LackReport) => void
  /** Where the sources' clean records outlive a restart. @default they do not */
  readonly records?: KeptText
  readonly network?: Network
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** Of two equal sources one has what the other does not. */
export interface LackReport {
  readonly list: string
  readonly path: string
  readonly source: string
  readonly lacks: string
}
