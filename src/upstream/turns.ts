/** One source's turn: guarded by its health, so that an outage is found by one request and not by all. */

import type { Ask, Reply } from './reply.ts'
import type { SourceClient } from './source-client.ts'
import type { SourceRecords } from './source-record.ts'
import type { UpstreamFailure } from './upstream.ts'
import { withinTime } from './within-time.ts'

interface TurnsOptions {
  readonly client: SourceClient
  readonly records: SourceRecords
  readonly now: () => number
}

export class Turns {
  readonly #options: TurnsOptions

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /**
   * Asks, unless the source cannot be reached: then one request tries it and the others share what that finds,
   * and between two tries they fail at once.
   * @param alone no other source can be asked instead
   */
  async take(ask: Ask, alone: boolean, signal: AbortSignal): Promise<Reply> {
    const { client, records, now } = this.#options
    const health = records.of(ask.source.id).health[ask.request.shape]
    const { unreachable: cannotBeReached, due: isDue } = health.snapshot(now())
    if (!cannotBeReached) {
      const reply = client.ask(ask, signal)
      if (isDue) health.startProbe(reply, now())
      return reply
    }
    if (health.probe !== undefined) {
      await withinTime(orAborted(health.probe, signal), ask.headMs, () => undefined)
      signal.throwIfAborted()
      return health.snapshot(now()).unreachable
        ? unreachable(ask, health.lastFailure)
        : client.ask(ask, signal)
    }
    if (!(alone ? health.isDueAlone(now()) : isDue)) return unreachable(ask, health.lastFailure)
    const reply = client.ask(ask, signal)
    health.startProbe(reply, now())
    return reply
  }
}

function unreachable({ source }: Ask, last: UpstreamFailure | undefined): Reply {
  const failure = last ?? { code: 'connect', message: `${source.id} cannot be reached` }
  return { kind: 'failed', source, failure }
}

function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
    promise.then(done)
  })
}
