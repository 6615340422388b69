import { asError } from '../as-error.ts'
import type { Store } from '../store/store.ts'
import type { KeptText } from '../upstream/record-keeper.ts'

/** One text of the store's small durable state. What fails is reported and counts as not kept. */
export function keptText(store: Store, name: string, failed: (error: Error) => void): KeptText {
  const report = (error: unknown): undefined => {
    failed(asError(error))
  }
  return {
    read: () => store.readState(name).catch(report),
    write: async (text) => {
      try {
        await store.swapState(name, await store.readState(name), text)
      } catch (error) {
        report(error)
      }
    },
  }
}
