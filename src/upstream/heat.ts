/** One question to several equal sources at once or in turn; the first good answer ends it. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Budget } from './budget.ts'
import type { Reply } from './reply.ts'
import type { Source } from './source-list.ts'
import type { Turns } from './turns.ts'
import type { UpstreamFailure, UpstreamRequest } from './upstream.ts'

export interface GroupQuestion {
  readonly list: string
  /** Those that have not had their turn, in the list's order. */
  readonly sources: readonly Source[]
  readonly request: UpstreamRequest
  /** On the clock of `performance.now()`. */
  readonly deadline: number
  /** Nothing is asked after this group fails, so its last source may take all the time that is left. */
  readonly isLast: boolean
  /** All sources of the group are there; none had its turn. */
  readonly isWhole: boolean
  /** No source has failed before, so a single one may take longer than the budget while it shows that it lives. */
  readonly noneFailed: boolean
}

/** A turn that gave nothing. */
export type Vain = Exclude<Reply, { kind: 'found' | 'not-modified' }>
export type Good = Exclude<Reply, Vain>

export interface Entrant {
  readonly source: Source
  /** Asked only when no other is left. */
  readonly leftOut: boolean
  readonly samples: number
  readonly p95Ms: number | undefined
  /** It failed, but its pause is over: worth one try beside a good source. */
  readonly due: boolean
  /** For comparing; less is fresher. The same for all where freshness does not matter. */
  readonly staleness: number
}

interface HeatOptions {
  readonly question: GroupQuestion
  readonly order: readonly Entrant[]
  /** The best is not known yet: the first two start together. */
  readonly cold: boolean
  readonly turns: Turns
  readonly hedges: Budget
  readonly retries: Budget
  readonly slowerThan: (source: Source, elapsedMs: number) => void
  /** It is awaited for too long: until `answered`, others are asked before it. */
  readonly inDoubt: (source: Source, answered: Promise<unknown>) => void
  /** What a source without equals may take until it answers, when it shows that it lives. */
  readonly aloneMs: number
}

interface Runner {
  readonly entrant: Entrant
  readonly startedAt: number
  readonly controller: AbortController
  /** Ties it to the question's own signal; undone when it is left behind or its body is over. */
  readonly untie: () => void
  readonly outcome: Promise<{ readonly runner: Runner; readonly reply: Reply }>
  /** It may go on after another has answered, for its own record. */
  mayFinish: boolean
}

/** A hedge sooner than this would chase noise. */
const leastHedgeMs = 30
/** Until a source has a p95 of its own. */
const defaultHedgeMs = 1000
/** A pause of up to this is kept on behalf of the client, so often. */
const longestPauseMs = 1000
const maxPauses = 2
/** A staler answer is worth a longer wait for the fresher one. */
const leastFreshHedgeMs = 250

export class Heat {
  readonly #options: HeatOptions
  readonly #waiting: Entrant[]
  readonly #running = new Set<Runner>()
  #triedAgain = false
  #pauses = 0

  constructor(options: HeatOptions) {
    this.#options = options
    this.#waiting = [...options.order]
  }

  /** Undefined when all had their turn in vain; `note` hears of each. Rejects only with `signal.reason`. */
  async run(note: (vain: Vain) => void, signal: AbortSignal): Promise<Good | undefined> {
    const hedge = new Hedge()
    try {
      this.#begin(hedge, signal)
      while (this.#running.size > 0) {
        const outcomes = [...this.#running].map(({ outcome }) => outcome)
        const first = await Promise.race(hedge.over ? outcomes : [...outcomes, hedge.due])
        if (first === 'hedge') {
          this.#startHedge(hedge, signal)
          continue
        }
        this.#running.delete(first.runner)
        if (isGood(first.reply)) {
          this.#judgeLosers()
          return tied(first.reply, first.runner)
        }
        first.runner.untie()
        if (this.#startAgain(first.runner.entrant, first.reply, signal)) continue
        note(first.reply)
        this.#startAfter(first.reply, note, signal)
      }
      return undefined
    } finally {
      hedge.cancel()
      this.#leaveBehind()
    }
  }

  #begin(hedge: Hedge, signal: AbortSignal): void {
    const [first, second] = this.#waiting
    if (first === undefined) return
    this.#start(first, signal)
    if (second === undefined) return
    const { cold, question } = this.#options
    const probe = this.#waiting.find(({ due }) => due)
    if (cold && !second.leftOut) this.#start(second, signal)
    else if (!second.leftOut) hedge.after(hedgeMs(first, second))
    if (probe !== undefined && question.request.shape === 'metadata' && this.#waiting.includes(probe)) {
      this.#start(probe, signal)
    }
  }

  #startHedge(hedge: Hedge, signal: AbortSignal): void {
    hedge.cancel()
    const [second] = this.#waiting
    if (second === undefined || second.leftOut) return
    this.#doubtFresher(second)
    // A source that never answered anybody may be dead: leaving it is no luxury that a budget should deny.
    const unknown = this.#options.order[0]?.samples === 0
    if (unknown || this.#options.hedges.spend()) this.#start(second, signal)
  }

  /** Freshness keeps it first whatever it takes, so only its own outcome shows whether it is well. */
  #doubtFresher(second: Entrant): void {
    for (const runner of this.#running) {
      if (runner.entrant.staleness >= second.staleness || runner.mayFinish) continue
      runner.mayFinish = true
      this.#options.inDoubt(runner.entrant.source, runner.outcome)
    }
  }

