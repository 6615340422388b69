import { createHash } from 'node:crypto'
import { asError } from '../as-error.ts'
import type { CandidateBody, Resource } from '../ecosystems/ecosystem.ts'
import { type ObjectMeta, type Stage, type Store, type StoredObject, StoreError } from '../store/store.ts'
import type { FillContext } from './fill-errand.ts'
import type { CacheObserver } from './observer.ts'

/** Keeps the evidence of a lie, within the bounds of the quarantine. */
export async function putAside(
  store: Store,
  resource: Resource,
  source: string,
  reason: string,
  candidate: CandidateBody,
  stage: Stage | undefined,
  observer: CacheObserver,
): Promise<void> {
  const note = `from ${source}: ${reason}`
  try {
    if (stage !== undefined) await stage.quarantine(resource.key, note)
    else if (candidate.kind === 'bytes') await store.quarantine(resource.key, note, candidate.bytes)
  } catch (error) {
    // The evidence is a courtesy; that the bytes are not served does not depend on it.
    observer.storeFailed(resource, asError(error))
  }
}

type KeepResult =
  | { readonly kind: 'kept'; readonly object: StoredObject; readonly stored: boolean }
  | { readonly kind: 'no-room'; readonly reason: string; readonly hint: string }

/** Commits. A small body that the disk does not take is still served, once. */
export async function keep(
  store: Store,
  resource: Resource,
  meta: ObjectMeta,
  candidate: CandidateBody,
  stage: Stage | undefined,
  observer: CacheObserver,
): Promise<KeepResult> {
  try {
    const object =
      stage !== undefined
        ? await stage.commit(resource.key, meta)
        : await store.put(resource.key, bytesOf(candidate), meta)
    observer.changed(resource.key)
    return { kind: 'kept', object, stored: true }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    observer.storeFailed(resource, error)
    if (candidate.kind === 'file') return { kind: 'no-room', reason: error.message, hint: error.hint }
    const object: StoredObject = {
      key: resource.key,
      sha256: createHash('sha256').update(candidate.bytes).digest('hex'),
      sizeBytes: candidate.bytes.byteLength,
      meta,
      body: candidate,
    }
    return { kind: 'kept', object, stored: false }
  }
}

/** Notes that what is kept still holds. Where the disk does not take that, it holds for this one answer. */
export async function confirm(
  known: StoredObject,
  resource: Resource,
  { store, observer, now }: Pick<FillContext, 'store' | 'observer' | 'now'>,
): Promise<{ readonly object: StoredObject; readonly stored: boolean }> {
  const checkedAtMs = now()
  try {
    const object = await store.amend(known.key, { checkedAtMs })
    return { object: object ?? known, stored: true }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    observer.storeFailed(resource, error)
    return { object: { ...known, meta: { ...known.meta, checkedAtMs } }, stored: false }
  }
}

function bytesOf(candidate: CandidateBody): Uint8Array {
  if (candidate.kind === 'bytes') return candidate.bytes
  throw new Error('a staged body is committed from its file')
}
