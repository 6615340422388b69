/** Every bound of the transport, in one place. */

export interface UpstreamLimits {
  /** For one name to be resolved. @default 3000 */
  readonly dnsMs: number
  /** From the first SYN until one of the addresses answers. @default 3000 */
  readonly connectMs: number
  /** Between two addresses of one name (RFC 8305 section 5). @default 250 */
  readonly staggerMs: number
  /** For a proxy's greeting and for the TLS handshake, each. @default 5000 */
  readonly handshakeMs: number
  /** From the request until the head of the answer. @default 8000 */
  readonly firstByteMs: number
  /** A body that brings fewer than `stallBytes` while we wait this long has stalled. @default 5000 */
  readonly stallMs: number
  /** @default 1024 */
  readonly stallBytes: number
  /** For one step of a walk until there is an answer, whatever the sources do. @default 10000 */
  readonly budgetMs: number
  /** A connection that nobody used for this long is closed. @default 45000 */
  readonly idleMs: number
  /** A body that nobody starts to read is given up after this. @default 30000 */
  readonly unclaimedMs: number
  /** To one origin. @default 64 */
  readonly maxConnections: number
  /** @default 65536 */
  readonly maxHeadBytes: number
  /** @default 200 */
  readonly maxHeaders: number
  /** @default 10 */
  readonly maxRedirects: number
}

export const defaultLimits: UpstreamLimits = {
  dnsMs: 3000,
  connectMs: 3000,
  staggerMs: 250,
  handshakeMs: 5000,
  firstByteMs: 8000,
  stallMs: 5000,
  stallBytes: 1024,
  budgetMs: 10_000,
  idleMs: 45_000,
  unclaimedMs: 30_000,
  maxConnections: 64,
  maxHeadBytes: 65_536,
  maxHeaders: 200,
  maxRedirects: 10,
}
