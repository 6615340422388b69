import { lookupPath } from '../ecosystems/go/sumdb/record.ts'
import type {
  HeadStore,
  RemoteAnswer,
  SumdbRemote,
  SumdbVerifier,
  TileStore,
} from '../ecosystems/go/sumdb/sumdb-ports.ts'
import { SUMDB_SOURCES } from '../sources/go-lists.ts'
import type { Store } from '../store/store.ts'
import { type Failed, type Upstream, UpstreamError } from '../upstream/upstream.ts'

const MAX_ANSWER_BYTES = 1024 * 1024

interface SumdbPortsOptions {
  readonly name: string
  readonly store: Store
  readonly upstream: Upstream
  readonly now: () => number
  /** A write that failed: what should have been kept is fetched again next time. */
  readonly storeFailed: (error: unknown) => void
}

/** What the verifier of a checksum database stands on: our sources, and our store under the clients' keys. */
export function sumdbPorts(options: SumdbPortsOptions): {
  readonly remote: SumdbRemote
  readonly tiles: TileStore
  readonly head: HeadStore
  /** Keeps the records that the verifier has found true, so that clients and later proofs find them. */
  readonly keeping: (verifier: SumdbVerifier) => SumdbVerifier
} {
  const { name, store, upstream, now } = options
  const keyOf = (path: string) => `go/sumdb/${name}/${path}`
  const keep = async (path: string, bytes: Uint8Array, mediaType: string) => {
    try {
      await store.put(keyOf(path), bytes, { mediaType, source: name, proof: 'proved', checkedAtMs: now() })
    } catch (error) {
      options.storeFailed(error)
    }
  }
  /** Kept, false, and not removed yet: the next read comes at once. */
  const rejected = new Set<string>()
  const relays = new Relays(upstream, now)

  return {
    remote: {
      async read(path, signal) {
        if (path.startsWith('lookup/')) {
          const kept = rejected.has(path) ? undefined : await smallBody(store, keyOf(path))
          if (kept !== undefined) {
            const reject = () => {
              rejected.add(path)
              store.remove(keyOf(path)).then(() => rejected.delete(path), options.storeFailed)
            }
            return { kind: 'bytes', bytes: kept, source: 'the cache', reject }
          }
        }
        return fetchFrom(upstream, path, relays, signal)
      },
    },
    tiles: {
      get: (path) => smallBody(store, keyOf(path)),
      put: (path, bytes) => keep(path, bytes, 'application/octet-stream'),
    },
    head: {
      read: () => store.readState(`sumdb-head ${name}`),
      swap: (expected, next) => store.swapState(`sumdb-head ${name}`, expected, next),
    },
    keeping: (verifier) => ({
      ...verifier,
      async lookup(module, version, signal) {
        const result = await verifier.lookup(module, version, signal)
        if (result.kind === 'record') {
          const path = lookupPath(module, version)
          if ((await store.find(keyOf(path))) === undefined) {
            await keep(path, result.bytes, 'text/plain; charset=utf-8')
          }
        }
        return result
      },
    }),
  }
}

async function smallBody(store: Store, key: string): Promise<Uint8Array | undefined> {
  const object = await store.find(key)
  return object?.body.kind === 'bytes' ? object.body.bytes : undefined
}

async function fetchFrom(
  upstream: Upstream,
  path: string,
  relays: Relays,
  signal: AbortSignal,
): Promise<RemoteAnswer> {
  const walk = upstream.walk({
    sources: SUMDB_SOURCES,
    path,
    shape: 'metadata',
    maxBytes: MAX_ANSWER_BYTES,
  })
  for (;;) {
    const answer = await walk.next(signal)
    switch (answer.kind) {
      case 'found': {
        try {
          const bytes = await collect(answer.body)
          const source = answer.source.id
          return { kind: 'bytes', bytes, source, reject: () => upstream.record(source, 'wrong') }
        } catch (error) {
          if (!(error instanceof UpstreamError)) throw error
          walk.reject(error.failure)
          continue
        }
      }
      case 'missing':
        return { kind: 'missing', text: answer.text }
      case 'denied':
        return {
          kind: 'unreachable',
          reason: `${answer.source.id} answered ${answer.status}: ${answer.text}`,
        }
      case 'failed': {
        const denial = path.startsWith('lookup/') ? await relays.denialOf(answer.lacking, signal) : undefined
        return denial ?? { kind: 'unreachable', reason: answer.failure.message }
      }
      default:
        return { kind: 'unreachable', reason: 'no source of the checksum database is configured' }
    }
  }
}

/** So long a source that relays no database is not asked again whether it does. */
const ASK_AGAIN_MS = 60_000

/**
 * Where the database itself cannot be reached, the "no" of a source that relays it counts as its own, as it does for
 * the go command: 200 for `supported` says so. That of a source which knows no database says nothing.
 */
class Relays {
  readonly #upstream: Upstream
  readonly #now: () => number
  /** Source → until when it is known to relay nothing. */
  readonly #without = new Map<string, number>()

  constructor(upstream: Upstream, now: () => number) {
    this.#upstream = upstream
    this.#now = now
  }

  async denialOf(lacking: Failed['lacking'] = [], signal: AbortSignal): Promise<RemoteAnswer | undefined> {
    const unknown = lacking.filter(({ id }) => this.#now() >= (this.#without.get(id) ?? 0))
    if (unknown.length === 0) return undefined
    const walk = this.#upstream.walk({
      sources: SUMDB_SOURCES,
      path: 'supported',
      shape: 'metadata',
      maxBytes: MAX_ANSWER_BYTES,
    })
    for (;;) {
      const answer = await walk.next(signal)
      if (answer.kind !== 'found') {
        const silent =
          answer.kind === 'missing' ? unknown : answer.kind === 'failed' ? (answer.lacking ?? []) : []
        for (const { id } of silent) this.#without.set(id, this.#now() + ASK_AGAIN_MS)
        return undefined
      }
      const relay = unknown.find(({ id }) => id === answer.source.id)
      if (relay !== undefined) {
        await collect(answer.body).catch(() => undefined)
        return { kind: 'missing', text: relay.text }
      }
      walk.reject({ code: 'aborted', message: `${answer.source.id} did not say that there is no record` })
    }
  }
}

/** The body in one piece; its size was bounded on the way in. */
async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}
