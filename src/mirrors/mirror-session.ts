/** Measures one mirror, step by step, so that the steps of several can be interleaved. */

import { asFailure } from '../upstream/failure.ts'
import { proxyFor } from '../upstream/proxy-settings.ts'
import { maskedAddress } from '../upstream/source-list.ts'
import type { Canary, Catalogue } from './catalogue.ts'
import { below, canaryAddress, versionsOf } from './locate-probe.ts'
import type { Candidate, Fault, Measurement, Reach, RoundSample } from './measurement.ts'
import { MediumBody } from './medium-body.ts'
import { expect200, type MeasuringTools, MirrorAsker, smallBytes } from './mirror-asker.ts'
import { quantile } from './predict.ts'
import { AllowanceSpent } from './probe-client.ts'
import { isHtml } from './prove-bytes.ts'
import { reach } from './reach.ts'
import { htmlAnswer, WrongAnswer } from './wrong-answer.ts'

/** A body that is so much longer than the pinned one need not be read to its end to be wrong. */
const slackBytes = 64 * 1024

export class MirrorSession {
  readonly candidate: Candidate
  readonly #catalogue: Catalogue
  readonly #tools: MeasuringTools
  readonly #asker: MirrorAsker
  readonly #rounds: RoundSample[] = []
  readonly #canaries = new Map<string, ReadonlySet<string>>()
  #base: URL | undefined
  #proxied = false
  #reach: Reach | undefined
  #range: Measurement['range'] = 'unknown'
  #sumdb: Measurement['sumdb'] = 'unknown'
  #fileHost: string | undefined
  #errors = 0
  #fault: Fault | undefined
  #lastFailure: Fault | undefined
  #medium: MediumBody | undefined

  constructor(candidate: Candidate, catalogue: Catalogue, tools: MeasuringTools) {
    this.candidate = candidate
    this.#catalogue = catalogue
    this.#tools = tools
    this.#asker = new MirrorAsker(catalogue.ecosystem, tools)
  }

  /** False once it is known that this mirror cannot be used. */
  get fit(): boolean {
    return this.#fault === undefined
  }

  /** Says why there will be no more, unless something else was found before. */
  fail(fault: Fault): void {
    this.#fault ??= fault
  }

  /** Opens a connection to the first address that takes one. Rejects only with `signal.reason`. */
  async connect(signal: AbortSignal): Promise<void> {
    let failure: Fault | undefined
    for (const written of this.candidate.addresses) {
      const base = this.#baseOf(written)
      if (base === undefined) {
        failure ??= { code: 'unaddressed', message: `${written} holds a name that is not known here` }
        continue
      }
      try {
        this.#proxied = proxyFor(base, this.#tools.env) !== undefined
        const { network, trust } = this.#tools
        const { stepMs } = this.#tools.limits
        this.#reach = this.#proxied ? undefined : await reach(base, { network, trust, stepMs, signal })
        this.#base = base
        return
      } catch (error) {
        if (signal.aborted) throw signal.reason
        failure = asFailure(error, base.host)
      }
    }
    this.fail(failure ?? { code: 'unaddressed', message: `${this.candidate.id} has no address` })
  }

