/** Asks a group of equal sources: one after another, as long as the list's rules and the time allow. */

import { FoundBody } from './found-body.ts'
import type { FoundReply, Reply, SourceClient } from './source-client.ts'
import type { Source } from './source-list.ts'
import type { UpstreamRequest } from './upstream.ts'

export interface GroupQuestion {
  readonly list: string
  /** Those that have not had their turn, in the list's order. */
  readonly sources: readonly Source[]
  readonly request: UpstreamRequest
  /** On the clock of `performance.now()`. */
  readonly deadline: number
  /** Nothing is asked after this group fails, so its last source may take all the time that is left. */
  readonly isLast: boolean
}

/** A turn that gave nothing. */
export type Vain = Exclude<Reply, { kind: 'found' | 'not-modified' }>

interface GroupAskerOptions {
  readonly client: SourceClient
  readonly unclaimedMs: number
}

export class GroupAsker {
  readonly #options: GroupAskerOptions

  constructor(options: GroupAskerOptions) {
    this.#options = options
  }

  /**
   * A good reply, or undefined when every source has had its turn in vain; `note` hears of each of those.
   * Rejects only with `signal.reason`.
   */
  async ask(
    question: GroupQuestion,
    note: (bad: Vain) => void,
    signal: AbortSignal,
  ): Promise<Exclude<Reply, Vain> | undefined> {
    const { list, request, sources } = question
    for (const [index, source] of sources.entries()) {
      const alone = question.isLast && index === sources.length - 1
      const reply = await this.#options.client.ask(
        { list, source, request, headMs: this.#share(question, alone) },
        signal,
      )
      if (reply.kind === 'found' || reply.kind === 'not-modified') return reply
      note(reply)
    }
    return undefined
  }

  /** Whoever has others behind it gets half of what is left, so that they have a chance within the budget. */
  #share({ deadline }: GroupQuestion, alone: boolean): number {
    const left = Math.max(1, deadline - performance.now())
    return alone ? left : left / 2
  }

  bodyOf(reply: FoundReply, request: UpstreamRequest): FoundBody {
    return new FoundBody({
      first: reply.body,
      host: reply.source.id,
      maxBytes: request.maxBytes,
      unclaimedMs: this.#options.unclaimedMs,
    })
  }
}
