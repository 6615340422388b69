import { hostOfEndpoint } from '../seen.ts'
import type { Finding, VerdictId } from '../verdict.ts'

/** `all`: wherever they are; `same`: for the same host, whatever its port. */
interface Explanation {
  readonly scope: 'all' | 'same'
  readonly explained: readonly (VerdictId | `${string}.*`)[]
}

/** What a root cause takes along. Its consequences are not said again, so that one fault is one verdict. */
const explanations: Readonly<Partial<Record<VerdictId, Explanation>>> = {
  'net.offline': {
    scope: 'all',
    explained: ['dns.*', 'tcp.*', 'tls.*', 'proxy.dead', 'http.*', 'v6.*', 'go.goproxy_comma', 'path.*'],
  },
  'net.443_down': { scope: 'all', explained: ['tcp.*', 'tls.*', 'path.*', 'go.goproxy_comma'] },
  'captive.portal': {
    scope: 'all',
    explained: [
      'tls.not_tls',
      'cert.*',
      'tls.mitm_corporate',
      'http.redirect',
      'http.wrong_content',
      'http.login_page',
      'block.page',
      'dns.bogus',
      'dns.wildcard',
    ],
  },
  'clock.skew': { scope: 'all', explained: ['cert.expired', 'cert.not_yet_valid'] },
  'proxy.dead': { scope: 'same', explained: ['dns.*'] },
  'proxy.invalid': { scope: 'all', explained: ['proxy.credentials'] },
  'dns.no_outside': { scope: 'all', explained: ['dns.nxdomain'] },
  'dns.hosts_file': {
    scope: 'same',
    explained: ['dns.*', 'tcp.*', 'tls.*', 'cert.*', 'http.*', 'mirror.*', 'v6.*', 'path.*'],
  },
  'dns.wildcard': { scope: 'all', explained: ['dns.search_suffix'] },
  'dns.injected': { scope: 'same', explained: ['dns.bogus', 'tcp.*', 'tls.*', 'cert.*'] },
  'dns.bogus': { scope: 'same', explained: ['tcp.*', 'tls.*', 'cert.*', 'http.*', 'v6.*'] },
  'dns.fake_ip': { scope: 'same', explained: ['tcp.*'] },
  'dns.tcp_blocked': { scope: 'same', explained: ['dns.nodata'] },
  'mtu.blackhole': { scope: 'same', explained: ['tls.silent', 'http.no_answer', 'http.stall'] },
  'tls.mitm_corporate': {
    scope: 'all',
    explained: ['cert.untrusted', 'cert.self_signed', 'cert.missing_intermediate'],
  },
  'http.redirect': { scope: 'same', explained: ['http.login_page', 'http.wrong_content'] },
  'block.page': { scope: 'same', explained: ['http.wrong_content'] },
  'http.login_page': { scope: 'same', explained: ['http.wrong_content', 'integrity.mismatch'] },
  'http.wrong_content': { scope: 'same', explained: ['integrity.mismatch'] },
  'http.truncated': { scope: 'same', explained: ['integrity.mismatch'] },
  'tcp.lossy': { scope: 'same', explained: ['http.slow_ttfb'] },
  'http.throttled': { scope: 'same', explained: ['http.stall'] },
}

/** Where the path tracer only says where this happens. */
const located: readonly VerdictId[] = [
  'tcp.filtered',
  'tcp.unreachable',
  'tcp.lossy',
  'mtu.blackhole',
  'tls.reset',
  'tls.silent',
  'tls.closed',
]

export function isLocatedByPath(id: VerdictId): boolean {
  return located.includes(id)
}

/** Without those that another finding explains. */
export function withoutConsequences(findings: readonly Finding[]): Finding[] {
  return findings.filter(
    (finding) => !findings.some((cause) => cause !== finding && explains(cause, finding)),
  )
}

function explains(cause: Finding, finding: Finding): boolean {
  if (finding.id === 'path.fault' && isLocatedByPath(cause.id) && cause.target === finding.target) return true
  const explanation = explanations[cause.id]
  if (explanation === undefined) return false
  const { scope, explained } = explanation
  if (scope === 'same' && hostOfEndpoint(cause.target) !== hostOfEndpoint(finding.target)) return false
  return explained.some((pattern) =>
    pattern.endsWith('.*') ? finding.id.startsWith(pattern.slice(0, -1)) : finding.id === pattern,
  )
}
