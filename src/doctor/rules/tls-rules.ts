import type { Evidence, EvidenceOf, HelloFact } from '../evidence.ts'
import { hostOfEndpoint, type Seen, unique } from '../seen.ts'
import type { Cause, Params, VerdictId } from '../verdict.ts'
import { type Conclusion, type Control, confidenceOf, type Rule } from './rule.ts'

type Chain = EvidenceOf<'tls.chain'>
type Hello = EvidenceOf<'tls.hello'>

/** Handshakes and certificates. */
export const tlsRules: readonly Rule[] = [
  helloRule('tls.reset', 'reset'),
  helloRule('tls.closed', 'closed'),
  helloRule('tls.silent', 'silent'),
  {
    id: 'tls.not_tls',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const plain = hellos(seen, endpoint).filter(({ outcome }) => outcome === 'not-tls')
        if (plain.length === 0) return []
        return [
          {
            target: endpoint,
            confidence: plain.length >= 2 ? 'certain' : 'possible',
            from: plain,
            control: { key: 'protocol', from: [] },
            params: { line: plain[0]?.firstLine ?? '' },
          },
        ]
      }),
  },
  {
    id: 'tls.alert',
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const alerts = hellos(seen, endpoint).filter(({ outcome }) => outcome === 'alert')
        if (alerts.length === 0) return []
        const { control, cause } = compare(seen, endpoint, 'alert')
        const alert = alerts[0]?.alert ?? 0
        return [
          {
            target: endpoint,
            confidence: alerts.length >= 2 ? 'certain' : 'possible',
            from: alerts,
            control: control ?? { key: 'protocol', from: [] },
            cause,
            params: { alert, name: alertNames[alert] ?? `alert ${alert}` },
          },
        ]
      }),
  },
  timeRule('cert.expired', 'CERT_HAS_EXPIRED'),
  timeRule('cert.not_yet_valid', 'CERT_NOT_YET_VALID'),
  {
    id: 'cert.wrong_host',
    find: (seen) =>
      chains(seen).flatMap((chain): Conclusion[] => {
        if (chain.outcome !== 'trusted' || chain.hostMatches) return []
        return [
          {
            target: chain.target,
            confidence: 'certain',
            from: [chain],
            control: { key: 'protocol', from: [] },
            params: { host: chain.host, names: chain.names.join(', ') || (chain.chain[0]?.subject ?? '') },
          },
        ]
      }),
  },
  {
    id: 'cert.self_signed',
    find: (seen) =>
      chains(seen).flatMap((chain): Conclusion[] => {
        if (chain.code !== 'DEPTH_ZERO_SELF_SIGNED_CERT' || isIntercepted(seen, chain)) return []
        return [certificate(seen, chain)]
      }),
  },
  {
    id: 'tls.mitm_corporate',
    find: (seen) => {
      const groups = Map.groupBy(seen.of('tls.chain').filter(isForeign), authorityOf)
      return [...groups].flatMap(([authority, members]): Conclusion[] => {
        const hosts = unique(members.map(({ host }) => host))
        const own = members.filter(({ target }) => seen.endpoints.includes(target))
        if (hosts.length < 2 || own.length === 0 || authority === '') return []
        return [
          {
            target: 'machine',
            confidence: 'likely',
            from: members,
            control: {
              key: 'other-host-too',
              from: members.slice(1),
              params: { host: hosts.slice(1).join(', ') },
            },
            params: {
              authority,
              hosts: hosts.join(', '),
              trusted: members.every(({ outcome }) => outcome === 'trusted') ? 'yes' : 'no',
            },
          },
        ]
      })
    },
  },
  {
    id: 'cert.missing_intermediate',
    find: (seen) =>
      chains(seen).flatMap((chain): Conclusion[] => {
        const missing =
          isIssuerUnknown(chain) && chain.chain.length === 1 && chain.issuerAddress !== undefined
        return missing && !isIntercepted(seen, chain) ? [certificate(seen, chain)] : []
      }),
  },
  {
    id: 'cert.untrusted',
    find: (seen) =>
      chains(seen).flatMap((chain): Conclusion[] => {
        const named = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'DEPTH_ZERO_SELF_SIGNED_CERT']
        if (chain.outcome !== 'untrusted' || named.includes(chain.code ?? '') || isIntercepted(seen, chain))
          return []
        if (isIssuerUnknown(chain) && chain.chain.length === 1 && chain.issuerAddress !== undefined) return []
        return [certificate(seen, chain)]
      }),
  },
]

const alertNames: Readonly<Record<number, string>> = {
  40: 'handshake_failure',
  42: 'bad_certificate',
  49: 'access_denied',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  112: 'unrecognized_name',
  116: 'certificate_required',
  120: 'no_application_protocol',
}

function hellos(seen: Seen, endpoint: string, purpose: HelloFact['purpose'] = 'target'): Hello[] {
  return seen.of('tls.hello', endpoint).filter((hello) => hello.purpose === purpose)
}

function chains(seen: Seen): Chain[] {
  return seen.of('tls.chain').filter(({ target }) => seen.endpoints.includes(target))
}

