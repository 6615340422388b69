/** Goes through a list of sources by the list's own rules. */

import type { FoundBody } from './found-body.ts'
import type { GroupAsker } from './group-asker.ts'
import type { GroupQuestion, Vain } from './heat.ts'
import { joinFailures } from './join-failures.ts'
import type { FoundReply } from './reply.ts'
import type { Source, Stop } from './source-list.ts'
import type { InVain, UpstreamAnswer, UpstreamFailure, UpstreamRequest, Walk } from './upstream.ts'

/** What is left of a budget is for the answer's own way to whoever waits. */
const budgetShare = 0.97

interface SourceWalkOptions {
  readonly list: string
  readonly stops: readonly Stop[]
  readonly request: UpstreamRequest
  readonly asker: GroupAsker
  readonly isClean: (source: Source) => boolean
  readonly budgetMs: number
  readonly onWrong: (source: Source, failure: UpstreamFailure) => void
  /** `found` has what its equal `lacks` does not. */
  readonly onLacking: (found: Source, lacks: Source) => void
}

export class SourceWalk implements Walk {
  readonly #options: SourceWalkOptions
  #stop = 0
  /** Sources of the present group that have had their turn, with what they did. */
  #outcomes = new Map<Source, Vain>()
  /** The same of all groups. */
  readonly #vains = new Map<Source, Vain>()
  #worst: Vain | undefined
  #given: { readonly source: Source; readonly body: FoundBody } | undefined
  /** After one body was rejected, the next comes from one source alone: then it is plain who lied. */
  #rejected = false
  #over: UpstreamAnswer | undefined

  constructor(options: SourceWalkOptions) {
    this.#options = options
  }

  async next(signal: AbortSignal): Promise<UpstreamAnswer> {
    signal.throwIfAborted()
    if (this.#over !== undefined) return this.#over
    if (this.#given !== undefined) return overAlready
    const deadline = performance.now() + this.#options.budgetMs * budgetShare
    for (;;) {
      const stop = this.#options.stops[this.#stop]
      if (stop === undefined)
        return this.#end(this.#worst === undefined ? { kind: 'off' } : this.#answerOf(this.#worst))
      if (stop.kind !== 'group') {
        if (this.#worst === undefined) return this.#end({ kind: stop.kind })
        // To the go command too `off` after a 404 is "no such thing": it asks for the parents of a package's path.
        if (stop.kind === 'off') return this.#end(this.#answerOf(this.#worst))
        return this.#end({ kind: 'direct', after: this.#answerOf(this.#worst) })
      }
      const left = stop.sources.filter((source) => !this.#outcomes.has(source))
      if (left.length > 0) {
        const { list, request, asker } = this.#options
        const isLast = !stop.goesOnAtErrors
        const isWhole = left.length === stop.sources.length
        const noneFailed = this.#worst === undefined || this.#worst.kind === 'missing'
        const question = { list, sources: left, request, deadline, isLast, isWhole, noneFailed }
        const reply = await asker.ask(question, (vain) => this.#note(vain), signal)
        if (reply?.kind === 'found') return this.#give(reply, question, signal)
        if (reply?.kind === 'not-modified')
          return this.#end({ kind: 'not-modified', source: this.#ref(reply.source) })
      }
      // Go looks at the last source of a `|` chain alone: whatever order they were asked in, its word decides.
      const last = stop.sources.at(-1)
      const lacks = last !== undefined && this.#outcomes.get(last)?.kind === 'missing'
      if (!lacks && !stop.goesOnAtErrors && this.#worst !== undefined)
        return this.#end(this.#answerOf(this.#worst))
      this.#stop++
      this.#outcomes = new Map()
    }
  }

  reject(failure: UpstreamFailure): void {
    const given = this.#given
    if (given === undefined) return
    this.#given = undefined
    this.#rejected = true
    given.body.discard()
    // What broke on the way was counted when it broke; that the bytes were wrong is known only now.
    if (failure.code === 'wrong-content' && !given.body.isPieced) this.#options.onWrong(given.source, failure)
    this.#note({ kind: 'failed', source: given.source, failure })
  }

  #give(reply: FoundReply, question: GroupQuestion, signal: AbortSignal): UpstreamAnswer {
    const othersLeft = question.sources.some(
      (source) => source !== reply.source && !this.#outcomes.has(source),
    )
    const options = { mayMix: !this.#rejected, othersLeft, signal }
    const body = this.#options.asker.bodyOf(reply, question, options)
    this.#given = { source: reply.source, body }
    for (const [source, { kind }] of this.#outcomes)
      if (kind === 'missing') this.#options.onLacking(reply.source, source)
    return {
      kind: 'found',
      source: this.#ref(reply.source),
      sizeBytes: reply.sizeBytes,
      etag: reply.etag,
      lastModified: reply.lastModified,
      mediaType: reply.mediaType,
      body,
    }
  }

  /** A failure outranks a denial, and both outrank "no such thing": an outage must not look like a miss. */
  #note(vain: Vain): void {
    this.#outcomes.set(vain.source, vain)
    this.#vains.set(vain.source, vain)
    if (this.#worst === undefined || rank(vain) >= rank(this.#worst)) this.#worst = vain
  }

  #end(answer: UpstreamAnswer): UpstreamAnswer {
    this.#over = answer
    return answer
  }

  #answerOf(vain: Vain): UpstreamAnswer & InVain {
    if (vain.kind === 'failed') {
      const all = this.#allVain()
      const lacking = all.flatMap((one) =>
        one.kind === 'missing' ? [{ id: one.source.id, text: one.text }] : [],
      )
      const failure = joinFailures(vain.failure, all)
      return { kind: 'failed', failure, ...(lacking.length === 0 ? {} : { lacking }) }
    }
    return { ...vain, source: this.#ref(vain.source) }
  }

  /** Of all groups so far, in the list's order. */
  #allVain(): Vain[] {
    const sources = this.#options.stops.flatMap((stop) => (stop.kind === 'group' ? stop.sources : []))
    return sources.flatMap((source) => this.#vains.get(source) ?? [])
  }

  #ref(source: Source) {
    return { id: source.id, clean: this.#options.isClean(source) }
  }
}

const overAlready: UpstreamAnswer = {
  kind: 'failed',
  failure: { code: 'aborted', message: 'this walk is over: its answer was taken' },
}

function rank(vain: Vain): number {
  return vain.kind === 'missing' ? 0 : vain.kind === 'denied' ? 1 : 2
}
