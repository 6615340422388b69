import { isIP } from 'node:net'
import { systemLookup } from '../system-lookup.ts'
import type { Protocol } from './channels/channel.ts'
import type { Limit } from './channels/open-channel.ts'
import { connectTimes } from './connect-times.ts'
import { judgePath } from './judge-path.ts'
import type { PathEvidence } from './path-evidence.ts'
import { PathRecord } from './path-record.ts'
import { nameResolver, type ReverseLookup } from './resolve-names.ts'
import { runWorker } from './run-worker.ts'
import { type Lookup, targetAddress } from './target-address.ts'
import { type TraceOptions, traceDefaults } from './trace-options.ts'
import type { Job, Message } from './worker/messages.ts'

export interface TraceTarget {
  /** A name or a numeric address. */
  readonly host: string
  /** Of the service; by default 443 for TCP, 33434 for UDP. */
  readonly port?: number
}

/** What a test replaces. */
export interface TraceSeams {
  readonly now?: () => Date
  readonly lookup?: Lookup
  readonly reverse?: ReverseLookup
  readonly run?: (job: Job, signal: AbortSignal) => AsyncIterable<Message>
}

const progressEveryMs = 200
const namesWaitMs = 1_500

/**
 * Traces the path to a target in a process of its own. An abort ends it early with what is known by then. Throws
 * UnknownTarget (also when the abort comes before the name's answer), and TracerFault when the process breaks; every network's fault is a verdict.
 */
export async function tracePath(
  target: TraceTarget,
  given: TraceOptions = {},
  signal: AbortSignal = new AbortController().signal,
  seams: TraceSeams = {},
): Promise<PathEvidence> {
  const options = { ...traceDefaults, ...given }
  const address = await targetAddress(target.host, options.family, seams.lookup ?? systemLookup, signal)
  const family = isIP(address) === 6 ? 6 : 4
  let port = target.port ?? (options.protocol === 'tcp' ? 443 : 33_434)
  const names = nameResolver(options.names ? seams.reverse : async () => [])
  const startedAt = (seams.now?.() ?? new Date()).toISOString()
  let protocol: Protocol = options.protocol
  let privilege: PathEvidence['privilege'] = 'none'
  let limits: readonly Limit[] = []
  let limitDetail: string | undefined
  let record = new PathRecord(protocol, address)
  const evidence = (): PathEvidence => {
    const facts = record.facts(names.names)
    return {
      host: target.host,
      family,
      port,
      privilege,
      limits,
      limitDetail,
      rounds: record.rounds,
      startedAt,
      ...facts,
      verdicts: judgePath(facts),
    }
  }
  let toldMs = Number.NEGATIVE_INFINITY
  const take = (message: Message) => {
    record.add(message)
    if (message.kind === 'limit') limits = [...limits, message.limit]
    if (message.kind === 'round') names.want(record.addresses)
    const nowMs = performance.now()
    if (options.onProgress === undefined || nowMs - toldMs < progressEveryMs) return
    toldMs = nowMs
    options.onProgress(evidence())
  }

  const { rounds, intervalMs, maxHops, timeoutMs, flows, findMtu } = options
  const job = { protocol, address, port, rounds, intervalMs, maxHops, timeoutMs, flows, findMtu }
  try {
    for await (const message of (seams.run ?? runWorker)({ kind: 'trace', ...job }, signal)) {
      if (message.kind === 'ready') {
        ;({ protocol, privilege, limits } = message)
        record = new PathRecord(protocol, address)
      } else if (message.kind === 'failed' && message.reason === 'no-packet-sockets') {
        limits = ['no-packet-sockets']
        limitDetail = message.detail
        protocol = 'tcp'
        port = target.port ?? 443
        record = new PathRecord(protocol, address)
        for await (const timed of connectTimes({ ...job, port }, signal)) take(timed)
      } else if (message.kind === 'failed') {
        record.add({ kind: 'refused', ttl: 0, error: message.detail.split(': ').at(-1) ?? message.detail })
      } else take(message)
    }
    names.want(record.addresses)
    if (!signal.aborted) await names.settle(namesWaitMs)
  } finally {
    names.stop()
  }
  return evidence()
}
