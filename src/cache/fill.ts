import type { CandidateBody, Located, Proof, Resource, Verdict } from '../ecosystems/ecosystem.ts'
import type { ObjectMeta, ProofState, StoredObject } from '../store/store.ts'
import type { UpstreamFailure } from '../upstream/upstream.ts'
import type { Errand, FillContext } from './fill-errand.ts'
import { endOf, listedButMissing, type RefusedFill, refusalFor } from './fill-refusals.ts'
import { confirm, keep, putAside } from './keep.ts'
import type { FillEnd } from './observer.ts'
import { type Late, withPatience } from './patience.ts'
import { receive } from './receive.ts'

export type FillResult = Filled | RefusedFill

type Filled =
  | { readonly kind: 'object'; readonly object: StoredObject; readonly stored: boolean }
  /** `stored` is false when the disk did not take that it was confirmed. */
  | { readonly kind: 'not-modified'; readonly object: StoredObject; readonly stored: boolean }

type EndDetails = Partial<Pick<FillEnd, 'source' | 'bytes' | 'verdict' | 'failure'>>
type Ended = (outcome: FillEnd['outcome'], details: EndDetails) => void

/**
 * Fetches one resource, proves it and keeps it: the only way in which bytes get into the store.
 *
 * Engine rule 3: bytes of a source with a clean record are published while they come; those of any other are
 * held until they are proved. After a mismatch nothing is kept and the walk goes on to the next source.
 */
export async function fill(errand: Errand, context: FillContext, signal: AbortSignal): Promise<FillResult> {
  const startedAtMs = context.now()
  let isOver = false
  const ended: Ended = (outcome, { source, bytes = 0, verdict, failure }) => {
    isOver = true
    const tookMs = context.now() - startedAtMs
    context.observer.fillEnded({
      resource: errand.resource,
      outcome,
      source,
      bytes,
      tookMs,
      verdict,
      failure,
    })
  }
  try {
    return await bring(errand, context, ended, signal)
  } catch (error) {
    // Whoever counts what is under way sees its end, however it came.
    if (!isOver) ended('failed', {})
    throw error
  }
}

async function bring(
  errand: Errand,
  context: FillContext,
  ended: Ended,
  signal: AbortSignal,
): Promise<FillResult> {
  const { resource, known, publish } = errand
  const { store, upstream, observer } = context
  const proof = resource.prove?.(signal)
  const located = await resource.locate?.(signal)
  const walk = upstream.walk({
    sources: resource.sources,
    path: resource.path,
    shape: resource.shape,
    maxBytes: resource.maxBytes,
    freshness: Number.isFinite(resource.freshMs) ? 'mutable' : 'fixed',
    ...(errand.wanted === undefined ? {} : { wanted: errand.wanted }),
    ...(resource.accept === undefined ? {} : { accept: resource.accept }),
    ...(resource.compressible === undefined ? {} : { compressible: resource.compressible }),
    ...(located?.kind === 'places' ? { places: located.urls } : {}),
    ...(known && (known.meta.etag ?? known.meta.lastModified) !== undefined
      ? { validators: validatorsOf(known) }
      : {}),
  })
  if (located?.kind === 'refused') {
    const { refusal } = located
    ended(refusal.kind === 'upstream-failed' ? 'failed' : endOf(refusal), {})
    return { kind: 'refused', refusal }
  }
  for (;;) {
    const answer = await walk.next(signal)
    if (answer.kind === 'not-modified' && known !== undefined) {
      const confirmed = await confirm(known, resource, context)
      ended('not-modified', { source: answer.source.id })
      return { kind: 'not-modified', ...confirmed }
    }
    if (answer.kind !== 'found') {
      if (located?.kind === 'places' && located.isGuess === true) return bring(errand, context, ended, signal)
      const made = await makeOtherwise(located, resource, proof, context, signal)
      if (made !== undefined) {
        const { meta, sizeBytes } = made.object
        ended('stored', { source: meta.source, bytes: sizeBytes, verdict: meta.proof })
        return made
      }
      const refused =
        located !== undefined && answer.kind === 'missing'
          ? listedButMissing(answer.source, resource)
          : refusalFor(answer, resource)
      ended(refused.refusal.kind === 'upstream-failed' ? 'failed' : endOf(refused.refusal), {
        ...(refused.source === undefined ? {} : { source: refused.source }),
        ...(refused.failure === undefined ? {} : { failure: refused.failure }),
      })
      return refused
    }

    const source = answer.source.id
    const received = await receive(answer, resource, proof, context, publish, signal)
    if (received.kind === 'broken') {
      walk.reject(received.failure)
      continue
    }
    if (received.kind === 'no-room') {
      const failure = { code: 'malformed', message: received.reason } as const
      ended('failed', { source, failure })
      return {
        kind: 'refused',
        refusal: { kind: 'store-failed', reason: received.reason, hint: received.hint },
        source,
      }
    }

    const { candidate, growing } = received
    await using stage = received.stage
    using _room = received.room
    const judged = await judge(proof, candidate, context.proofWaitMs(), signal)
    const bytes = sizeOf(candidate)

    if (judged.verdict === 'wrong') {
      observer.integrityFailed({
        resource,
        source,
        reason: judged.reason,
        stage: growing === undefined ? 'held' : 'streaming',
      })
      // Of a body in pieces the next attempt, from one source alone, shows who lied.
      if (answer.body.isPieced !== true) upstream.record(source, 'wrong')
      await putAside(store, resource, source, judged.reason, candidate, stage, observer)
      const failure: UpstreamFailure = {
        code: 'wrong-content',
        ...wordsFor(judged.reason, source, resource.name, isWebPage(answer.mediaType, candidate)),
      }
      growing?.fail(new Error(failure.message))
      walk.reject(failure)
      continue
    }
    if (judged.verdict === 'denied') {
      growing?.fail(new Error(judged.reason))
      ended('denied', { source, bytes, verdict: 'denied' })
      return {
        kind: 'refused',
        refusal: {
          kind: 'denied',
          status: 403,
          reason: judged.reason,
          ...(judged.hint === undefined ? {} : { hint: judged.hint }),
        },
        source,
      }
    }

    if (judged.verdict === 'proved') upstream.record(source, 'proved')
    const meta: ObjectMeta = {
      mediaType: resource.mediaType,
      source,
      proof: judged.verdict satisfies ProofState,
      checkedAtMs: context.now(),
      ...(answer.etag === undefined ? {} : { etag: answer.etag }),
      ...(answer.lastModified === undefined ? {} : { lastModified: answer.lastModified }),
    }
    const kept = await keep(store, resource, meta, candidate, stage, observer)
    if (kept.kind === 'no-room') {
      growing?.fail(new Error(kept.reason))
      ended('failed', { source, bytes })
      return {
        kind: 'refused',
        refusal: { kind: 'store-failed', reason: kept.reason, hint: kept.hint },
        source,
      }
    }
    ended('stored', { source, bytes, verdict: judged.verdict })
    if (judged.late !== undefined) context.late(resource, source, judged.late)
    return { kind: 'object', object: kept.object, stored: kept.stored }
  }
}

