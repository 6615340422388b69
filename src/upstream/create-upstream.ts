/** Puts the transport together. */

import { GroupAsker } from './group-asker.ts'
import type { HttpClient } from './http-client.ts'
import { httpClientFor } from './http-client-for.ts'
import { defaultLimits, type UpstreamLimits } from './limits.ts'
import { netrcLookup } from './netrc.ts'
import type { UpstreamOptions } from './options.ts'
import { placesAsStops } from './places.ts'
import { RecordKeeper } from './record-keeper.ts'
import { Throttles } from './retry-after.ts'
import type { Ranked } from './selection.ts'
import { Sender } from './send.ts'
import { SourceClient } from './source-client.ts'
import { hostOf, type Source, type SourceList, type Stop, sourcesOf, stopsOf } from './source-list.ts'
import { SourceRecords } from './source-record.ts'
import { sourceState } from './source-state.ts'
import type {
  Lag,
  OrderChange,
  SendRequest,
  Sent,
  SourceState,
  Upstream,
  UpstreamRequest,
  Walk,
} from './upstream.ts'
import { SourceWalk } from './walk.ts'
import { offlineAnswer, offlineWalk, placelessWalk, unconfiguredWalk } from './walks-without-asking.ts'

/** What the composition root uses beside the cache's view. */
export interface ConfiguredUpstream extends Upstream {
  /** Replaces all lists; walks under way end by the old ones. */
  setLists(lists: Readonly<Record<string, SourceList>>): void
  setOffline(offline: boolean): void
  /** The groups of equal sources of a list, each best first, with scores and the reasons against. */
  ranking(list: string, shape: 'metadata' | 'blob'): readonly (readonly Ranked[])[]
  /** The last change of order of each group of equals, newest first. */
  orderChanges(): readonly OrderChange[]
  /** The sources that the list makes equal to this one, itself among them. */
  equalsOf(list: string, sourceId: string): readonly Pick<Source, 'id' | 'origin'>[]
  /** Asks one source of the request's list alone; `not-configured` when it is not in the list. */
  walkOne(sourceId: string, request: UpstreamRequest): Walk
  /** How far a source lags, for its place among those asked for what can change. */
  noteLag(sourceId: string, lag: Lag | undefined): void
  /** Takes back what its wrong bytes did to a source's record; false when no list has such a source. */
  forgive(sourceId: string): boolean
  /** Opens up to `count` connections to the first source of a list before they are needed. */
  warmUp(list: string, count: number): void
}

/** @throws RangeError for an `allowPrivate` entry that is neither a range nor a host name */
export function createUpstream(options: UpstreamOptions): ConfiguredUpstream {
  return new ListedUpstream(options)
}

class ListedUpstream implements ConfiguredUpstream {
  readonly #options: UpstreamOptions
  readonly #limits: UpstreamLimits
  readonly #records = new SourceRecords()
  readonly #keeper: RecordKeeper | undefined
  readonly #http: HttpClient
  readonly #throttles: Throttles
  readonly #client: SourceClient
  readonly #asker: GroupAsker
  readonly #sender: Sender
  readonly #now: () => number
  #lists: Readonly<Record<string, SourceList>>
  #offline: boolean

