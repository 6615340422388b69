import { asError } from '../as-error.ts'
import type { CandidateBody, Proof, Resource } from '../ecosystems/ecosystem.ts'
import { type Stage, StoreError } from '../store/store.ts'
import { type Found, UpstreamError, type UpstreamFailure } from '../upstream/upstream.ts'
import type { FillContext, Publication } from './fill-errand.ts'
import { GrowingBody } from './growing-body.ts'
import { GatheredBytes, type GrowingBytes, SpilledBytes } from './growing-bytes.ts'

/** Bodies up to this size stay in memory on their way in, and nobody is sent a part of them. */
const SMALL_BYTES = 64 * 1024
/**
 * Blobs up to this size, where it is announced, stay in memory while there is room: each piece of a file that is
 * written, read and sent meanwhile is several turns of the thread pool. Larger ones go through a staged file.
 */
const MIDDLING_BYTES = 256 * 1024

export type Received =
  | {
      readonly kind: 'whole'
      readonly candidate: CandidateBody
      readonly stage: Stage | undefined
      readonly growing: GrowingBody | undefined
      /** To be given back when the body is kept. */
      readonly room: Disposable | undefined
    }
  | { readonly kind: 'broken'; readonly failure: UpstreamFailure }
  | { readonly kind: 'no-room'; readonly reason: string; readonly hint: string }

/** Takes a body in, into memory or a staged file; a blob is published when allowed. */
export async function receive(
  answer: Found,
  resource: Resource,
  proof: Proof | undefined,
  context: FillContext,
  publish: (publication: Publication) => void,
  signal: AbortSignal,
): Promise<Received> {
  const { sizeBytes } = answer
  const isSmall = sizeBytes !== undefined && sizeBytes <= SMALL_BYTES
  const isBlob = resource.shape === 'blob'
  const isMiddling = isBlob && !isSmall && sizeBytes !== undefined && sizeBytes <= MIDDLING_BYTES
  const room = isMiddling ? context.memory.take(sizeBytes) : undefined
  // A blob whose size is not known to be small is staged from its first byte, so that clients need not wait.
  const stageAtOnce = isBlob && !isSmall && room === undefined
  const mayPublish = isBlob && (answer.source.clean || proof === undefined)

  const gathered = new GatheredBytes(room)
  let stage: Stage | undefined
  let growing: GrowingBody | undefined
  const publishFrom = (bytes: GrowingBytes) => {
    const body = new GrowingBody(bytes, sizeBytes)
    publish({ body, mediaType: resource.mediaType, source: answer.source.id })
    return body
  }
  const fitsInMemory = (chunk: Uint8Array) =>
    room !== undefined || (!stageAtOnce && gathered.sizeBytes + chunk.byteLength <= SMALL_BYTES)

  try {
    for await (const chunk of answer.body) {
      signal.throwIfAborted()
      if (stage !== undefined) {
        await stage.write(chunk)
        growing?.grown()
      } else if (fitsInMemory(chunk)) {
        gathered.add(chunk)
        if (room !== undefined && mayPublish) growing ??= publishFrom(gathered)
        growing?.grown()
      } else {
        gathered.add(chunk)
        stage = await context.store.stage(sizeBytes)
        if (mayPublish) growing = publishFrom(new SpilledBytes(gathered, stage))
        for (const first of gathered.chunks) await stage.write(first)
      }
    }
  } catch (error) {
    await stage?.[Symbol.asyncDispose]()
    if (growing === undefined) gathered.close()
    else growing.fail(asError(error))
    if (error instanceof StoreError) {
      context.observer.storeFailed(resource, error)
      return { kind: 'no-room', reason: error.message, hint: error.hint }
    }
    if (error instanceof UpstreamError) return { kind: 'broken', failure: error.failure }
    throw error
  }

  const candidate: CandidateBody =
    stage === undefined
      ? { kind: 'bytes', bytes: gathered.joined() }
      : { kind: 'file', path: stage.path, sizeBytes: stage.sizeBytes }
  // What is published gives its room back when nobody reads it any more.
  return { kind: 'whole', candidate, stage, growing, room: growing === undefined ? room : undefined }
}
