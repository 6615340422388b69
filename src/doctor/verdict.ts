/** What rules conclude: data again, to be put into words by text/. */

export const verdictIds = [
  'net.offline',
  'net.443_down',
  'captive.portal',
  'clock.skew',
  'proxy.invalid',
  'proxy.dead',
  'proxy.scheme',
  'proxy.auth',
  'proxy.denied',
  'proxy.slow',
  'proxy.case',
  'proxy.credentials',
  'proxy.no_proxy',
  'proxy.ignored',
  'config.broken',
  'dns.server_down',
  'dns.timeout',
  'dns.servfail',
  'dns.refused',
  'dns.formerr',
  'dns.notimp',
  'dns.no_outside',
  'dns.hosts_file',
  'dns.nxdomain',
  'dns.nodata',
  'dns.slow',
  'dns.bogus',
  'dns.fake_ip',
  'dns.wildcard',
  'dns.injected',
  'dns.tcp_blocked',
  'dns.search_suffix',
  'v6.broken_aaaa',
  'node.he250',
  'tcp.refused',
  'tcp.filtered',
  'tcp.unreachable',
  'tcp.reset_on_connect',
  'tcp.lossy',
  'mtu.blackhole',
  'tls.reset',
  'tls.closed',
  'tls.silent',
  'tls.not_tls',
  'tls.alert',
  'tls.mitm_corporate',
  'cert.expired',
  'cert.not_yet_valid',
  'cert.wrong_host',
  'cert.self_signed',
  'cert.missing_intermediate',
  'cert.untrusted',
  'block.page',
  'http.login_page',
  'mirror.forbidden',
  'mirror.ratelimited',
  'mirror.retired',
  'mirror.missing_cap',
  'mirror.stale',
  'mirror.wrong_missing',
  'mirror.metadata_absent',
  'mirror.no_ranges',
  'http.server_error',
  'http.not_found',
  'http.redirect',
  'http.no_answer',
  'http.reset',
  'http.not_http',
  'http.slow_ttfb',
  'http.throttled',
  'http.truncated',
  'http.stall',
  'http.wrong_content',
  'integrity.mismatch',
  'disk.full',
  'files.low_limit',
  'go.goproxy_invalid',
  'go.goproxy_comma',
  'go.gosumdb_off',
  'go.gosumdb_invalid',
  'go.nosumdb_all',
  'go.private_missing',
  'go.private_broad',
  'go.modcache_broken',
  'go.flags',
  'go.modules_off',
  'go.workspace',
  'go.vendor_stale',
  'npm.lock_hosts',
  'path.fault',
] as const
export type VerdictId = (typeof verdictIds)[number]

/** `certain`: the protocol says so. `likely`: repeated, and a control differs. `possible`: a single observation. */
export type Confidence = 'certain' | 'likely' | 'possible'

export type Params = Readonly<Record<string, string | number>>

/** A sentence of text/, by its key. */
export interface Phrase<Key extends string = string> {
  readonly key: Key
  readonly params: Params
}

/** Why it happens. `unexplained`: there was nothing to compare with. */
export const causes = [
  'unexplained',
  'sni_filter',
  'server',
  'address',
  'port',
  'host',
  'gateway',
  'resolver',
  'everywhere',
  'user_agent',
] as const
export type Cause = (typeof causes)[number]

export const controls = [
  'same-address-other-name',
  'other-address-same-name',
  'other-host',
  'other-host-too',
  'other-port',
  'other-server',
  'other-server-too',
  'other-name',
  'small-answer',
  'repeat',
  'parallel',
  'other-hash',
  'other-clock',
  'other-agent',
  'other-family',
  'protocol',
  'setting',
] as const
export type ControlKey = (typeof controls)[number]

export interface Finding {
  readonly id: VerdictId
  readonly target: string
  readonly confidence: Confidence
  /** Ids of the evidence that led here. */
  readonly evidence: readonly string[]
  /** Undefined: there was none, and the cause is unexplained. */
  readonly control:
    | { readonly key: ControlKey; readonly evidence: readonly string[]; readonly params: Params }
    | undefined
  readonly cause?: Cause
  /** For the words: hosts, times, codes. */
  readonly params: Params
}
