import type { SecureContext } from 'node:tls'
import type { Catalogue, EcosystemName } from '../mirrors/catalogue.ts'
import type { Evidence, Fact, Layer, ResetPlaceFact, SettingFact } from './evidence.ts'
import type { DoctorLimits } from './limits.ts'
import type { RouteTo, SpareProxy } from './route.ts'
import type { Target } from './target.ts'

/** Answers like getaddrinfo: rejects with the resolver's code. */
export type Lookup = (host: string) => Promise<readonly string[]>

export type TracePort = (
  target: { readonly host: string; readonly port: number },
  signal: AbortSignal,
) => Promise<{
  readonly outcome: 'fine' | 'problem' | 'unknown'
  readonly summary: string
}>

/** Where the handshake with this name is reset. Gives what it knows when the signal ends it. */
export type LocatePort = (
  target: {
    readonly address: string
    readonly port: number
    readonly serverName: string
    readonly controlName: string
  },
  signal: AbortSignal,
) => Promise<Omit<ResetPlaceFact, 'probe' | 'host'>>

export interface DoctorOptions {
  /** Controls among them. */
  readonly targets: readonly Target[]
  /** By what proxy, if by any, an address is gone to. */
  readonly routeTo: RouteTo
  /** Proxies of clients' own settings that no route of this run takes: each is tried. */
  readonly spares: readonly SpareProxy[]
  /** `address` or `address:port`; those that the system names or the configuration. */
  readonly nameServers: readonly string[]
  /** `search` and `ndots` of the system's resolver. */
  readonly searchDomains: readonly string[]
  readonly ndots: number
  /** The system's own way; undefined when the configuration names resolvers, which then decide. */
  readonly lookup: Lookup | undefined
  /** The system's store with everything that was configured, and the built-in roots alone. */
  readonly trust: SecureContext
  readonly bundledTrust: SecureContext
  /** Hosts, addresses and blocks that may be private. */
  readonly allowPrivate: readonly string[]
  readonly dataFolder: string
  readonly catalogues: Readonly<Partial<Record<EcosystemName, Catalogue>>>
  /** The checksum database's name, for what a Go source should relay. */
  readonly sumdbName: string | undefined
  /** By host: what the configuration says to send. */
  readonly headers: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Collected beside the network probes. */
  readonly settings: () => Promise<readonly SettingFact[]>
  /** Answers 204 on an open network; undefined: captive portals are not looked for. */
  readonly portalProbe: URL | undefined
  readonly tracePath: TracePort | undefined
  readonly locateReset: LocatePort | undefined
  readonly limits: DoctorLimits
  readonly version: string
  readonly nowMs: () => number
  /** From 0 to 1. */
  readonly random: () => number
  readonly onProgress: (progress: Progress) => void
  readonly signal: AbortSignal
}

export interface Progress {
  readonly layer: Layer
  readonly target: string
  readonly state: 'begun' | 'done'
}

/** What the parts of one run share: its options, its limits of time, and the record of what was seen. */
export class Run {
  readonly options: DoctorOptions
  readonly limits: DoctorLimits
  readonly signal: AbortSignal
  readonly evidence: Evidence[] = []
  readonly #began = performance.now()

  constructor(options: DoctorOptions) {
    this.options = options
    this.limits = options.limits
    this.signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.limits.totalMs)])
  }

  /** Keeps a fact, unless the run is over: what its end cut short says nothing of the network. */
  record<F extends Fact>(target: string, tookMs: number, fact: F): F & Pick<Evidence, 'id'> {
    const atMs = Math.max(0, performance.now() - this.#began - tookMs)
    const record = { id: `e${this.evidence.length + 1}`, target, atMs, tookMs, ...fact }
    if (!this.signal.aborted) this.evidence.push(record)
    return record
  }

  get elapsedMs(): number {
    return performance.now() - this.#began
  }

  async step<T>(layer: Layer, target: string, work: () => Promise<T>): Promise<T> {
    this.options.onProgress({ layer, target, state: 'begun' })
    try {
      return await work()
    } finally {
      this.options.onProgress({ layer, target, state: 'done' })
    }
  }

  /** Between a failed probe and its repetition. Ends early with the run. */
  pause(): Promise<void> {
    const [least, most] = this.limits.pauseMs
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, least + this.options.random() * (most - least))
      this.signal.addEventListener('abort', done, { once: true })
      if (this.signal.aborted) done()
    })
  }
}
