/** Asks a group of equal sources: the best one, a second when that pays, and all before it gives up. */

import { Budget } from './budget.ts'
import { FoundBody } from './found-body.ts'
import { type Good, type GroupQuestion, Heat, type Vain } from './heat.ts'
import type { ByteSource } from './http-response.ts'
import { OrderChanges } from './order-changes.ts'
import type { FoundReply } from './reply.ts'
import { type Candidate, type Preference, type Ranked, selectSources, stalenessOf } from './selection.ts'
import type { SourceClient } from './source-client.ts'
import { hostOf, type Source } from './source-list.ts'
import type { SourceRecords } from './source-record.ts'
import { Turns } from './turns.ts'
import type { OrderChange, UpstreamFailure, UpstreamRequest } from './upstream.ts'

interface GroupAskerOptions {
  readonly client: SourceClient
  readonly records: SourceRecords
  readonly throttledMs: (source: Source) => number
  readonly now: () => number
  readonly unclaimedMs: number
  readonly budgetMs: number
  readonly stallBytes: number
  readonly firstByteMs: number
}

/** At most this share of the requests is sent twice to cut the slow tail. */
const hedgeShare = 0.05
/** Tries of sources that are not well, and continued bodies, per request. */
const retryShare = 0.2
/** One body is continued this often at most. */
const maxResumes = 5
/** Groups whose first place is remembered; metadata can name any number of them. */
const maxPreferred = 1000

export class GroupAsker {
  readonly #options: GroupAskerOptions
  readonly #turns: Turns
  readonly #hedges = new Budget(hedgeShare, 5)
  readonly #retries = new Budget(retryShare, 20)
  /** Groups whose best two are racing at this moment, by their ids and the class. */
  readonly #racing = new Set<string>()
  readonly #preferred = new Map<string, string>()
  readonly #changes: OrderChanges

  constructor(options: GroupAskerOptions) {
    this.#options = options
    this.#turns = new Turns(options)
    this.#changes = new OrderChanges(options.now)
  }

  /** When another source became the first to be asked, and why; newest first. */
  get changes(): readonly OrderChange[] {
    return this.#changes.list()
  }

