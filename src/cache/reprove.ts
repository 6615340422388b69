import type { CandidateBody, Resource } from '../ecosystems/ecosystem.ts'
import type { Store, StoredObject } from '../store/store.ts'
import type { Cache } from './cache.ts'

export interface ReproveOptions {
  readonly store: Store
  readonly cache: Cache
  /** What a key stands for; undefined when no adapter knows it any more. */
  readonly resourceOf: (key: string) => Resource | undefined
  readonly signal: AbortSignal
}

/**
 * Tries once to prove every object that is kept as unproved. Stops at the first three in a row that still
 * cannot be proved, because then the authority is out of reach, and many questions would not bring it back.
 */
export async function reproveAll(options: ReproveOptions): Promise<{ tried: number; settled: number }> {
  let tried = 0
  let settled = 0
  let inVain = 0
  for await (const { key } of options.store.list({ proof: 'unproved' })) {
    if (options.signal.aborted || inVain >= 3) break
    const resource = options.resourceOf(key)
    const object = await options.store.find(key)
    if (resource?.prove === undefined || object === undefined) continue
    tried++
    using _hold = options.store.hold(object)
    const verdict = await resource.prove(options.signal).check(candidateOf(object), options.signal)
    if (verdict.verdict === 'unproved') {
      inVain++
      continue
    }
    inVain = 0
    settled++
    await options.cache.settle(resource, object.meta.source, verdict)
  }
  return { tried, settled }
}

function candidateOf(object: StoredObject): CandidateBody {
  return object.body.kind === 'bytes'
    ? object.body
    : { kind: 'file', path: object.body.path, sizeBytes: object.sizeBytes }
}
