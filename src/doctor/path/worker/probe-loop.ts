import type { Answer, Channel, Probe } from '../channels/channel.ts'

/** Time and rest, as the worker has them; a test brings its own. */
export interface Clock {
  /** Milliseconds that never go back. */
  readonly nowMs: () => number
  /** Lets the process do its other work: reading orders, writing what was found. */
  readonly yieldNow: () => Promise<void>
}

/** An answer with the time that it took. */
export interface Reply extends Answer {
  readonly probe: Probe
  readonly rttMs: number
}

/** The system's name of the error. */
export interface Refused {
  readonly refused: string
}

interface Waiting {
  readonly probe: Probe
  readonly sentRealMs: number
  readonly sentMs: number
}

/** Sends probes, measures their round trips, and gives up on those that stay without an answer. */
export class ProbeLoop {
  readonly #channel: Channel
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #waiting = new Map<number, Waiting>()
  /** Sent before answers could be told apart: what seems silence may have been an answer. */
  readonly #untold = new Set<number>()
  #next = 0

  constructor(channel: Channel, clock: Clock, timeoutMs: number) {
    this.#channel = channel
    this.#clock = clock
    this.#timeoutMs = Math.min(timeoutMs, channel.longestWaitMs ?? timeoutMs)
  }

  get waiting(): Iterable<Probe> {
    return [...this.#waiting.values()].map(({ probe }) => probe)
  }

  get idle(): boolean {
    return this.#waiting.size === 0
  }

  /** The probe as sent, or the system's name of the error. */
  send(
    wanted: Omit<Probe, 'sequence'>,
  ): { readonly ok: true; readonly probe: Probe } | { readonly ok: false; readonly error: string } {
    const probe = { ...wanted, sequence: this.#next }
    this.#next = (this.#next + 1) % 0x10000
    const sentMs = this.#clock.nowMs()
    const sent = this.#channel.send(probe)
    if (!sent.ok) {
      this.#channel.forget(probe.sequence)
      return sent
    }
    this.#waiting.set(probe.sequence, { probe, sentRealMs: sent.atMs, sentMs })
    return { ok: true, probe }
  }

  /**
   * Waits at most `waitMs`; gives what came, and the probes that nobody answered in time. Probes that were on their way
   * when the channel stopped to keep flows are answered, or nothing is said of them.
   */
  async receive(
    waitMs: number,
  ): Promise<{ readonly replies: readonly Reply[]; readonly lost: readonly Probe[] }> {
    await this.#clock.yieldNow()
    const replies: Reply[] = []
    const keptFlow = this.#channel.keepsFlow
    const answers = this.#channel.receive(Math.max(0, Math.ceil(waitMs)))
    if (keptFlow && !this.#channel.keepsFlow) {
      for (const sequence of this.#waiting.keys()) this.#untold.add(sequence)
    }
    for (const answer of answers) {
      const sent = this.#waiting.get(answer.sequence)
      if (sent === undefined) continue
      this.#forget(answer.sequence)
      const elapsedMs = this.#clock.nowMs() - sent.sentMs
      const byKernelMs = answer.atMs - sent.sentRealMs
      // The wall clock may have been set in between.
      const rttMs = byKernelMs >= 0 && byKernelMs <= elapsedMs + 1 ? byKernelMs : elapsedMs
      replies.push({ ...answer, probe: sent.probe, rttMs })
    }
    const lost: Probe[] = []
    const deadlineMs = this.#clock.nowMs() - this.#timeoutMs
    for (const { probe, sentMs } of [...this.#waiting.values()]) {
      if (sentMs > deadlineMs) continue
      if (!this.#untold.has(probe.sequence)) lost.push(probe)
      this.#forget(probe.sequence)
    }
    return { replies, lost }
  }

  /** One probe and its answer; undefined when none comes within `waitMs`. A refused send gives its error's name. */
  async exchange(wanted: Omit<Probe, 'sequence'>, waitMs: number): Promise<Reply | Refused | undefined> {
    const sent = this.send(wanted)
    if (!sent.ok) return { refused: sent.error }
    const untilMs = this.#clock.nowMs() + waitMs
    for (;;) {
      const leftMs = untilMs - this.#clock.nowMs()
      if (leftMs <= 0) break
      const { replies } = await this.receive(Math.min(leftMs, 50))
      const reply = replies.find(({ sequence }) => sequence === sent.probe.sequence)
      if (reply !== undefined) return reply
    }
    this.#forget(sent.probe.sequence)
    return undefined
  }

  #forget(sequence: number): void {
    this.#waiting.delete(sequence)
    this.#untold.delete(sequence)
    this.#channel.forget(sequence)
  }
}
