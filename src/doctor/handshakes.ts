import type { Socket } from 'node:net'
import type { HelloFact } from './evidence.ts'
import { openConnection } from './probes/open-connection.ts'
import { readChain } from './probes/read-chain.ts'
import { sayHello } from './probes/say-hello.ts'
import type { Run } from './run.ts'

/** A name that no filter for package registries knows; reserved by RFC 2606. */
export const controlName = 'www.example.com'

/** What handshakes need of the `host:port` that they are with. */
export interface HandshakeSide {
  readonly name: string
  readonly host: string
  /** What is connected to; undefined before that is known. */
  readonly peer: string | undefined
  /** A fresh connection without TLS; undefined when there is none any more. */
  readonly open: () => Promise<Socket | undefined>
  /** An address of another host, for comparisons; undefined through a proxy. */
  readonly elsewhere: () => Promise<{ readonly address: string; readonly port: number } | undefined>
}

/** TLS with one endpoint: its greeting, what it is compared with when that fails, and the certificates. */
export class Handshakes {
  readonly #run: Run
  readonly #side: HandshakeSide

  constructor(run: Run, side: HandshakeSide) {
    this.#run = run
    this.#side = side
  }

  /** `open`: there is TLS that may be trusted. */
  async examine(): Promise<'open' | 'failed'> {
    if ((await this.#hello('target')) === 'server-hello') return this.#chain()
    await this.#run.pause()
    await Promise.all([
      this.#hello('target'),
      this.#hello('target'),
      this.#hello('control-name'),
      this.#hello('small'),
      this.#helloElsewhere(),
    ])
    return 'failed'
  }

  /** This name to another host's address: the same failure there means that the name is what is filtered. */
  async #helloElsewhere(): Promise<void> {
    const other = await this.#side.elsewhere()
    if (other === undefined) return
    const { limits, signal } = this.#run
    const { address, port } = other
    const opened = await openConnection({ address, port, timeoutMs: limits.connectMs, signal })
    if (opened.outcome !== 'open') return
    const { host } = this.#side
    const said = await sayHello({ socket: opened.socket, name: host, timeoutMs: limits.tlsMs, signal })
    const { tookMs, ...fact } = said
    const common = { probe: 'tls.hello', host, address, purpose: 'control-address', name: host } as const
    this.#run.record(this.#side.name, tookMs, { ...common, ...fact })
  }

  async #hello(purpose: Exclude<HelloFact['purpose'], 'control-address'>): Promise<HelloFact['outcome']> {
    const { limits, signal } = this.#run
    const { host } = this.#side
    const name = purpose === 'target' ? host : controlName
    const socket = await this.#side.open()
    const common = { probe: 'tls.hello', host, address: this.#side.peer ?? host, purpose, name } as const
    if (socket === undefined) {
      this.#run.record(this.#side.name, 0, { ...common, outcome: 'no-connection', receivedBytes: 0 })
      return 'no-connection'
    }
    const { tookMs, ...fact } = await sayHello({
      socket,
      name,
      unacceptable: purpose === 'small',
      timeoutMs: limits.tlsMs,
      signal,
    })
    this.#run.record(this.#side.name, tookMs, { ...common, ...fact })
    return fact.outcome
  }

  async #chain(): Promise<'open' | 'failed'> {
    const { limits, signal, options } = this.#run
    const { host } = this.#side
    const look = async (trust: typeof options.trust) => {
      const socket = await this.#side.open()
      if (socket === undefined) return undefined
      return readChain({
        socket,
        host,
        trust,
        timeoutMs: limits.tlsMs,
        nowMs: options.nowMs(),
        signal,
      })
    }
    const seen = await look(options.trust)
    if (seen === undefined) return 'failed'
    const bundled = seen.outcome === 'trusted' ? await look(options.bundledTrust) : undefined
    const { tookMs, ...fact } = seen
    this.#run.record(this.#side.name, tookMs, {
      probe: 'tls.chain',
      host,
      ...fact,
      ...(bundled === undefined || bundled.outcome === 'failed'
        ? {}
        : { inSystemStore: bundled.outcome === 'untrusted' }),
    })
    return fact.outcome === 'trusted' && fact.hostMatches ? 'open' : 'failed'
  }
}
