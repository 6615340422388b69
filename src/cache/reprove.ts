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

/** So many in a row are tried one after the other, and so many in all, each a longer leap further on. */
const IN_A_ROW = 3
const IN_VAIN = 8

/**
 * Tries once to prove every object that is kept as unproved. Where several in a row still cannot be proved the
 * authority is probably out of reach, and many questions would not bring it back: then only a few more are tried,
 * ever further apart, so that some that never can be proved do not stand before all others.
 */
export async function reproveAll(options: ReproveOptions): Promise<{ tried: number; settled: number }> {
  let tried = 0
  let settled = 0
  let inVain = 0
  let leap = 0
  for await (const { key } of options.store.list({ proof: 'unproved' })) {
    if (options.signal.aborted || inVain >= IN_VAIN) break
    const resource = options.resourceOf(key)
    if (resource?.prove === undefined || resource.isUnprovable === true || leap-- > 0) continue
    const object = await options.store.find(key)
    if (object === undefined) continue
    tried++
    using _hold = options.store.hold(object)
    const verdict = await resource.prove(options.signal).check(candidateOf(object), options.signal)
    if (verdict.verdict === 'unproved') {
      inVain++
      leap = inVain < IN_A_ROW ? 0 : 2 ** (inVain - IN_A_ROW)
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
