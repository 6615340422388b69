/** Finds out which of several equal sources lag: from real traffic, and from a rare question to each of them. */

import type { Resource } from '../ecosystems/ecosystem.ts'
import { type Lack, LagLedger } from '../mirrors/lag-ledger.ts'
import type { ConfiguredUpstream } from '../upstream/create-upstream.ts'
import { type UpstreamAnswer, UpstreamError } from '../upstream/upstream.ts'

export interface MirrorWatchOptions {
  readonly upstream: Pick<ConfiguredUpstream, 'walkOne' | 'equalsOf' | 'noteLag'>
  /** Between two rounds of questions, in milliseconds; 0 asks nothing. Read anew before each round. */
  readonly intervalMs: () => number
  /** False while nothing may be sent, as when offline. */
  readonly enabled: () => boolean
  /** Whether this may be asked of public sources by the settings in force. */
  readonly allowed: (resource: Resource) => boolean
  /** Hears of what nobody expected; the round goes on. */
  readonly failed: (error: unknown) => void
  readonly now?: () => number
  /** 0 to 1. */
  readonly random?: () => number
}

/** What the next round asks for: something that a client asked for lately. */
interface Canary {
  readonly resource: Resource
  /** Whose answer was used; its equals are those that the list's rules would have asked as well. */
  readonly source: string
}

/** A round must not take long, nor much. */
const roundMs = 30_000
const maxCanaryBytes = 256 * 1024
/** Many servers that were started together do not ask together. */
const jitter = 0.2
const retryWhenOffMs = 60_000

export class MirrorWatch {
  readonly #options: MirrorWatchOptions
  readonly #now: () => number
  readonly #ledger: LagLedger
  /** By list. */
  readonly #canaries = new Map<string, Canary>()
  readonly #closing = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()

  constructor(options: MirrorWatchOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    const isOrigin = (list: string, id: string) =>
      options.upstream.equalsOf(list, id).some((source) => source.id === id && source.origin)
    this.#ledger = new LagLedger(isOrigin)
  }

  /** A source's answer that names versions was kept. */
  arrived(resource: Resource, source: string, body: Uint8Array): void {
    if (
      resource.versions === undefined ||
      this.#options.upstream.equalsOf(resource.sources, source).length < 2
    )
      return
    const versions = [...resource.versions(body)]
    if (versions.length > 0 && body.byteLength <= maxCanaryBytes)
      this.#canaries.set(resource.sources, { resource, source })
    this.#saw(resource, source, versions)
    this.#publish(resource.sources, source)
  }

  /** Two equal sources were asked for one thing, and one of them did not have it. */
  lacking({
    list,
    lacks,
    path,
  }: {
    readonly list: string
    readonly lacks: string
    readonly path: string
  }): void {
    const lack: Lack = { list, source: lacks, path, atMs: this.#now() }
    this.#ledger.lacked(lack)
    this.#publish(list, lacks)
  }

  /** From now on each round is followed by the next, until `close`. */
  start(): void {
    const intervalMs = this.#options.intervalMs()
    const { random = Math.random } = this.#options
    const delayMs = intervalMs > 0 ? intervalMs * (1 - jitter + 2 * jitter * random()) : retryWhenOffMs
    this.#timer = setTimeout(() => {
      this.#round = (intervalMs > 0 ? this.ask() : Promise.resolve()).then(() => {
        if (!this.#closing.signal.aborted) this.start()
      })
    }, delayMs)
    this.#timer.unref()
  }

  /**
   * One round: of each list what was served last is asked of each source that is equal to the one it came from. Where
   * there is only one, nothing is asked. Never rejects.
   */
  async ask(): Promise<void> {
    const { upstream, enabled, allowed } = this.#options
    for (const [list, { resource, source }] of this.#canaries) {
      if (!enabled() || !allowed(resource)) continue
      const equals = upstream.equalsOf(list, source)
      if (equals.length < 2) continue
      await Promise.all(equals.map(({ id }) => this.#askOne(id, resource)))
      this.#publish(list, source)
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#closing.abort(new Error('the server is stopping'))
    await this.#round
  }

  async #askOne(id: string, resource: Resource): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(roundMs)])
    const { sources, path, shape } = resource
    const question = {
      sources,
      path,
      shape,
      maxBytes: maxCanaryBytes,
      freshness: 'mutable',
      ahead: true,
    } as const
    const walk = this.#options.upstream.walkOne(id, question)
    try {
      const answer = await walk.next(signal)
      if (answer.kind === 'missing') this.#saw(resource, id, [])
      if (answer.kind !== 'found') return
      const bytes = await whole(answer)
      const verdict = await resource.prove?.(signal).check({ kind: 'bytes', bytes }, signal)
      if (verdict?.verdict === 'wrong') walk.reject({ code: 'wrong-content', message: verdict.reason })
      else this.#saw(resource, id, [...(resource.versions?.(bytes) ?? [])])
    } catch (error) {
      // What a source does wrong stands in its record already, and says nothing of how fresh it is.
      if (!signal.aborted && !(error instanceof UpstreamError)) this.#options.failed(error)
    }
  }

  #saw(resource: Resource, source: string, versions: readonly string[]): void {
    this.#ledger.saw({ list: resource.sources, source, name: resource.name, versions, atMs: this.#now() })
  }

  /** One more word on a package can change the standing of all who were compared with it. */
  #publish(list: string, source: string): void {
    const { upstream } = this.#options
    for (const { id } of upstream.equalsOf(list, source)) {
      upstream.noteLag(id, this.#ledger.lagOf(list, id, this.#now()))
    }
  }
}

async function whole(answer: Extract<UpstreamAnswer, { kind: 'found' }>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
