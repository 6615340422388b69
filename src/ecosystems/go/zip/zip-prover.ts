import { Worker } from 'node:worker_threads'
import type { CandidateBody } from '../../ecosystem.ts'
import { hashZip } from './hash-zip.ts'
import type { CheckZip, ZipCheck } from './zip-check.ts'
import { bytesSource } from './zip-source.ts'
import type { ZipAnswer, ZipQuestion } from './zip-worker.ts'

export interface ZipProverOptions {
  /** Worker threads, started when first needed. Default 1. */
  readonly workers?: number
  /** Zips that wait for a worker; further ones are answered as `unable`. Default 1024. */
  readonly queueLimit?: number
  /** After this long at one zip a worker counts as lost. Default two minutes. */
  readonly jobTimeoutMs?: number
  /** The worker's program; a seam for tests. */
  readonly program?: URL
}

/** Checks module zips in threads of its own; they never keep the process alive. */
export interface ZipProver {
  readonly checkZip: CheckZip
  /** Ends the threads; what waits is answered as `unable`. */
  close(): Promise<void>
}

/** A zip of up to this size that is in memory is checked at once: a thread would cost more than the check. */
const INLINE_BYTES = 64 * 1024

interface Job {
  readonly question: ZipQuestion
  readonly settle: (check: ZipCheck) => void
}

interface Slot {
  worker: Worker | undefined
  job: Job | undefined
  timer: ReturnType<typeof setTimeout> | undefined
}

export function createZipProver(options: ZipProverOptions = {}): ZipProver {
  const { workers = 1, queueLimit = 1024, jobTimeoutMs = 120_000 } = options
  const program = options.program ?? new URL('./zip-worker.ts', import.meta.url)
  const slots: Slot[] = Array.from({ length: workers }, () => ({
    worker: undefined,
    job: undefined,
    timer: undefined,
  }))
  const queue: Job[] = []
  let lastId = 0
  let closed = false

  const release = (slot: Slot, check: ZipCheck): void => {
    const { job } = slot
    clearTimeout(slot.timer)
    slot.job = undefined
    job?.settle(check)
    if (!closed) pump()
  }

  const lose = (slot: Slot, worker: Worker, why: string): void => {
    if (slot.worker !== worker) return
    slot.worker = undefined
    void worker.terminate()
    release(slot, unable(`the thread that checks zips ${why}`))
  }

  const start = (slot: Slot): Worker => {
    // Bun's own option: the collector of a small thread keeps a small heap.
    const worker = new Worker(program, { smol: true } as WorkerOptions)
    slot.worker = worker
    worker.on('message', ({ id, check }: ZipAnswer) => {
      if (slot.worker === worker && slot.job?.question.id === id) release(slot, check)
    })
    worker.on('error', (error) => lose(slot, worker, `failed: ${String(error)}`))
    worker.on('exit', () => lose(slot, worker, 'ended'))
    worker.unref()
    return worker
  }

  const pump = (): void => {
    for (const slot of slots) {
      if (slot.job !== undefined) continue
      const job = queue.shift()
      if (job === undefined) return
      slot.job = job
      const worker = slot.worker ?? start(slot)
      slot.timer = setTimeout(() => lose(slot, worker, `gave no answer in ${jobTimeoutMs} ms`), jobTimeoutMs)
      slot.timer.unref()
      worker.postMessage(job.question)
    }
  }

  const enqueue = async (
    body: CandidateBody,
    module: string,
    version: string,
    signal: AbortSignal,
  ): Promise<ZipCheck> => {
    if (closed) return unable('the check of zips has been shut down')
    if (queue.length >= queueLimit) return unable(`${queue.length} zips already wait for their check`)
    const { promise, resolve, reject } = Promise.withResolvers<ZipCheck>()
    const aborted = new Int32Array(new SharedArrayBuffer(4))
    const job: Job = { question: { id: ++lastId, body, module, version, aborted }, settle: resolve }
    const onAbort = (): void => {
      Atomics.store(aborted, 0, 1)
      const waiting = queue.indexOf(job)
      if (waiting >= 0) queue.splice(waiting, 1)
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    queue.push(job)
    pump()
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  return {
    async checkZip(body, module, version, signal) {
      signal.throwIfAborted()
      if (body.kind === 'bytes' && body.bytes.length <= INLINE_BYTES) {
        const isAborted = (): boolean => signal.aborted
        return hashZip(bytesSource(body.bytes), { module, version, isAborted })
      }
      return enqueue(body, module, version, signal)
    },
    async close() {
      closed = true
      for (const job of queue.splice(0)) job.settle(unable('the check of zips has been shut down'))
      const running = slots.map(async (slot) => {
        const { worker } = slot
        slot.worker = undefined
        release(slot, unable('the check of zips has been shut down'))
        await worker?.terminate()
      })
      await Promise.all(running)
    },
  }
}

function unable(reason: string): ZipCheck {
  return { ok: false, reason, unable: true }
}
