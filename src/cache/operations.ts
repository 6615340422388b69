import type { ListFilter, ObjectSummary, Store, StoreStats, VerifySummary } from '../store/store.ts'

/** What a person can do with the cache; the same from the command line, on a stopped or a running server. */
export interface CacheOperations {
  stats(): Promise<StoreStats>
  list(filter: ListFilter): AsyncIterable<ObjectSummary>
  verify(signal?: AbortSignal): Promise<VerifySummary>
  collect(targetBytes?: number): Promise<{ objects: number; bytes: number }>
  /** Removes every object whose key matches the glob; tells how many and how large they were. */
  remove(pattern: string): Promise<{ objects: number; bytes: number }>
}

/** The operations on a store at hand. `removed` is told each key that is gone. */
export function operationsOn(store: Store, removed: (key: string) => void): CacheOperations {
  return {
    stats: async () => store.stats(),
    list: (filter) => store.list(filter),
    verify: async (signal) => {
      const summary = await store.verify(signal === undefined ? {} : { signal })
      for (const finding of summary.findings) removed(finding.key)
      return summary
    },
    collect: (targetBytes) => store.collect(targetBytes === undefined ? {} : { targetBytes }),
    remove: async (pattern) => {
      let objects = 0
      let bytes = 0
      for await (const { key, sizeBytes } of store.list({ pattern })) {
        if (!(await store.remove(key))) continue
        removed(key)
        objects++
        bytes += sizeBytes
      }
      return { objects, bytes }
    },
  }
}
