import type { Verdict } from '../../ecosystem.ts'
import { BoundedMap } from './bounded-map.ts'
import { parseVerifierKey } from './note.ts'
import { hashesOf, lookupPath, parseLookup } from './record.ts'
import { SharedWork } from './shared-work.ts'
import type {
  HeadStore,
  LookupResult,
  SecurityEvent,
  SumdbRemote,
  SumdbVerifier,
  TileStore,
} from './sumdb-ports.ts'
import { TileCache } from './tile-cache.ts'
import { TileProver } from './tile-prover.ts'
import { type Checked, TreeHeads } from './tree-heads.ts'

export interface SumdbVerifierOptions {
  /** The database's name in messages. */
  readonly name: string
  /** `name+hash+base64`; with an empty name, every name that the hash fits may sign. */
  readonly key: string
  readonly remote: SumdbRemote
  readonly tiles: TileStore
  readonly head: HeadStore
  readonly onSecurity: (event: SecurityEvent) => void
  /** Told when the tile or head store fails; proofs go on. */
  readonly onTrouble?: (detail: string) => void
}

/** Records remembered after their proof; each is well below a kilobyte. */
const MEMO_RECORDS = 2048

/** Thrown for a key that is none; `code` is stable. */
export class VerifierKeyError extends Error {
  override readonly name = 'VerifierKeyError'
  readonly code = 'go.sumdb-key'
  readonly hint = 'write go.sumdb as name+hash+key, as the database publishes it'
}

/**
 * A client of a checksum database after golang.org/x/mod/sumdb.Client. Throws VerifierKeyError for a bad key;
 * afterwards nothing that the network or a store does makes it throw.
 */
export function createSumdbVerifier(options: SumdbVerifierOptions): SumdbVerifier {
  const { name, remote, onSecurity, onTrouble = (): void => undefined } = options
  const parsed = parseVerifierKey(options.key)
  if (!parsed.ok) throw new VerifierKeyError(`the key of the checksum database ${name}: ${parsed.problem}`)
  const tiles = new TileCache({ remote, tiles: options.tiles, onTrouble })
  const heads = new TreeHeads({ name, key: parsed.key, store: options.head, tiles, onSecurity, onTrouble })
  const tileProver = new TileProver({ name, remote, heads, tiles, onSecurity })
  const lookups = new SharedWork<LookupResult>()
  const memo = new BoundedMap<LookupResult & { kind: 'record' }>(MEMO_RECORDS)

  const verify = async (
    module: string,
    version: string,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<LookupResult> => {
    const answer = parseLookup(bytes)
    if (answer === undefined) {
      return { kind: 'bad', reason: `the answer of ${name} for ${module}@${version} is no record` }
    }
    const head = heads.open(answer.head)
    if ('problem' in head) return { kind: 'bad', reason: head.problem }
    const checked = await heads.check(head, { id: answer.id, bytes: answer.record }, signal)
    if (checked.kind !== 'proven') return checked
    const hashes = hashesOf(answer.record, module, version)
    if (hashes.mod === undefined && hashes.zip === undefined) {
      return { kind: 'bad', reason: `${name} answered for ${module}@${version} with another module's record` }
    }
    const result = { kind: 'record', ...hashes, bytes } as const
    memo.set(`${module}@${version}`, result)
    return result
  }

  const fetchAndVerify = async (
    module: string,
    version: string,
    signal: AbortSignal,
  ): Promise<LookupResult> => {
    const path = lookupPath(module, version)
    for (let again = false; ; again = true) {
      const answer = await remote.read(path, signal)
      if (answer.kind === 'unreachable') return answer
      if (answer.kind === 'missing') {
        const said = answer.text.trim().slice(0, 300)
        const reason = `${name} has no record of ${module}@${version}`
        return { kind: 'denied', reason: said === '' ? reason : `${reason}: ${said}` }
      }
      const result = await verify(module, version, answer.bytes, signal)
      if (result.kind !== 'bad') return result
      answer.reject?.(result.reason)
      if (again || answer.reject === undefined) {
        const by = answer.source === undefined ? '' : ` (sent by ${answer.source})`
        return { kind: 'bad', reason: result.reason + by }
      }
    }
  }

  return {
    name,
    async lookup(module, version, signal) {
      signal.throwIfAborted()
      const id = `${module}@${version}`
      return memo.get(id) ?? lookups.run(id, signal, (shared) => fetchAndVerify(module, version, shared))
    },
    async authenticateLookup(module, version, bytes, signal) {
      signal.throwIfAborted()
      const known = memo.get(`${module}@${version}`)
      if (known !== undefined && Buffer.compare(known.bytes, bytes) === 0) return { verdict: 'proved' }
      const result = await verify(module, version, bytes, signal)
      return result.kind === 'record' ? { verdict: 'proved' } : refusal(result)
    },
    authenticateTile: (path, bytes, signal) => tileProver.prove(path, bytes, signal),
    async authenticateHead(bytes, signal) {
      signal.throwIfAborted()
      const head = heads.open(bytes)
      if ('problem' in head) return { verdict: 'wrong', reason: head.problem }
      return verdictOf(await heads.check(head, undefined, signal))
    },
    flush: () => heads.flush(),
  }
}

function verdictOf(checked: Checked): Verdict {
  return checked.kind === 'proven' ? { verdict: 'proved' } : refusal(checked)
}

function refusal({ kind, reason }: { kind: string; reason: string }): Verdict {
  return { verdict: kind === 'unreachable' ? 'unproved' : 'wrong', reason }
}