  /** Correctness and capabilities: a wrong answer here ends it, however fast it came. */
  async gate(signal: AbortSignal): Promise<void> {
    const base = this.#base
    if (base === undefined) return
    await this.#orFault(signal, async () => {
      const { small } = this.#catalogue.probes
      const url = await this.#asker.locate(base, small, signal)
      const maxBytes = small.sizeBytes + slackBytes
      const answer = await this.#asker.get({ url, maxBytes, limitMs: this.#tools.limits.smallMs }, signal)
      await this.#asker.prove(small, answer)
      await this.#askSumdb(base, signal)
      for (const canary of this.#catalogue.probes.canaries) await this.#askCanary(base, canary, signal)
    })
  }

  /** One round of samples. */
  async sample(signal: AbortSignal): Promise<void> {
    const base = this.#base
    if (base === undefined) return
    const { answeredMs, waitedMs } = await this.#firstBytes(base, signal)
    const smallPerSecond = this.fit ? await this.#burst(base, signal) : undefined
    const bytesPerSecond = this.fit
      ? await this.#throughput(base, quantile(answeredMs, 0.5) ?? 0, signal)
      : undefined
    this.#rounds.push({ firstByteMs: [...answeredMs, ...waitedMs], smallPerSecond, bytesPerSecond })
    const isOver = this.#rounds.length === this.#tools.limits.rounds
    const noneCame = isOver && this.#rounds.every((round) => round.bytesPerSecond === 0)
    if ((answeredMs.length === 0 || noneCame) && this.#lastFailure !== undefined) this.fail(this.#lastFailure)
  }

  result(): Measurement {
    return {
      candidate: this.candidate,
      address: this.#base && maskedAddress(this.#base.href).replace(/\/$/, ''),
      proxied: this.#proxied,
      reached: this.#reach !== undefined || this.#asker.meter.answers > 0,
      reach: this.#reach,
      rounds: [...this.#rounds],
      range: this.#range,
      sumdb: this.#sumdb,
      fileHost: this.#fileHost === this.#base?.host ? undefined : this.#fileHost,
      canaries: new Map(this.#canaries),
      requests: this.#asker.meter.requests,
      errors: this.#errors,
      bytes: this.#asker.meter.bytes,
      fault: this.#fault,
    }
  }

  #baseOf(written: string): URL | undefined {
    const { registryName } = this.#tools
    if (written.includes('{registry}') && registryName === undefined) return undefined
    return URL.parse(written.replaceAll('{registry}', registryName ?? '')) ?? undefined
  }

  async #askSumdb(base: URL, signal: AbortSignal): Promise<void> {
    const name = this.#tools.sumdbName
    if (this.#catalogue.ecosystem !== 'go' || name === undefined) return
    const limitMs = this.#tools.limits.smallMs
    const ask = (path: string) =>
      this.#asker.get({ url: below(base, `sumdb/${name}/${path}`), maxBytes: smallBytes, limitMs }, signal)
    try {
      const supported = await ask('supported')
      const latest = supported.status === 200 ? await ask('latest') : undefined
      const isNote =
        latest?.status === 200 && Buffer.from(latest.bytes).toString().startsWith('go.sum database tree\n')
      this.#sumdb = isNote ? 'relays' : 'absent'
    } catch (error) {
      if (signal.aborted) throw signal.reason
      this.#count(error, base)
      this.#sumdb = 'absent'
    }
  }

  async #askCanary(base: URL, canary: Canary, signal: AbortSignal): Promise<void> {
    try {
      const { bytes } = await this.#asker.document(canaryAddress(base, canary), signal)
      const versions = versionsOf(this.#catalogue.ecosystem, Buffer.from(bytes).toString('utf8'))
      if (versions.size > 0) this.#canaries.set(canary.name, versions)
    } catch (error) {
      if (signal.aborted || error instanceof WrongAnswer) throw error
      // A canary that is not there is a lag, and no request that failed.
      if (asFailure(error, base.host).status === undefined) this.#count(error, base)
    }
  }

  /** Two requests one after the other: round trips with what the mirror needs to answer, and what was waited in vain. */
  async #firstBytes(
    base: URL,
    signal: AbortSignal,
  ): Promise<{ readonly answeredMs: readonly number[]; readonly waitedMs: readonly number[] }> {
    const { metadata } = this.#catalogue.probes
    const answeredMs: number[] = []
    const waitedMs: number[] = []
    for (let turn = 0; turn < 2 && this.fit; turn++) {
      const path = metadata[(this.#rounds.length * 2 + turn) % metadata.length] ?? ''
      const asked = performance.now()
      const errors = this.#errors
      await this.#orCount(signal, base, async () => {
        answeredMs.push((await this.#asker.document(below(base, path), signal)).firstByteMs)
      })
      if (this.#errors > errors && this.#lastFailure?.code === 'timeout')
        waitedMs.push(performance.now() - asked)
    }
    return { answeredMs, waitedMs }
  }

  async #burst(base: URL, signal: AbortSignal): Promise<number | undefined> {
    const { metadata } = this.#catalogue.probes
    const started = performance.now()
    let done = 0
    await Promise.all(
      metadata.map((path) =>
        this.#orCount(signal, base, async () => {
          await this.#asker.document(below(base, path), signal)
          done++
        }),
      ),
    )
    return done === 0 ? undefined : perSecond(done, performance.now() - started)
  }

  /**
   * The whole medium probe until it is proved, then its second half, which also shows whether bodies resume. What its
   * head takes longer than a small document's (`usualMs`) is part of the download: who fetches or inspects a file
   * whole before sending it on sends it fast.
   */
  async #throughput(base: URL, usualMs: number, signal: AbortSignal): Promise<number | undefined> {
    const { medium } = this.#catalogue.probes
    let rate: number | undefined
    const errors = this.#errors
    await this.#orCount(signal, base, async () => {
      this.#medium ??= new MediumBody(await this.#asker.locate(base, medium, signal))
      const { url, headers } = this.#medium
      const maxBytes = medium.sizeBytes + slackBytes
      const limitMs = this.#tools.limits.sampleMs
      const answer = await this.#asker.get({ url, maxBytes, limitMs, partial: true, headers }, signal)
      const range = this.#medium.judgeRange(answer)
      this.#range = range ?? this.#range
      if (range !== 'resumes') {
        expect200(answer, url)
        if (isHtml(answer.bytes, answer.mediaType)) throw htmlAnswer(answer.url)
        if (answer.whole) {
          await this.#asker.prove(medium, answer)
          this.#medium.keep(answer)
        }
      }
      this.#fileHost = answer.url.host
      rate = perSecond(answer.bytes.length, answer.bodyMs + Math.max(0, answer.firstByteMs - usualMs))
    })
    return this.#errors > errors ? 0 : rate
  }

  /** The first failure is the mirror's fault. */
  async #orFault(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (!(error instanceof WrongAnswer)) this.#errors++
      this.fail(this.#faultOf(error))
    }
  }

  /** A wrong answer is the mirror's fault, a failed one counts and may be repeated. */
  async #orCount(signal: AbortSignal, base: URL, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (error instanceof WrongAnswer) this.fail(error.fault)
      else this.#count(error, base)
    }
  }

  #count(error: unknown, base: URL): void {
    if (error instanceof AllowanceSpent) return
    this.#errors++
    this.#lastFailure = asFailure(error, base.host)
  }

  #faultOf(error: unknown): Fault {
    if (error instanceof WrongAnswer) return error.fault
    const failure = asFailure(error, this.#base?.host ?? this.candidate.id)
    return failure.code === 'http' ? { code: 'status', message: failure.message } : failure
  }
}

/** A body can arrive together with its head; the shortest time that counts keeps the rate finite. */
function perSecond(amount: number, ms: number): number {
  return (amount * 1000) / Math.max(ms, 0.05)
}
