import { readFile } from 'node:fs/promises'
import type { Proof, Verdict } from '../ecosystem.ts'

/** A proof by form alone: nothing is looked up, the body says whether it is what it should be. */
export function formProof(check: (bytes: Uint8Array) => Verdict): Proof {
  return {
    async check(body, signal) {
      if (body.kind === 'bytes') return check(body.bytes)
      let bytes: Uint8Array
      try {
        bytes = await readFile(body.path, { signal })
      } catch (error) {
        signal.throwIfAborted()
        return { verdict: 'unproved', reason: `the body could not be read back from disk: ${error}` }
      }
      return check(bytes)
    },
  }
}
