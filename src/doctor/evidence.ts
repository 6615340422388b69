/** What probes saw: plain data that rules read, reports show and JSON carries. Nothing here judges. */

export const layers = [
  'machine',
  'settings',
  'proxy',
  'dns',
  'tcp',
  'tls',
  'http',
  'artifact',
  'integrity',
  'path',
] as const
export type Layer = (typeof layers)[number]

interface Common {
  /** Unique within a run: `e12`. */
  readonly id: string
  /** `host:port` for what was connected to, a host for DNS, `machine`, or the name of a setting. */
  readonly target: string
  /** Since the run began, in milliseconds. */
  readonly atMs: number
  readonly tookMs: number
}

export interface InterfacesFact {
  readonly probe: 'machine.network'
  readonly outcome: 'up' | 'down'
  /** Addresses that are not loopback or link-local. */
  readonly addresses: readonly string[]
  /** Undefined where the system does not tell. */
  readonly defaultRoute4: boolean | undefined
  readonly defaultRoute6: boolean | undefined
}

export interface DiskFact {
  readonly probe: 'machine.disk'
  readonly outcome: 'room' | 'low' | 'full'
  readonly path: string
  readonly freeBytes: number
}

export interface FilesFact {
  readonly probe: 'machine.files'
  readonly outcome: 'enough' | 'low'
  readonly softLimit: number
  readonly hardLimit: number
}

/** A setting that is wrong by itself; `problem` is the verdict that it leads to. */
export interface SettingFact {
  readonly probe: 'setting'
  readonly outcome: 'fine' | 'wrong'
  readonly name: string
  /** Without secrets. */
  readonly value: string
  readonly foundIn: string
  readonly problem?: string
  readonly detail?: string
  /** Whose file it stands in, for people. */
  readonly client?: string
}

export interface ProxyChoiceFact {
  readonly probe: 'proxy.choice'
  readonly outcome: 'direct' | 'proxy' | 'unusable'
  readonly url: string
  /** Without credentials. */
  readonly proxy?: string
  readonly foundIn?: string
  readonly reason?: string
}

export interface TunnelFact {
  readonly probe: 'proxy.tunnel'
  readonly outcome: 'open' | 'auth' | 'denied' | 'dead' | 'not-proxy' | 'silent' | 'reset' | 'bad-tls'
  readonly proxy: string
  readonly foundIn: string
  /** `host:port` that the tunnel is for, where `target` is the proxy itself: no other probe went through it. */
  readonly toward?: string
  readonly status?: number
  readonly schemes?: readonly string[]
  readonly reason?: string
  /** Time of the TCP handshake alone. */
  readonly connectMs?: number
}

export type QueryOutcome =
  | 'answer'
  | 'nxdomain'
  | 'servfail'
  | 'refused'
  | 'formerr'
  | 'notimp'
  | 'nodata'
  | 'truncated'
  | 'malformed'
  | 'silent'
  | 'down'
  | 'unreachable'

export interface QueryFact {
  readonly probe: 'dns.query'
  readonly outcome: QueryOutcome
  readonly host: string
  readonly server: string
  readonly type: 'A' | 'AAAA'
  readonly transport: 'udp' | 'tcp'
  /** `name` is the host itself, `missing` a name that cannot exist, `search` the host with a search domain. */
  readonly purpose: 'name' | 'missing' | 'search' | 'again'
  readonly name: string
  readonly addresses: readonly string[]
  /** Answers to this one question that came later and differ from the first. */
  readonly others: readonly (readonly string[])[]
}

export interface LookupFact {
  readonly probe: 'dns.lookup'
  readonly outcome: 'answer' | 'failed'
  readonly host: string
  readonly addresses: readonly string[]
  readonly code?: string
}

export type ConnectOutcome =
  | 'open'
  | 'refused'
  | 'silent'
  | 'host-unreachable'
  | 'net-unreachable'
  | 'no-protocol'
  | 'reset'
  | 'closed'
  | 'failed'

export interface ConnectFact {
  readonly probe: 'tcp'
  readonly outcome: ConnectOutcome
  readonly host: string
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
  /** `sibling` is another port of the same address. */
  readonly purpose: 'target' | 'sibling'
  readonly code?: string
}

