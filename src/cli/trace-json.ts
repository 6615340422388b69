import type { PathEvidence, RoundTrips } from '../doctor/path/path-evidence.ts'
import { type Language, verdictWords } from '../doctor/path/verdict-words.ts'

/** The report for programs. Numbers are milliseconds, rounded to a microsecond; null where nothing was received. */
export function traceJson(path: PathEvidence, language: Language) {
  const [verdict, ...notes] = path.verdicts.map((one) => ({ ...one, ...verdictWords(one, path, language) }))
  const { host, address, family, port, protocol, privilege, limits, rounds, startedAt, mtu } = path
  return {
    host,
    address,
    family,
    port,
    protocol,
    privilege,
    limits,
    startedAt,
    rounds,
    verdict,
    notes,
    target: path.target === undefined ? null : rounded(path.target),
    mtu: mtu ?? null,
    hops: path.hops.map(({ ttl, hosts, refusal, isTarget, ...roundTrips }) => ({
      ttl,
      hosts,
      ...rounded(roundTrips),
      ...(refusal && { refusal }),
      isTarget,
    })),
    flows: path.flows,
  }
}

const columns = 'ttl,hosts,names,sent,received,lossPercent,lastMs,bestMs,meanMs,worstMs,jitterMs,isTarget'

/** A line for each hop below a line of names (RFC 4180). Several hosts stand in one field with spaces. */
export function traceCsv(path: PathEvidence): string {
  const lines = path.hops.map(({ ttl, hosts, isTarget, ...roundTrips }) => {
    const { sent, received, lossPercent, lastMs, bestMs, meanMs, worstMs, jitterMs } = rounded(roundTrips)
    const numbers = [sent, received, lossPercent, lastMs, bestMs, meanMs, worstMs, jitterMs]
    const addresses = hosts.map(({ address }) => address).join(' ')
    const names = hosts.map(({ name }) => name ?? '-').join(' ')
    return [ttl, addresses, names, ...numbers.map((value) => value ?? ''), isTarget].join(',')
  })
  return `${[columns, ...lines].join('\r\n')}\r\n`
}

function rounded({ sent, received, ...rest }: RoundTrips) {
  const round = (value: number | null) => (value === null ? null : Math.round(value * 1000) / 1000)
  return {
    sent,
    received,
    lossPercent: round(rest.lossPercent) ?? 0,
    lastMs: round(rest.lastMs),
    bestMs: round(rest.bestMs),
    meanMs: round(rest.meanMs),
    worstMs: round(rest.worstMs),
    jitterMs: round(rest.jitterMs),
  }
}
