/** Where a tarball lies and what it must be: both stand in its package's metadata. */

import type { CandidateBody, Located, Proof, Refusal, Verdict } from '../ecosystem.ts'
import type { DistEntry } from './dist-index.ts'
import { digestOf, expectedOf, firstBytes } from './integrity.ts'
import { tarballPath } from './package-name.ts'
import { faultInSignatures, type RegistryKey } from './registry-signatures.ts'

export type DistAnswer =
  | { readonly kind: 'entry'; readonly entry: DistEntry }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

export interface TarballPorts {
  /**
   * What the package's metadata says of a file. What is kept comes first; `not-found` only when metadata that is
   * fresh lists no such file. `anew`: what is kept is doubted. Rejects only when `signal` aborts.
   */
  dist(name: string, file: string, signal: AbortSignal, anew?: 'anew'): Promise<DistAnswer>
  /**
   * The same, when it is at hand within moments; undefined when it is not. Absent where whoever fetches does not
   * ask again after a guess that was wrong.
   */
  distSoon?(name: string, file: string, signal: AbortSignal): Promise<DistAnswer | undefined>
  /** Base addresses of the sources that this name's tarballs may come from, all equal. */
  bases(name: string): readonly string[]
  /** What the registry's signatures of this name are checked with; none when it is not known. Never rejects. */
  keys(name: string): Promise<readonly RegistryKey[]>
}

/** Places that are told before the metadata is at hand; when none of them has it, the next call tells for certain. */
type Guess = Extract<Located, { readonly kind: 'places' }> & { readonly isGuess: true }

/**
 * Where the packument says that it lies, and the canonical place at every source, because all are equal. The
 * first call may guess: nearly every registry has tarballs at canonical places, and a round trip is saved. The
 * proof waits for the metadata all the same.
 */
export function tarballLocator(
  name: string,
  file: string,
  ports: TarballPorts,
): (signal: AbortSignal) => Promise<Located> {
  let mayGuess = true
  return async (signal) => {
    const canonical = ports.bases(name).map((base) => `${base}/${tarballPath(name, file)}`)
    const early = mayGuess ? await ports.distSoon?.(name, file, signal) : undefined
    if (mayGuess && ports.distSoon !== undefined && early === undefined && canonical.length > 0) {
      mayGuess = false
      const guess: Guess = { kind: 'places', urls: canonical, isGuess: true }
      return guess
    }
    const answer = early ?? (await ports.dist(name, file, signal))
    if (answer.kind === 'refused') return answer
    const { tarball } = answer.entry
    const own = tarball === undefined ? null : URL.parse(tarball)
    const named = own !== null && /^https?:$/.test(own.protocol) ? [own.href] : []
    return { kind: 'places', urls: [...new Set([...named, ...canonical])] }
  }
}

/** A proof against the strongest checksum in the metadata, and the registry's signature of that. */
export function proveTarball(name: string, file: string, ports: TarballPorts, signal: AbortSignal): Proof {
  const sought = ports.dist(name, file, signal)
  // Whoever checks hears of it; a fetch that fails before that asks nobody.
  sought.catch(() => undefined)
  return {
    async check(body, checkSignal) {
      const answer = await sought.catch((): undefined => undefined)
      checkSignal.throwIfAborted()
      if (answer === undefined) return unproved(`the metadata of ${name} was given up`)
      if (answer.kind === 'refused') return withoutEntry(answer.refusal)
      const verdict = await judge(name, answer.entry, ports, body, checkSignal)
      if (verdict.verdict !== 'wrong') return verdict
      // A registry of one's own may take a version back and publish it again: the metadata that is kept may be old.
      const again = await ports.dist(name, file, checkSignal, 'anew')
      const isSame = again.kind === 'refused' || JSON.stringify(again.entry) === JSON.stringify(answer.entry)
      return isSame ? verdict : judge(name, again.entry, ports, body, checkSignal)
    },
  }
}

async function judge(
  name: string,
  entry: DistEntry,
  ports: Pick<TarballPorts, 'keys'>,
  body: CandidateBody,
  signal: AbortSignal,
): Promise<Verdict> {
  const keys = entry.signatures === undefined ? [] : await ports.keys(name)
  const fault = faultInSignatures(name, entry, keys)
  if (fault !== undefined) return { verdict: 'wrong', reason: fault }
  const expected = expectedOf(entry.integrity, entry.shasum)
  try {
    if (expected === undefined) return formOnly(await firstBytes(body, 2))
    const digest = await digestOf(body, expected.algorithm, signal)
    if (expected.digests.includes(digest)) return { verdict: 'proved' }
    const said = `the metadata says ${shown(expected.digests[0] ?? '')}`
    const reason = `${expected.algorithm} of ${name}@${entry.version} is ${shown(digest)}, and ${said}`
    return { verdict: 'wrong', reason }
  } catch (error) {
    signal.throwIfAborted()
    return unproved(`the tarball could not be read back from disk: ${error}`)
  }
}

/** Packages from before checksums: all that can be said is that it is a gzip file. */
function formOnly(first: Uint8Array): Verdict {
  return first[0] === 0x1f && first[1] === 0x8b
    ? { verdict: 'sound' }
    : { verdict: 'wrong', reason: 'it is no gzip file' }
}

function withoutEntry(refusal: Refusal): Verdict {
  if (refusal.kind === 'not-found' || refusal.kind === 'denied') {
    return { verdict: 'denied', reason: refusal.reason }
  }
  return unproved(refusal.reason)
}

function unproved(reason: string): Verdict {
  return { verdict: 'unproved', reason }
}

function shown(hex: string): string {
  return `${hex.slice(0, 16)}…`
}
