import { asError } from '../as-error.ts'
import type { CandidateBody, Proof, Resource } from '../ecosystems/ecosystem.ts'
import { type Stage, StoreError } from '../store/store.ts'
import { type Found, UpstreamError, type UpstreamFailure } from '../upstream/upstream.ts'
import type { FillContext, Publication } from './fill-errand.ts'
import { GrowingBody } from './growing-body.ts'

/** Bodies up to this size stay in memory on their way in; larger ones go through a staged file. */
const IN_MEMORY_BYTES = 64 * 1024

export type Received =
  | {
      readonly kind: 'whole'
      readonly candidate: CandidateBody
      readonly stage: Stage | undefined
      readonly growing: GrowingBody | undefined
    }
  | { readonly kind: 'broken'; readonly failure: UpstreamFailure }
  | { readonly kind: 'no-room'; readonly reason: string; readonly hint: string }

/** Takes a body in: into memory while it is small, else into a staged file, which is published when allowed. */
export async function receive(
  answer: Found,
  resource: Resource,
  proof: Proof | undefined,
  context: FillContext,
  publish: (publication: Publication) => void,
  signal: AbortSignal,
): Promise<Received> {
  const small: Uint8Array[] = []
  let smallBytes = 0
  let stage: Stage | undefined
  let growing: GrowingBody | undefined
  // A blob whose size is not known to be small is staged from its first byte, so that clients need not wait.
  const stageAtOnce =
    resource.shape === 'blob' && (answer.sizeBytes === undefined || answer.sizeBytes > IN_MEMORY_BYTES)
  const mayPublish = resource.shape === 'blob' && (answer.source.clean || proof === undefined)

  try {
    for await (const chunk of answer.body) {
      signal.throwIfAborted()
      if (stage === undefined) {
        if (!stageAtOnce && smallBytes + chunk.byteLength <= IN_MEMORY_BYTES) {
          small.push(chunk)
          smallBytes += chunk.byteLength
          continue
        }
        stage = await context.store.stage(answer.sizeBytes)
        if (mayPublish) {
          growing = new GrowingBody(stage, answer.sizeBytes)
          publish({ body: growing, mediaType: resource.mediaType, source: answer.source.id })
        }
        for (const earlier of small.splice(0)) await stage.write(earlier)
      }
      await stage.write(chunk)
      growing?.grown()
    }
  } catch (error) {
    await stage?.[Symbol.asyncDispose]()
    growing?.fail(asError(error))
    if (error instanceof StoreError) {
      context.observer.storeFailed(resource, error)
      return { kind: 'no-room', reason: error.message, hint: error.hint }
    }
    if (error instanceof UpstreamError) return { kind: 'broken', failure: error.failure }
    throw error
  }

  if (stage !== undefined) {
    const candidate: CandidateBody = { kind: 'file', path: stage.path, sizeBytes: stage.sizeBytes }
    return { kind: 'whole', candidate, stage, growing }
  }
  const candidate: CandidateBody = { kind: 'bytes', bytes: joined(small, smallBytes) }
  return { kind: 'whole', candidate, stage: undefined, growing: undefined }
}

function joined(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const [only] = chunks
  if (chunks.length === 1 && only !== undefined) return only.slice()
  const bytes = new Uint8Array(sizeBytes)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}