  /** Most clients never ask twice, so the last hope gets a second try when only its connection or gateway failed. */
  #startAgain(entrant: Entrant, reply: Vain, signal: AbortSignal): boolean {
    const lastHope = this.#waiting.length === 0 && this.#running.size === 0
    const pauseMs = lastHope ? this.#shortPauseOf(reply) : undefined
    if (pauseMs !== undefined) {
      this.#pauses++
      this.#start(entrant, signal, pauseMs)
      return true
    }
    if (!lastHope || this.#triedAgain || reply.kind !== 'failed' || !isPassing(reply.failure)) return false
    if (!this.#options.retries.spend()) return false
    this.#triedAgain = true
    this.#start(entrant, signal)
    return true
  }

  /** A short pause that the last hope asks for is kept here: most clients would take it for the end. */
  #shortPauseOf(reply: Vain): number | undefined {
    if (reply.kind !== 'failed' || reply.failure.code !== 'throttled') return undefined
    const { retryAfterMs = Infinity } = reply.failure
    const left = this.#options.question.deadline - performance.now()
    return this.#pauses < maxPauses && retryAfterMs <= longestPauseMs && retryAfterMs < left / 2
      ? retryAfterMs
      : undefined
  }

  /** After a miss the next may know better; after a failure a source that is not well takes from the budget. */
  #startAfter(reply: Vain, note: (vain: Vain) => void, signal: AbortSignal): void {
    const [next] = this.#waiting
    if (next === undefined) return
    const isRetry = reply.kind === 'failed' && next.leftOut
    if (!isRetry || this.#options.retries.spend()) {
      this.#start(next, signal)
      return
    }
    if (this.#running.size > 0) return
    for (const { source } of this.#waiting.splice(0)) {
      const message = `${source.id} was not asked: too many requests fail and are tried again`
      note({ kind: 'failed', source, failure: { code: reply.failure.code, message } })
    }
  }

  #start(entrant: Entrant, signal: AbortSignal, pauseMs = 0): void {
    const place = this.#waiting.indexOf(entrant)
    if (place !== -1) this.#waiting.splice(place, 1)
    const controller = new AbortController()
    const forward = () => controller.abort(signal.reason)
    signal.addEventListener('abort', forward)
    const { question, turns, order } = this.#options
    const { list, request } = question
    const alone = order.every(({ leftOut }) => leftOut)
    const headMs = this.#headMs() - pauseMs
    const isAlone = order.length === 1 && question.isLast && question.noneFailed
    const ask = {
      list,
      source: entrant.source,
      request,
      headMs,
      aliveMs: isAlone ? Math.max(headMs, this.#options.aloneMs) : headMs,
    }
    const take = () => turns.take(ask, alone, controller.signal)
    const turn = pauseMs > 0 ? pause(pauseMs, controller.signal).then(take) : take()
    const runner: Runner = {
      entrant,
      startedAt: performance.now(),
      controller,
      untie: () => signal.removeEventListener('abort', forward),
      outcome: turn.then((reply) => ({ runner, reply })),
      mayFinish: entrant.due,
    }
    this.#running.add(runner)
  }

  /** Whoever has others behind it gets half of what is left, so that they have a chance within the budget. */
  #headMs(): number {
    const { deadline, isLast } = this.#options.question
    const left = Math.max(1, deadline - performance.now())
    return isLast && this.#waiting.length === 0 ? left : left / 2
  }

  #judgeLosers(): void {
    for (const { entrant, startedAt, mayFinish } of this.#running) {
      if (!mayFinish) this.#options.slowerThan(entrant.source, performance.now() - startedAt)
    }
  }

  /** Cuts the losers off; one that is on trial after a pause may finish, for its own record. */
  #leaveBehind(): void {
    for (const runner of this.#running) {
      runner.untie()
      runner.outcome.then(
        ({ reply }) => {
          if (reply.kind === 'found') reply.body.discard()
        },
        () => undefined,
      )
      if (runner.mayFinish) continue
      runner.controller.abort(new Error('another source was faster'))
    }
  }
}

/** Rejects with `signal.reason`. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
}

/** The moment at which a second source is asked too. */
class Hedge {
  readonly due: Promise<'hedge'>
  over = false
  readonly #fire: () => void
  #timer: NodeJS.Timeout | undefined

  constructor() {
    const { promise, resolve } = Promise.withResolvers<'hedge'>()
    this.due = promise
    this.#fire = () => resolve('hedge')
  }

  after(ms: number): void {
    this.#timer = setTimeout(this.#fire, ms)
  }

  cancel(): void {
    this.over = true
    clearTimeout(this.#timer)
  }
}

function hedgeMs(first: Entrant, second: Entrant): number {
  if (first.staleness >= second.staleness) return Math.max(leastHedgeMs, first.p95Ms ?? defaultHedgeMs)
  return Math.max(leastFreshHedgeMs, first.p95Ms === undefined ? defaultHedgeMs : 2 * first.p95Ms)
}

/** What 502, 503 and 504 tell is that something in front could not reach it just now (RFC 9110 15.6). */
function isPassing({ code, status }: UpstreamFailure): boolean {
  if (code === 'http') return status === 502 || status === 503 || status === 504
  return code === 'reset' || code === 'connect' || code === 'tls'
}

function isGood(reply: Reply): reply is Good {
  return reply.kind === 'found' || reply.kind === 'not-modified'
}

/** The winner's body stays under the question's signal until it is over. */
function tied(reply: Good, { untie }: Runner): Good {
  if (reply.kind !== 'found') {
    untie()
    return reply
  }
  const { body } = reply
  const discard = () => {
    untie()
    body.discard()
  }
  return { ...reply, body: { next: () => body.next(), discard } }
}