  /** Looks whether the order of a group is still what it was when it was asked last. */
  look(list: string, sources: readonly Source[]): void {
    for (const order of ['metadata', 'blob', 'mutable'] as const) {
      if (!this.#changes.knows({ list, order, first: sources[0]?.id })) continue
      const shape = order === 'blob' ? 'blob' : 'metadata'
      const freshness = order === 'mutable' ? 'mutable' : 'fixed'
      const preferred = this.#preferred.get(groupKey(order, sources))
      const candidates = this.#candidates(sources, shape)
      const ranking = selectSources(candidates, shape, { preferred, freshness })
      this.#changes.seen({ list, order, candidates, ranking })
    }
  }

  /** Every source with its score, best first, and why it is left out when it is. */
  rank(
    sources: readonly Source[],
    shape: 'metadata' | 'blob',
    preference: Preference = {},
  ): readonly Ranked[] {
    return selectSources(this.#candidates(sources, shape), shape, preference)
  }

  #candidates(sources: readonly Source[], shape: 'metadata' | 'blob'): readonly Candidate[] {
    const { records, now, throttledMs } = this.#options
    return distinct(sources).map((source) => {
      const record = records.of(source.id)
      return {
        id: source.id,
        health: record.health[shape].snapshot(now()),
        marked: record.isMarked(now()),
        throttledMs: throttledMs(source),
        domain: record.domain ?? hostOf(source),
        origin: source.origin,
        lag: record.lag,
      }
    })
  }

  /**
   * A good reply, or undefined when every source has had its turn in vain; `note` hears of each of those.
   * Rejects only with `signal.reason`.
   */
  async ask(
    question: GroupQuestion,
    note: (vain: Vain) => void,
    signal: AbortSignal,
  ): Promise<Good | undefined> {
    this.#hedges.earn()
    this.#retries.earn()
    const { sources, request } = question
    const group = groupKey(orderOf(request), sources)
    const candidates = this.#candidates(sources, request.shape)
    const { freshness } = request
    const preferred = this.#preferred.get(group)
    const ranking = selectSources(candidates, request.shape, { preferred, freshness })
    // Addresses out of metadata are no group that anybody made.
    if (question.isWhole && request.places === undefined)
      this.#changes.seen({ list: question.list, order: orderOf(request), candidates, ranking })
    const order = this.#ordered(ranking, sources, request)
    const validated = order.findIndex(
      ({ source, leftOut, staleness }) =>
        // A validator is good for its own source only; elsewhere it would cost a whole body. But a source that
        // lags would call its old answer current for ever.
        source.id === request.validators?.source && !leftOut && staleness === order[0]?.staleness,
    )
    if (validated > 0) order.unshift(...order.splice(validated, 1))
    const unknown = order.length > 1 && order[0]?.samples === 0
    const isSame = order[0]?.source.id === order[1]?.source.id
    const races = order[0]?.staleness === order[1]?.staleness && !isSame
    const cold = unknown && races && validated === -1 && !this.#racing.has(group)
    const slowerThan = (source: Source, elapsedMs: number) =>
      this.#options.records.of(source.id).health[request.shape].slowerThan(elapsedMs)
    const heat = new Heat({
      question,
      order,
      cold,
      turns: this.#turns,
      hedges: this.#hedges,
      retries: this.#retries,
      slowerThan,
      inDoubt: (source, answered) =>
        this.#options.records.of(source.id).health[request.shape].startProbe(answered, this.#options.now()),
      aloneMs: this.#options.firstByteMs,
    })
    if (cold) this.#racing.add(group)
    try {
      const reply = await heat.run(note, signal)
      if (reply !== undefined && ranking.length > 1) {
        if (this.#preferred.size >= maxPreferred) this.#preferred.clear()
        this.#preferred.set(group, reply.source.id)
      }
      return reply
    } finally {
      if (cold) this.#racing.delete(group)
    }
  }

  /**
   * The body, continued when it breaks.
   * @param mayMix another source may supply the rest; false once a mixed body turned out wrong
   * @param othersLeft an equal source has not had its turn
   */
  bodyOf(
    reply: FoundReply,
    question: GroupQuestion,
    options: { mayMix: boolean; othersLeft: boolean; signal: AbortSignal },
  ): FoundBody {
    let resumes = 0
    let delivering = reply.source
    let reached = Number.NEGATIVE_INFINITY
    const tried = new Set<Source>()
    return new FoundBody({
      first: reply.body,
      host: reply.source.id,
      sizeBytes: reply.sizeBytes,
      unclaimedMs: this.#options.unclaimedMs,
      resume: async (atByte, failure) => {
        if (!continuable(failure) || options.signal.aborted) return undefined
        if (atByte > 0 && reply.sizeBytes === undefined) return undefined
        // Alone it would only stall once more; its equals have not had their turn.
        if (failure.code === 'stall' && !options.mayMix && options.othersLeft) return undefined
        // Whoever brought the body no further is not asked again at the same place; a drip is no progress.
        if (atByte >= reached + this.#options.stallBytes) {
          tried.clear()
          reached = atByte
        }
        const others = options.mayMix ? this.#successors(reply.source, delivering, question) : []
        for (const source of [...others, reply.source].filter((candidate) => !tried.has(candidate))) {
          if (++resumes > maxResumes || !this.#retries.spend()) return undefined
          tried.add(source)
          const rest = await this.#continue(source, reply, question, atByte, options.signal)
          if (rest === undefined) continue
          delivering = source
          return rest
        }
        return undefined
      },
    })
  }

  /** Bytes that go out unproved must all come from sources with a clean record (engine rule 3). */
  #successors(first: Source, broken: Source, question: GroupQuestion): readonly Source[] {
    const { records } = this.#options
    const clean = records.of(first.id).isClean(first.origin)
    const equals = question.sources.filter(
      (source) =>
        source !== first && source !== broken && (!clean || records.of(source.id).isClean(source.origin)),
    )
    return this.rank(equals, question.request.shape)
      .filter(({ leftOut }) => leftOut === undefined)
      .flatMap(({ id }) => equals.filter((source) => source.id === id))
  }

  async #continue(
    source: Source,
    reply: FoundReply,
    { list, request }: GroupQuestion,
    atByte: number,
    signal: AbortSignal,
  ): Promise<ByteSource | undefined> {
    const etag = source === reply.source && reply.etag?.startsWith('"') === true ? reply.etag : undefined
    const from = { atByte, sizeBytes: reply.sizeBytes, etag }
    const { validators: _, ...unconditional } = request
    const ask = { list, source, request: unconditional, headMs: this.#options.budgetMs / 2, from }
    const rest = await this.#options.client.ask(ask, signal)
    return rest.kind === 'found' ? rest.body : undefined
  }

  /** A source whose pause is over is tried: beside the best one for metadata, in front of it for a blob. */
  #ordered(ranking: readonly Ranked[], sources: readonly Source[], { shape, freshness }: UpstreamRequest) {
    const { records, now } = this.#options
    const order = ranking.flatMap(({ id, leftOut }) => {
      const { health, lag } = records.of(id)
      const { samples, p95Ms, due, unreachable } = health[shape].snapshot(now())
      const entrant = { leftOut: leftOut !== undefined, samples, p95Ms, due, unreachable }
      return sources
        .filter((source) => source.id === id)
        .map((source) => {
          const staleness = freshness === 'mutable' ? stalenessOf({ origin: source.origin, lag }) : 0
          return { source, staleness, ...entrant }
        })
    })
    const onTrial = shape === 'blob' ? order.find(({ due, unreachable }) => due && !unreachable) : undefined
    return onTrial === undefined ? order : [onTrial, ...order.filter((entrant) => entrant !== onTrial)]
  }
}

/** The same source may stand in a list twice, to be asked once more: it is ranked once. */
function distinct(sources: readonly Source[]): readonly Source[] {
  return sources.filter(({ id }, place) => sources.findIndex((other) => other.id === id) === place)
}

function groupKey(order: OrderChange['order'], sources: readonly Source[]): string {
  return `${order} ${sources.map(({ id }) => id).join(' ')}`
}

function orderOf({ shape, freshness }: UpstreamRequest): OrderChange['order'] {
  return freshness === 'mutable' ? 'mutable' : shape
}

/** The stream broke; a body that lied about itself is not mended by more of it. */
function continuable({ code }: UpstreamFailure): boolean {
  return code === 'stall' || code === 'reset' || code === 'truncated' || code === 'timeout'
}