function helloRule(id: VerdictId, outcome: HelloFact['outcome']): Rule {
  return {
    id,
    find: (seen) =>
      seen.endpoints.flatMap((endpoint): Conclusion[] => {
        const own = hellos(seen, endpoint)
        const failed = own.filter((hello) => hello.outcome === outcome)
        if (failed.length === 0 || own[0]?.outcome !== outcome) return []
        if (seen.of('proxy.tunnel', endpoint).length > 0) return []
        const { control, cause } = compare(seen, endpoint, outcome)
        const [place] = outcome === 'reset' ? seen.of('reset.place', endpoint) : []
        const isServersOwn = place?.outcome === 'server' && control?.key === 'same-address-other-name'
        return [
          {
            target: endpoint,
            confidence: confidenceOf(failed, control),
            from: place === undefined ? failed : [...failed, place],
            control,
            // Only this address was seen to refuse the name, and from as far away as the server: no device on the path.
            cause: isServersOwn && control.from.every(isOtherName) ? 'server' : cause,
            params: {
              count: failed.length,
              of: own.length,
              host: hostOfEndpoint(endpoint),
              ...placeParams(place),
            },
          },
        ]
      }),
  }
}

function isOtherName(record: Evidence): boolean {
  return record.probe === 'tls.hello' && record.purpose === 'control-name'
}

function placeParams(place: EvidenceOf<'reset.place'> | undefined): Params {
  if (place === undefined) return {}
  const { outcome, afterTtl = 0, afterHost = '', ttl = 0, serverTtl = 0 } = place
  return { place: outcome, afterTtl, afterHost, ttl, serverTtl }
}

/** Another name to the same address passes: the name is filtered. It fails too: the server, or the address, is at fault. */
function compare(
  seen: Seen,
  endpoint: string,
  outcome: HelloFact['outcome'],
): { control: Control | undefined; cause: Cause } {
  const otherName = hellos(seen, endpoint, 'control-name')
  const passed = otherName.filter(({ outcome: said }) => said === 'server-hello' || said === 'alert')
  const elsewhere = hellos(seen, endpoint, 'control-address')
  const sameElsewhere = elsewhere.filter((hello) => hello.outcome === outcome)
  if (
    outcome !== 'alert' &&
    passed.length > 0 &&
    passed.some((hello) => hello.outcome === 'server-hello' || sameElsewhere.length > 0)
  ) {
    return {
      control: {
        key: 'same-address-other-name',
        from: [...passed, ...sameElsewhere],
        params: { name: passed[0]?.name ?? '' },
      },
      cause: 'sni_filter',
    }
  }
  const othersPass = seen
    .othersOf(endpoint)
    .some((other) => hellos(seen, other).some((hello) => hello.outcome === 'server-hello'))
  if (sameElsewhere.length > 0 && othersPass && outcome !== 'alert')
    return { control: { key: 'other-address-same-name', from: sameElsewhere }, cause: 'sni_filter' }
  const fineElsewhere = [
    ...elsewhere,
    ...seen.othersOf(endpoint).flatMap((other) => hellos(seen, other)),
  ].filter(
    (hello) =>
      hello.outcome === 'server-hello' || (hello.purpose === 'control-address' && hello.outcome === 'alert'),
  )
  if (fineElsewhere.length > 0) {
    const [first] = fineElsewhere
    return {
      control: { key: 'other-host', from: fineElsewhere.slice(0, 2), params: { host: first?.address ?? '' } },
      cause: 'server',
    }
  }
  return { control: undefined, cause: 'unexplained' }
}

function timeRule(id: VerdictId, code: string): Rule {
  return {
    id,
    find: (seen) => chains(seen).flatMap((chain) => (chain.code === code ? [certificate(seen, chain)] : [])),
  }
}

function certificate(seen: Seen, chain: Chain): Conclusion {
  const fine = seen
    .of('tls.chain')
    .filter(({ host, outcome }) => host !== chain.host && outcome === 'trusted')
  const [leaf] = chain.chain
  return {
    target: chain.target,
    confidence: 'certain',
    from: [chain],
    control:
      fine.length > 0
        ? { key: 'other-host', from: fine.slice(0, 1), params: { host: fine[0]?.host ?? '' } }
        : { key: 'protocol', from: [] },
    params: {
      host: chain.host,
      subject: leaf?.subject ?? '',
      issuer: leaf?.issuer ?? '',
      from: dateOf(leaf?.validFromMs),
      to: dateOf(leaf?.validToMs),
      address: chain.issuerAddress ?? '',
    },
  }
}

function dateOf(ms: number | undefined): string {
  return ms === undefined || Number.isNaN(ms) ? '?' : new Date(ms).toISOString().slice(0, 10)
}

function isIssuerUnknown({ code = '' }: Chain): boolean {
  return /UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)/.test(code)
}

/** Signed by an authority that is not among the public ones. */
function isForeign(chain: Chain): boolean {
  const { outcome, code = '', inSystemStore } = chain
  if (outcome === 'trusted') return inSystemStore === true
  return isIssuerUnknown(chain) || /SELF_SIGNED_CERT|UNTRUSTED/.test(code)
}

/** The authority that signed, as far as the server told. */
function authorityOf({ chain }: Chain): string {
  return chain.at(-1)?.issuer ?? ''
}

/** The same foreign authority signs for another host too: that is one finding, not one for each host. */
function isIntercepted(seen: Seen, chain: Chain): boolean {
  return seen
    .of('tls.chain')
    .some(
      (other) =>
        other.host !== chain.host &&
        isForeign(other) &&
        authorityOf(other) === authorityOf(chain) &&
        authorityOf(chain) !== '',
    )
}