  constructor(options: UpstreamOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#lists = options.lists
    this.#records.keep(idsOf(options.lists))
    this.#offline = options.offline ?? false
    this.#now = options.now ?? Date.now
    if (options.records !== undefined)
      this.#keeper = new RecordKeeper({ records: this.#records, kept: options.records })
    this.#throttles = new Throttles(this.#now)
    this.#http = httpClientFor(options, this.#limits, this.#now)
    this.#client = new SourceClient({
      http: this.#http,
      records: this.#records,
      throttles: this.#throttles,
      now: this.#now,
      headers: options.headers ?? {},
      authorizationFor: netrcLookup(options.netrc),
      onAttempt: options.onAttempt,
    })
    this.#sender = new Sender({
      http: this.#http,
      headMs: this.#limits.firstByteMs,
      ownHeaders: (source, url) => this.#client.ownHeaders(source, url),
    })
    this.#asker = new GroupAsker({
      client: this.#client,
      records: this.#records,
      throttledMs: (source) => this.#throttles.waitMs(hostOf(source)),
      now: this.#now,
      ...this.#limits,
    })
  }

  walk(request: UpstreamRequest): Walk {
    const list = this.#lists[request.sources]
    if (list === undefined) return unconfiguredWalk
    const { places } = request
    if (places === undefined) return this.#walkOf(stopsOf(list), request)
    const stops = placesAsStops(places, list, this.#hostsBeside(list))
    return stops === undefined ? placelessWalk : this.#walkOf(stops, request)
  }

  async send(request: SendRequest): Promise<Sent> {
    const list = this.#lists[request.sources]
    if (list === undefined) return { kind: 'not-configured' }
    return this.#offline ? offlineAnswer : this.#sender.send(sourcesOf(list), request)
  }

  walkOne(sourceId: string, request: UpstreamRequest): Walk {
    const sources = sourcesOf(this.#lists[request.sources] ?? []).filter(({ id }) => id === sourceId)
    if (sources.length === 0) return unconfiguredWalk
    return this.#walkOf([{ kind: 'group', sources, goesOnAtErrors: false }], request)
  }

  /** Hosts of other lists that this one does not share. */
  #hostsBeside(list: SourceList): ReadonlySet<string> {
    const own = new Set(sourcesOf(list).map(hostOf))
    const all = Object.values(this.#lists).flatMap((other) => sourcesOf(other).map(hostOf))
    return new Set(all.filter((host) => !own.has(host)))
  }

  #walkOf(stops: readonly Stop[], request: UpstreamRequest): Walk {
    if (this.#offline) return offlineWalk
    const { sources: list, path } = request
    return new SourceWalk({
      list,
      stops,
      request,
      asker: this.#asker,
      isClean: (source) => this.#records.of(source.id).isClean(source.origin),
      budgetMs: this.#limits.budgetMs,
      onWrong: (source, failure) => {
        const record = this.#records.of(source.id)
        record.failed(failure, this.#now())
        record.health[request.shape].failed(failure, this.#now())
      },
      onLacking: (found, lacks) =>
        this.#options.onLacking?.({ list, path, source: found.id, lacks: lacks.id }),
    })
  }

  record(sourceId: string, outcome: 'proved' | 'wrong'): void {
    const record = this.#records.of(sourceId)
    if (outcome === 'proved') record.proofSucceeded()
    else record.proofFailed(this.#now())
    this.#keeper?.changed(outcome)
  }

  forgive(sourceId: string): boolean {
    const known = Object.values(this.#lists).some((list) => sourcesOf(list).some(({ id }) => id === sourceId))
    if (!known) return false
    this.#records.of(sourceId).forgive()
    this.#keeper?.changed('forgiven')
    return true
  }

  noteLag(sourceId: string, lag: Lag | undefined): void {
    this.#records.of(sourceId).lag = lag
  }

  equalsOf(list: string, sourceId: string): readonly Pick<Source, 'id' | 'origin'>[] {
    for (const stop of stopsOf(this.#lists[list] ?? [])) {
      if (stop.kind === 'group' && stop.sources.some(({ id }) => id === sourceId)) return stop.sources
    }
    return []
  }

  orderChanges(): readonly OrderChange[] {
    for (const [list, steps] of Object.entries(this.#lists)) {
      for (const stop of stopsOf(steps)) if (stop.kind === 'group') this.#asker.look(list, stop.sources)
    }
    return this.#asker.changes
  }

  states(): readonly SourceState[] {
    return Object.keys(this.#lists).flatMap((list) => {
      const rankings = { metadata: this.ranking(list, 'metadata'), blob: this.ranking(list, 'blob') }
      return sourcesOf(this.#lists[list] ?? []).map((source) => {
        const record = this.#records.of(source.id)
        return sourceState({ list, source, record, rankings, nowMs: this.#now() })
      })
    })
  }

  async *probe(list: string, signal: AbortSignal) {
    const request: UpstreamRequest = {
      sources: list,
      path: this.#options.probePaths?.[list] ?? '',
      shape: 'metadata',
      maxBytes: 1 << 20,
    }
    for (const source of sourcesOf(this.#lists[list] ?? [])) {
      const started = performance.now()
      const took = () => performance.now() - started
      if (this.#offline) {
        yield { id: source.id, ok: false, detail: offlineAnswer.failure.message, tookMs: 0 }
        continue
      }
      const reply = await this.#client.ask({ list, source, request, headMs: this.#limits.budgetMs }, signal)
      if (reply.kind === 'found') reply.body.discard()
      const ok = reply.kind === 'found' || reply.kind === 'missing'
      const detail =
        reply.kind === 'failed'
          ? reply.failure.message
          : 'status' in reply
            ? `answers (${reply.status})`
            : 'answers'
      yield { id: source.id, ok, detail, tookMs: took() }
    }
  }

  setLists(lists: Readonly<Record<string, SourceList>>): void {
    this.#lists = lists
    this.#records.keep(idsOf(lists))
  }

  setOffline(offline: boolean): void {
    this.#offline = offline
  }

  ranking(list: string, shape: 'metadata' | 'blob'): readonly (readonly Ranked[])[] {
    return stopsOf(this.#lists[list] ?? []).flatMap((stop) =>
      stop.kind === 'group' ? [this.#asker.rank(stop.sources, shape)] : [],
    )
  }

  warmUp(list: string, count: number): void {
    const [first] = sourcesOf(this.#lists[list] ?? [])
    const url = first && URL.parse(first.url)
    if (url?.protocol.startsWith('http') && !this.#offline) this.#http.warmUp(url, count)
  }

  async close(): Promise<void> {
    this.#http.close()
    await this.#keeper?.close()
  }
}

function idsOf(lists: Readonly<Record<string, SourceList>>): ReadonlySet<string> {
  return new Set(Object.values(lists).flatMap((list) => sourcesOf(list).map(({ id }) => id)))
}