/** Where no place has the body: made by the adapter, and kept if its proof bears it out. */
async function makeOtherwise(
  located: Located | undefined,
  resource: Resource,
  proof: Proof | undefined,
  context: FillContext,
  signal: AbortSignal,
): Promise<Extract<FillResult, { kind: 'object' }> | undefined> {
  if (located?.kind !== 'places' || located.otherwise === undefined) return undefined
  const bytes = await located.otherwise(signal)
  if (bytes === undefined || bytes.byteLength > resource.maxBytes) return undefined
  const candidate: CandidateBody = { kind: 'bytes', bytes }
  const judged = await judge(proof, candidate, context.proofWaitMs(), signal)
  if (judged.verdict !== 'proved' && judged.verdict !== 'sound') return undefined
  const meta: ObjectMeta = {
    mediaType: resource.mediaType,
    source: 'made here',
    proof: judged.verdict,
    checkedAtMs: context.now(),
  }
  const kept = await keep(context.store, resource, meta, candidate, undefined, context.observer)
  return kept.kind === 'kept' ? { kind: 'object', object: kept.object, stored: kept.stored } : undefined
}

/** A verdict that can be acted on now; `late` is the real one, when it did not come in time. */
type Judged = Verdict & { readonly late?: Promise<Verdict> }

async function judge(
  proof: Proof | undefined,
  candidate: CandidateBody,
  waitMs: number,
  signal: AbortSignal,
): Promise<Judged> {
  if (proof === undefined) return { verdict: 'sound' }
  const answer: Verdict | Late<Verdict> = await withPatience(proof.check(candidate, signal), waitMs)
  if (!('late' in answer)) return answer
  return { verdict: 'unproved', reason: `no proof within ${waitMs} ms`, late: answer.late }
}

function wordsFor(reason: string, source: string, name: string, isPage: boolean) {
  return isPage
    ? {
        message: `${source} sent a web page instead of ${name}: ${reason}`,
        hint: 'a login page, a block page or a broken mirror: open its address in a browser; nothing of it was kept, the source is marked',
      }
    : {
        message: `${source} sent wrong bytes for ${name}: ${reason}`,
        hint: 'nothing of it was kept; the source is marked',
      }
}

/** Only asked of a body that was found wrong, since for some resources a page is right. */
function isWebPage(mediaType: string, candidate: CandidateBody): boolean {
  if (mediaType === 'text/html' || mediaType === 'application/xhtml+xml') return true
  if (candidate.kind !== 'bytes') return false
  const begin = Buffer.from(candidate.bytes.subarray(0, 256)).toString('latin1')
  return /^\s*(?:<!doctype html|<html)/i.test(begin.replace(/^\xef\xbb\xbf/, ''))
}

function validatorsOf(known: StoredObject): { source: string; etag?: string; lastModified?: string } {
  return {
    source: known.meta.source,
    ...(known.meta.etag === undefined ? {} : { etag: known.meta.etag }),
    ...(known.meta.lastModified === undefined ? {} : { lastModified: known.meta.lastModified }),
  }
}

function sizeOf(candidate: CandidateBody): number {
  return candidate.kind === 'bytes' ? candidate.bytes.byteLength : candidate.sizeBytes
}
