/** Measures several mirrors in turn, within one bounded run. */

import type { SecureContext } from 'node:tls'
import { blockList } from '../upstream/address.ts'
import { Dialer } from '../upstream/dial.ts'
import { HttpClient } from '../upstream/http-client.ts'
import { defaultLimits } from '../upstream/limits.ts'
import { NameCache } from '../upstream/name-cache.ts'
import { basicAuthorization } from '../upstream/netrc.ts'
import { type Network, systemNetwork } from '../upstream/network.ts'
import { loadTrust } from '../upstream/tls-trust.ts'
import type { Catalogue } from './catalogue.ts'
import type { Candidate, Measurement } from './measurement.ts'
import { type MeasuringLimits, measuringLimits } from './measuring-limits.ts'
import type { MeasuringTools } from './mirror-asker.ts'
import { MirrorSession } from './mirror-session.ts'
import { withDeadline } from './with-deadline.ts'

export interface MeasuringOptions {
  readonly catalogue: Catalogue
  readonly candidates: readonly Candidate[]
  /** Of this program, for the user agent. */
  readonly version: string
  /** Read for the proxy variables and SSL_CERT_FILE. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly sumdbName?: string | undefined
  readonly registryName?: string | undefined
  /** By host. */
  readonly headers?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly caFile?: string | undefined
  readonly resolvers?: readonly string[]
  readonly allowPrivate?: readonly string[]
  readonly limits?: Partial<MeasuringLimits>
  readonly network?: Network
  readonly onProgress?: (progress: MeasuringProgress) => void
}

export interface MeasuringProgress {
  /** For people: `throughput of goproxy.cn, round 2 of 3`. */
  readonly doing: string
  readonly done: number
  readonly total: number
  readonly measurements: readonly Measurement[]
}

/** Connections of a burst. */
const maxConnections = 6

/**
 * Measures all candidates. A retired entry is asked nothing: where it is in use that is its fault, else it is passed
 * over. Samples go round: each mirror once, then each once
 * again, so that a slow minute of the line hits all alike. Rejects only with `signal.reason`.
 */
export async function measureMirrors(options: MeasuringOptions): Promise<readonly Measurement[]> {
  const limits = { ...measuringLimits, ...options.limits }
  const tools = toolsFor(options, limits)
  const sessions = options.candidates
    .filter(({ standing, inUse }) => standing !== 'retired' || inUse !== undefined)
    .map((candidate) => new MirrorSession(candidate, options.catalogue, tools))
  for (const session of sessions) {
    const { entry, standing } = session.candidate
    if (standing !== 'retired') continue
    const instead = entry?.replacedBy === undefined ? '' : `; in its place: ${entry.replacedBy}`
    session.fail({ code: 'retired', message: `${entry?.limits[0] ?? 'it is retired'}${instead}` })
  }
  const results = () => sessions.map((session) => session.result())
  const total = sessions.length * (2 + limits.rounds)
  let done = 0
  const step = async (session: MirrorSession, doing: string, work: () => Promise<void>) => {
    options.onProgress?.({ doing, done, total, measurements: results() })
    if (session.fit) await work()
    done++
  }
  const over = new RunOver(`the run ended after ${limits.runMs / 1000} s`)
  using deadline = withDeadline(options.signal, limits.runMs, () => over)
  const { signal } = deadline
  try {
    await Promise.all(
      sessions.map(async (session) => {
        await step(session, 'connections and first answers', () => session.connect(signal))
        await step(session, 'correctness and freshness', () => session.gate(signal))
      }),
    )
    for (let round = 1; round <= limits.rounds; round++) {
      for (const session of sessions) {
        const doing = `${session.candidate.id}, round ${round} of ${limits.rounds}`
        await step(session, doing, () => session.sample(signal))
      }
    }
  } catch (error) {
    if (error !== over) throw error
    for (const session of sessions) {
      const { rounds } = session.result()
      if (rounds.length < limits.rounds) {
        const message = `only ${rounds.length} of ${limits.rounds} rounds: ${over.message}`
        session.fail({ code: 'unmeasured', message })
      }
    }
  } finally {
    tools.http.close()
  }
  return results()
}

class RunOver extends Error {
  override readonly name = 'RunOver'
  readonly code = 'mirrors.run-over'
}

function toolsFor(options: MeasuringOptions, limits: MeasuringLimits): MeasuringTools {
  const { env, headers = {}, allowPrivate = [] } = options
  const network = options.network ?? systemNetwork(options.resolvers)
  const transport = { ...defaultLimits, maxConnections, connectMs: limits.stepMs, stallMs: limits.smallMs }
  let trusted: Promise<SecureContext> | undefined
  const trust = () => {
    trusted ??= loadTrust({ caFile: options.caFile, sslCertFile: env.SSL_CERT_FILE })
    return trusted
  }
  const names = new NameCache({
    lookup: (host) => network.lookup(host),
    now: Date.now,
    dnsMs: limits.stepMs,
  })
  const isRange = (text: string) => /^[0-9a-f:.]+(\/\d+)?$/i.test(text) && /[.:]/.test(text)
  const http = new HttpClient({
    dialer: new Dialer({ network, names, limits: transport, trust }),
    limits: transport,
    env,
    allowPrivate: blockList(allowPrivate.filter(isRange)),
    allowPrivateHosts: new Set(allowPrivate.filter((text) => !isRange(text))),
    commonHeaders: { 'User-Agent': `posthaste/${options.version} (mirror probe)` },
  })
  const credentials = new Map(
    options.candidates.flatMap(({ addresses }) =>
      addresses.flatMap((address) => {
        const url = URL.parse(address)
        if (url === null || (url.username === '' && url.password === '')) return []
        const user = decodeURIComponent(url.username)
        return [[url.host, basicAuthorization(user, decodeURIComponent(url.password))] as const]
      }),
    ),
  )
  const ownHeaders = (url: URL) => {
    const authorization = credentials.get(url.host)
    return {
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...headers[url.hostname],
      ...headers[url.host],
    }
  }
  const { sumdbName, registryName } = options
  return { http, network, trust, env, ownHeaders, sumdbName, registryName, limits }
}
