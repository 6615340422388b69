import { closeSync, fstatSync, openSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type { CandidateBody } from '../../ecosystem.ts'
import { hashZip } from './hash-zip.ts'
import type { ZipCheck } from './zip-check.ts'
import { bytesSource, fileSource } from './zip-source.ts'

/** What a worker is asked; it answers every question with one `ZipAnswer`, in order. */
export interface ZipQuestion {
  readonly id: number
  readonly body: CandidateBody
  readonly module: string
  readonly version: string
  /** One cell; 1 means that nobody waits for the answer any more. */
  readonly aborted: Int32Array<SharedArrayBuffer>
}

export interface ZipAnswer {
  readonly id: number
  readonly check: ZipCheck
}

async function answer({ body, module, version, aborted }: ZipQuestion): Promise<ZipCheck> {
  const options = { module, version, isAborted: () => Atomics.load(aborted, 0) === 1 }
  if (body.kind === 'bytes') return hashZip(bytesSource(body.bytes), options)
  const fd = openSync(body.path, 'r')
  try {
    const { size } = fstatSync(fd)
    if (size !== body.sizeBytes) {
      return { ok: false, reason: `the file has ${size} bytes instead of ${body.sizeBytes}`, unable: true }
    }
    return await hashZip(fileSource(fd, size), options)
  } finally {
    closeSync(fd)
  }
}

parentPort?.on('message', async (question: ZipQuestion) => {
  const check = await answer(question).catch(
    (error: unknown): ZipCheck => ({
      ok: false,
      reason: `the zip of ${question.module}@${question.version} could not be read: ${String(error)}`,
      unable: true,
    }),
  )
  parentPort?.postMessage({ id: question.id, check } satisfies ZipAnswer)
})
