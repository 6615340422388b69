import { Worker } from 'node:worker_threads'
import { asError } from '../as-error.ts'
import type { CandidateBody, Verdict } from '../ecosystems/ecosystem.ts'
import type { BodyCheck, RenderAnswer, RenderQuestion, RenderSettings } from './render-protocol.ts'

export interface RendererOptions {
  /** A module that calls `runRenderProgram`. */
  readonly program: URL
  /** By name, those of the program's checks that are done on this thread where the body is small. @default none */
  readonly checks?: Readonly<Record<string, BodyCheck>>
  /** Jobs that may wait in each lane. @default 2,000 */
  readonly queueLimit?: number
  /** A thread that is silent for so long at one job counts as lost. @default 60 s */
  readonly silenceMs?: number
  /** A lane that had nothing to do for so long gives its thread and its memory back. @default 10 s */
  readonly idleMs?: number
}

/** A job that could not be done. `refused`: its body is to blame; otherwise this machine is. */
export class RenderError extends Error {
  override readonly name = 'RenderError'
  readonly refused: boolean
  constructor(message: string, refused: boolean) {
    super(message)
    this.refused = refused
  }
}

export interface TransformJob {
  readonly name: string
  readonly params: Readonly<Record<string, string>>
  readonly body: CandidateBody
  readonly beside: CandidateBody | undefined
  readonly encoding: 'gzip' | undefined
  /** Takes the pieces in order; the next comes when it has resolved. What it throws ends the job. */
  readonly take: (piece: Uint8Array) => Promise<void> | void
}

export interface CheckJob {
  readonly name: string
  readonly params: Readonly<Record<string, string>>
  readonly body: CandidateBody
}

/** Rewrites and judges bodies away from the thread that serves. */
export interface Renderer {
  /** @throws RenderError, or what `take` throws */
  transform(job: TransformJob): Promise<void>
  /** Never rejects: what cannot be judged is `unproved`. */
  check(job: CheckJob): Promise<Verdict>
  close(): Promise<void>
}

/**
 * Up to this size a body may be worked on by the thread that serves: JSON of this size takes it half a millisecond, HTML
 * one. Hits wait no longer behind a miss.
 */
export const LIGHT_BYTES = 16 * 1024
/** Bodies above it have a thread of their own, so that small ones never wait for one of 40 MB. */
const LARGE_BYTES = 2 * 1024 * 1024

interface Waiting {
  readonly question: Exclude<RenderQuestion, { kind: 'taken' }>
  readonly take: TransformJob['take'] | undefined
  readonly settle: (end: { readonly verdict?: Verdict } | Error) => void
}

export function createRenderer(options: RendererOptions): Renderer {
  const lanes = { small: new Lane(options, false), large: new Lane(options, true) }
  let lastId = 0

  const run = (question: Waiting['question'], take?: TransformJob['take']) => {
    const { promise, resolve, reject } = Promise.withResolvers<Verdict | undefined>()
    const settle: Waiting['settle'] = (end) => (end instanceof Error ? reject(end) : resolve(end.verdict))
    const bytes = sizeOf(question.body) + ('beside' in question ? sizeOf(question.beside) : 0)
    lanes[bytes > LARGE_BYTES ? 'large' : 'small'].add({ question, take, settle })
    return promise
  }

  return {
    async transform({ take, ...job }) {
      await run({ kind: 'transform', id: ++lastId, ...job }, take)
    },
    async check(job) {
      const { name, params, body } = job
      const here = options.checks?.[name]
      if (here !== undefined && body.kind === 'bytes' && body.bytes.byteLength <= LIGHT_BYTES) {
        try {
          return here(body.bytes, params)
        } catch (error) {
          return { verdict: 'wrong', reason: asError(error).message }
        }
      }
      try {
        const verdict = await run({ kind: 'check', id: ++lastId, ...job })
        return verdict ?? { verdict: 'unproved', reason: 'the check gave no verdict' }
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        const refused = error instanceof RenderError && error.refused
        return { verdict: refused ? 'wrong' : 'unproved', reason }
      }
    },
    async close() {
      await Promise.all([lanes.small.close(), lanes.large.close()])
    },
  }
}