export interface HelloFact {
  readonly probe: 'tls.hello'
  readonly outcome: 'server-hello' | 'alert' | 'reset' | 'closed' | 'silent' | 'not-tls' | 'no-connection'
  readonly host: string
  readonly address: string
  /** `target`: the host's own name; `control-name`: another name to the same address; `control-address`: this name to
   * an address of another host; `small`: a greeting that can only get a few bytes as an answer. */
  readonly purpose: 'target' | 'control-name' | 'control-address' | 'small'
  readonly name: string
  readonly alert?: number
  readonly receivedBytes: number
  /** The first line of what is no TLS, printable. */
  readonly firstLine?: string
}

export interface CertificateSummary {
  readonly subject: string
  readonly issuer: string
  readonly validFromMs: number
  readonly validToMs: number
  readonly fingerprint: string
}

export interface ChainFact {
  readonly probe: 'tls.chain'
  readonly outcome: 'trusted' | 'untrusted' | 'failed'
  readonly host: string
  /** OpenSSL's or Node's code of what is wrong. */
  readonly code?: string
  readonly hostMatches: boolean
  readonly names: readonly string[]
  /** Leaf first, as the server sent them. */
  readonly chain: readonly CertificateSummary[]
  /** The machine's time when it was looked at. */
  readonly nowMs: number
  /** Whether the chain ends at an authority of the system's own store. */
  readonly inSystemStore?: boolean
  /** Does the leaf name a place where its issuer's certificate can be fetched? */
  readonly issuerAddress?: string
}

export type ExchangePurpose =
  | 'metadata'
  | 'again'
  | 'page'
  | 'small'
  | 'medium'
  | 'range'
  | 'parallel'
  | 'capability'
  | 'missing'
  | 'announced'
  | 'canary'
  | 'plain'
  | 'portal'
  | 'redirected'
  | 'other-agent'

export interface ExchangeFact {
  readonly probe: 'http'
  readonly outcome:
    | 'answer'
    | 'no-answer'
    | 'closed'
    | 'reset'
    | 'truncated'
    | 'stalled'
    | 'not-http'
    | 'cut-off'
    | 'unsent'
  readonly purpose: ExchangePurpose
  /** For `redirected`: the id of the first request of the chain, and which redirect this one follows, from 1. */
  readonly origin?: string
  readonly hop?: number
  readonly host: string
  /** Without credentials. */
  readonly url: string
  readonly status?: number
  readonly mediaType?: string
  /** Masked and cut: to be shown, not to be followed. */
  readonly location?: string
  readonly retryAfter?: string
  readonly server?: string
  /** Machine's time minus the `Date` header, in milliseconds. */
  readonly clockAheadMs?: number
  readonly firstByteMs?: number
  readonly bodyBytes: number
  /** Content-Length; undefined for chunked and close-delimited bodies. */
  readonly declaredBytes?: number
  readonly isHtml: boolean
  readonly title?: string
  /** The start of a text body, printable and masked. */
  readonly snippet?: string
  /** Bytes received in each 250 ms since the first byte. */
  readonly bytesPerQuarterSecond?: readonly number[]
  readonly code?: string
}

export interface IntegrityFact {
  readonly probe: 'integrity'
  readonly outcome: 'proved' | 'mismatch'
  readonly host: string
  readonly url: string
  readonly reason?: string
}

export interface FreshnessFact {
  readonly probe: 'freshness'
  readonly outcome: 'same' | 'behind'
  readonly host: string
  readonly name: string
  readonly missing: readonly string[]
  readonly comparedWith: string
}

/** What the path tracer says; its own words stand in `summary`. */
export interface PathFact {
  readonly probe: 'path'
  readonly outcome: 'fine' | 'problem' | 'unknown'
  readonly host: string
  readonly summary: string
}

/** How far the packet went that brought the reset. */
export interface ResetPlaceFact {
  readonly probe: 'reset.place'
  /** `between`: nearer than the server; `server`: as far away as what answers another name there. */
  readonly outcome: 'between' | 'server' | 'answered' | 'unknown'
  readonly host: string
  /** The last hop that the greeting passed; 0: none. */
  readonly afterTtl?: number
  readonly afterHost?: string
  readonly ttl?: number
  readonly serverTtl?: number
  readonly reason?: string
}

export type Fact =
  | InterfacesFact
  | DiskFact
  | FilesFact
  | SettingFact
  | ProxyChoiceFact
  | TunnelFact
  | QueryFact
  | LookupFact
  | ConnectFact
  | HelloFact
  | ChainFact
  | ExchangeFact
  | IntegrityFact
  | FreshnessFact
  | PathFact
  | ResetPlaceFact

export type ProbeName = Fact['probe']
export type Evidence = Common & Fact
export type EvidenceOf<P extends ProbeName> = Common & Extract<Fact, { readonly probe: P }>
