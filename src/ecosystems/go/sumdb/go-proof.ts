import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CandidateBody, Proof, Verdict } from '../../ecosystem.ts'
import { hashModFile } from '../zip/dirhash.ts'
import type { CheckZip } from '../zip/zip-check.ts'
import type { LookupResult, SumdbVerifier } from './sumdb-ports.ts'

export interface GoProofOptions {
  readonly verifier: SumdbVerifier
  readonly checkZip: CheckZip
  /** How long a body that is there waits for the database before it counts as `unproved`. */
  readonly waitMs: number
  /** Resolves after `ms`; a seam for tests. */
  readonly after?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Proofs of what the Go protocol serves; each look-up starts when the proof is made. */
export interface GoProof {
  /** The database's name: `/sumdb/<name>/` and messages. */
  readonly name: string
  proveModFile(module: string, version: string, signal: AbortSignal): Proof
  proveZip(module: string, version: string, signal: AbortSignal): Proof
  /** A lookup's answer on its way to a client. */
  proveLookup(module: string, version: string, signal: AbortSignal): Proof
  /** `path` is `tile/…`. */
  proveTile(path: string, signal: AbortSignal): Proof
  proveTreeHead(signal: AbortSignal): Proof
}

const hints = {
  denied:
    'nothing vouches for it, so it is not served: a new version may take a minute, and a name that is not public belongs in go.private or go.nosumdb',
  bad: 'nothing of it was kept: see the SECURITY lines in the log of Posthaste, and whether something between here and the database answers for it',
} as const

/** Module zips and go.mod files against a checksum database (`h1` of golang.org/x/mod/sumdb/dirhash). */
export function createGoProof({ verifier, checkZip, waitMs, after = defaultAfter }: GoProofOptions): GoProof {
  const within = async (work: Promise<LookupResult>, signal: AbortSignal): Promise<LookupResult> => {
    const timer = new AbortController()
    const late = after(waitMs, AbortSignal.any([signal, timer.signal])).then(
      (): LookupResult => ({
        kind: 'unreachable',
        reason: `the checksum database ${verifier.name} gave no proof within ${waitMs} ms`,
      }),
    )
    // The loser of the race is rejected by our own abort below; the winner's outcome is what counts.
    late.catch(() => undefined)
    try {
      return await Promise.race([work, late])
    } finally {
      timer.abort()
    }
  }

  const against = (
    what: 'mod' | 'zip',
    { module, version, signal }: { module: string; version: string; signal: AbortSignal },
    examine: (
      body: CandidateBody,
      signal: AbortSignal,
    ) => Promise<{ readonly h1: string } | { readonly verdict: Verdict }>,
  ): Proof => {
    const lookup = verifier.lookup(module, version, signal)
    // A proof that is never checked must not end the process when its fill is aborted.
    lookup.catch(() => undefined)
    const noun = what === 'mod' ? 'go.mod' : 'zip'
    return {
      async check(body, checkSignal) {
        const found = await examine(body, checkSignal)
        if ('verdict' in found) return found.verdict
        const result = await within(lookup, checkSignal)
        if (result.kind === 'unreachable') return { verdict: 'unproved', reason: result.reason }
        if (result.kind !== 'record')
          return { verdict: 'denied', reason: result.reason, hint: hints[result.kind] }
        const expected = result[what]
        if (expected === undefined) {
          return {
            verdict: 'denied',
            reason: `the record of ${module}@${version} in ${verifier.name} has no hash of its ${noun}`,
            hint: hints.denied,
          }
        }
        if (found.h1 === expected) return { verdict: 'proved' }
        return {
          verdict: 'wrong',
          reason: `checksum mismatch of the ${noun} of ${module}@${version}: downloaded ${found.h1}, ${verifier.name} says ${expected}`,
        }
      },
    }
  }

  const whole = (check: (bytes: Uint8Array, signal: AbortSignal) => Promise<Verdict>): Proof => ({
    async check(body, signal) {
      return check(await bytesOf(body, signal), signal)
    },
  })

  return {
    name: verifier.name,
    proveModFile: (module, version, signal) =>
      against('mod', { module, version, signal }, async (body, checkSignal) => ({
        h1: hashModFile(await bytesOf(body, checkSignal)),
      })),
    proveZip: (module, version, signal) =>
      against('zip', { module, version, signal }, async (body, checkSignal) => {
        const checked = await checkZip(body, module, version, checkSignal)
        if (checked.ok) return checked
        const { reason, unable } = checked
        return { verdict: { verdict: unable === true ? 'unproved' : 'wrong', reason } }
      }),
    proveLookup: (module, version) =>
      whole((bytes, signal) => verifier.authenticateLookup(module, version, bytes, signal)),
    proveTile: (path) => whole((bytes, signal) => verifier.authenticateTile(path, bytes, signal)),
    proveTreeHead: () => whole((bytes, signal) => verifier.authenticateHead(bytes, signal)),
  }
}

async function bytesOf(body: CandidateBody, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted()
  return body.kind === 'bytes' ? body.bytes : readFile(body.path, { signal })
}

async function defaultAfter(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false })
}