/** One thread with its queue; started when there is work, ended when there is none. */
class Lane {
  readonly #options: RendererOptions
  readonly #behind: boolean
  readonly #queue: Waiting[] = []
  #worker: Worker | undefined
  #current: Waiting | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  /** @param behind whether those who are served go before its thread, wherever processors are few */
  constructor(options: RendererOptions, behind: boolean) {
    this.#options = options
    this.#behind = behind
  }

  add(waiting: Waiting): void {
    if (this.#closed) {
      waiting.settle(new RenderError('the server is stopping', false))
      return
    }
    if (this.#queue.length >= (this.#options.queueLimit ?? 2_000)) {
      waiting.settle(new RenderError(`${this.#queue.length} bodies already wait to be rewritten`, false))
      return
    }
    this.#queue.push(waiting)
    this.#pump()
  }

  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    for (const waiting of this.#queue.splice(0)) {
      waiting.settle(new RenderError('the server is stopping', false))
    }
    this.#lose('was ended')
    await worker?.terminate()
  }

  #pump(): void {
    if (this.#current !== undefined) return
    const next = this.#queue.shift()
    if (next === undefined) {
      this.#worker?.unref()
      this.#watch(this.#options.idleMs ?? 10_000, () => this.#retire())
      return
    }
    this.#current = next
    this.#worker ??= this.#start()
    // Work keeps the process alive, an idle thread does not.
    this.#worker.ref()
    this.#watchSilence()
    this.#worker.postMessage(next.question)
  }

  #start(): Worker {
    const worker = new Worker(this.#options.program, {
      workerData: { behind: this.#behind } satisfies RenderSettings,
    })
    const lose = (why: string) => {
      if (this.#worker === worker) this.#lose(why)
    }
    worker.on('message', (answer: RenderAnswer) => {
      if (this.#worker === worker) void this.#hear(worker, answer)
    })
    worker.on('error', (error) => lose(`failed: ${String(error)}`))
    worker.on('exit', () => lose('ended'))
    return worker
  }

  async #hear(worker: Worker, answer: RenderAnswer): Promise<void> {
    const current = this.#current
    if (current === undefined || current.question.id !== answer.id) return
    switch (answer.kind) {
      case 'piece':
        clearTimeout(this.#timer)
        try {
          await current.take?.(answer.bytes)
        } catch (error) {
          // The thread waits in the middle of a job that nobody wants: a new one is cheaper than a protocol for it.
          if (this.#current === current) this.#lose('was left', asError(error))
          return
        }
        if (this.#current !== current || this.#worker !== worker) return
        this.#watchSilence()
        worker.postMessage({ kind: 'taken', id: answer.id } satisfies RenderQuestion)
        return
      case 'done':
        return this.#finish({})
      case 'verdict':
        return this.#finish({ verdict: answer.verdict })
      case 'failed':
        return this.#finish(new RenderError(answer.reason, answer.refused))
    }
  }

  #finish(end: { readonly verdict?: Verdict } | Error): void {
    clearTimeout(this.#timer)
    const current = this.#current
    this.#current = undefined
    current?.settle(end)
    if (!this.#closed) this.#pump()
  }

  #lose(
    why: string,
    error: Error = new RenderError(`the thread that rewrites metadata ${why}`, false),
  ): void {
    this.#retire()
    if (this.#current !== undefined) this.#finish(error)
  }

  #retire(): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
  }

  #watchSilence(): void {
    const silenceMs = this.#options.silenceMs ?? 60_000
    this.#watch(silenceMs, () => this.#lose(`was silent for ${silenceMs} ms`))
  }

  #watch(afterMs: number, act: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(act, afterMs)
    this.#timer.unref()
  }
}

function sizeOf(body: CandidateBody | undefined): number {
  if (body === undefined) return 0
  return body.kind === 'bytes' ? body.bytes.byteLength : body.sizeBytes
}
