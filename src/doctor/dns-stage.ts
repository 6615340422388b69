import { isIP } from 'node:net'
import { errorCode } from '../upstream/failure.ts'
import type { QueryFact } from './evidence.ts'
import {
  askByTcp,
  askByUdp,
  type NameServer,
  parseNameServer,
  type ServerSaid,
} from './probes/ask-name-server.ts'
import type { RecordType } from './probes/dns-message.ts'
import type { Run } from './run.ts'

/** The least time of a question that is worth measuring again. */
const slowMs = 80
const mostServers = 3
const repeats = 6

interface Asked {
  readonly host: string
  readonly server: NameServer
  readonly name: string
  readonly type: RecordType
  readonly purpose: QueryFact['purpose']
}

/** Asks for every host, of the system and of each of its name servers, and remembers the answers. */
export class DnsStage {
  readonly #run: Run
  readonly #servers: readonly NameServer[]
  readonly #known = new Map<string, Promise<readonly string[]>>()
  readonly #measured = new Set<string>()
  #turn: Promise<void> = Promise.resolve()
  #isSystemStuck = false

  constructor(run: Run) {
    this.#run = run
    this.#servers = run.options.nameServers.slice(0, mostServers).map(parseNameServer)
  }

  /** The addresses that a client on this machine would use; none when it would find none. */
  resolve(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return Promise.resolve([host])
    const known = this.#known.get(host) ?? this.#run.step('dns', host, () => this.#examine(host))
    this.#known.set(host, known)
    return known
  }

  /** A name that cannot exist (RFC 6761 6.4): who answers it invents answers. */
  async askForMissing(): Promise<void> {
    const name = `posthaste-${Math.floor(this.#run.options.random() * 1e9).toString(36)}.invalid`
    await Promise.all(
      this.#servers.map((server) => this.#ask({ host: name, server, name, type: 'A', purpose: 'missing' })),
    )
  }

  async #examine(host: string): Promise<readonly string[]> {
    const { lookup, searchDomains, ndots } = this.#run.options
    const isLocal = /(^|\.)localhost\.?$/i.test(host)
    const servers = isLocal ? [] : this.#servers
    const asked = Promise.all(
      servers.map(async (server) => {
        const [four, six] = await Promise.all([
          this.#askAgainWhenSilent({ host, server, name: host, type: 'A', purpose: 'name' }),
          this.#askAgainWhenSilent({ host, server, name: host, type: 'AAAA', purpose: 'name' }),
        ])
        return {
          server,
          addresses: [...four.addresses, ...six.addresses],
          tookMs: Math.max(four.tookMs, six.tookMs),
          answered: four.outcome,
        }
      }),
    )
    const own = lookup === undefined ? undefined : this.#lookup(host, lookup)
    const said = await asked
    for (const { server, tookMs, answered } of said)
      if (answered === 'answer' && tookMs > slowMs) await this.#measure(host, server)
    if (searchDomains.length > 0 && (host.match(/\./g)?.length ?? 0) < ndots) await this.#search(host)
    const fromServers = said.find(({ addresses }) => addresses.length > 0)?.addresses ?? []
    return own === undefined ? fromServers : ((await own) ?? fromServers)
  }

  /**
   * Undefined when the system did not answer in time although a server did. One at a time, and none behind one that
   * hangs: each holds a thread of the few that the runtime also reads files with.
   */
  async #lookup(
    host: string,
    lookup: NonNullable<Run['options']['lookup']>,
  ): Promise<readonly string[] | undefined> {
    const before = this.#turn
    const { promise: own, resolve: done } = Promise.withResolvers<void>()
    this.#turn = own
    await before
    try {
      return this.#isSystemStuck ? undefined : await this.#askSystem(host, lookup)
    } finally {
      done()
    }
  }

  async #askSystem(
    host: string,
    lookup: NonNullable<Run['options']['lookup']>,
  ): Promise<readonly string[] | undefined> {
    const began = performance.now()
    const patienceMs = 2 * this.#run.limits.dnsMs + 500
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), patienceMs)
    })
    const found = await Promise.race([
      late,
      lookup(host).catch((error: unknown) => errorCode(error) || 'failed'),
    ])
    clearTimeout(timer)
    this.#isSystemStuck = found === 'late'
    const tookMs = performance.now() - began
    const common = { probe: 'dns.lookup', host } as const
    if (typeof found === 'string') {
      const code = found === 'late' ? 'ETIMEOUT' : found
      this.#run.record(host, tookMs, { ...common, outcome: 'failed', addresses: [], code })
      return found === 'late' ? undefined : []
    }
    this.#run.record(host, tookMs, { ...common, outcome: 'answer', addresses: found })
    return found
  }

  async #askAgainWhenSilent(asked: Asked): Promise<ServerSaid> {
    const first = await this.#ask(asked)
    return first.outcome === 'silent' && !this.#run.signal.aborted ? this.#ask(asked) : first
  }

  async #ask({ host, server, name, type, purpose }: Asked): Promise<ServerSaid> {
    const { limits, signal } = this.#run
    const secondAnswerMs = purpose === 'name' && type === 'A' ? limits.secondAnswerMs : 0
    const question = { server, name, type, timeoutMs: limits.dnsMs, signal }
    const common = { probe: 'dns.query', host, server: nameOf(server), type, purpose, name } as const
    const said = await askByUdp({ ...question, secondAnswerMs })
    const { outcome, addresses, others } = said
    this.#run.record(host, said.tookMs, { ...common, transport: 'udp', outcome, addresses, others })
    if (outcome !== 'truncated' && others.length === 0) return said
    const proper = await askByTcp(question)
    this.#run.record(host, proper.tookMs, {
      ...common,
      transport: 'tcp',
      outcome: proper.outcome,
      addresses: proper.addresses,
      others: [],
    })
    return proper.outcome === 'answer' || outcome === 'truncated' ? proper : said
  }

  /** Half of the questions the server has heard before, half it must pass on. */
  async #measure(host: string, server: NameServer): Promise<void> {
    if (this.#measured.has(nameOf(server))) return
    this.#measured.add(nameOf(server))
    for (let index = 0; index < repeats && !this.#run.signal.aborted; index += 2) {
      const fresh = `p${Math.floor(this.#run.options.random() * 1e9).toString(36)}.${host}`
      await Promise.all([
        this.#ask({ host, server, name: host, type: 'A', purpose: 'again' }),
        this.#ask({ host, server, name: fresh, type: 'A', purpose: 'again' }),
      ])
    }
  }

  async #search(host: string): Promise<void> {
    const [server] = this.#servers
    if (server === undefined) return
    for (const domain of this.#run.options.searchDomains.slice(0, 3))
      await this.#ask({ host, server, name: `${host}.${domain}`, type: 'A', purpose: 'search' })
  }
}

function nameOf({ address, port }: NameServer): string {
  const host = address.includes(':') ? `[${address}]` : address
  return port === 53 ? host : `${host}:${port}`
}
