import { createHash } from 'node:crypto'
import { asError } from '../as-error.ts'
import type { Cache } from '../cache/cache.ts'
import type { Kept, Refused } from '../cache/outcome.ts'
import { withPatience } from '../cache/patience.ts'
import type { CandidateBody, Refusal, Transform, View } from '../ecosystems/ecosystem.ts'
import { type ObjectMeta, type Stage, type Store, type StoredObject, StoreError } from '../store/store.ts'
import { VERSION } from '../version.ts'
import { OneByOne } from './one-by-one.ts'
import { LIGHT_BYTES, RenderError, type Renderer } from './renderer.ts'

export interface ViewsOptions {
  readonly cache: Pick<Cache, 'askWhole'>
  readonly store: Pick<Store, 'find' | 'hold' | 'put' | 'stage'>
  readonly renderer: Pick<Renderer, 'transform'>
  /**
   * By name, transforms for which a small body is less work than to keep what they make of it and to read that back:
   * they run on this thread, each time, and nothing of them is kept.
   * @default none
   */
  readonly light?: Readonly<Record<string, Transform>>
  /** The bytes behind this key are new. */
  readonly changed: (key: string) => void
  readonly storeFailed: (view: View, error: Error) => void
  /** Of the program: another one may make other views of the same bytes. @default that of this program */
  readonly version?: string
}

export type Encoding = 'gzip' | undefined

/** A view at hand, and the kept body that it is a view of: freshness is that one's. */
export interface Seen {
  readonly kind: 'seen'
  readonly object: StoredObject
  readonly of: Kept
}

/** Views of small bodies stay in memory on their way; larger ones go through a staged file. */
const IN_MEMORY_BYTES = 64 * 1024

/**
 * Bodies made from kept ones: made once per change, whoever asks and however many, away from the serving thread,
 * and kept in the store like everything else; save what is light. What a view was made from stands in its record, so
 * that a view of bytes that have changed since is never served, nor one that an older program made.
 */
export class Views {
  readonly #options: ViewsOptions
  readonly #underWay = new Map<string, Promise<StoredObject | Refused>>()
  /** Who waited together for a large view: sending begins with a send buffer full, and others' hits come between. */
  readonly #leaving = new OneByOne()

  constructor(options: ViewsOptions) {
    this.#options = options
  }

  /** Rejects only while the cache is being closed. */
  async ask(view: View, encoding: Encoding): Promise<Seen | Refused> {
    const { cache, store } = this.#options
    const asked = cache.askWhole(view.of)
    const askedBeside = view.beside === undefined ? undefined : cache.askWhole(view.beside.resource)
    // Its failure is no failure of the view.
    askedBeside?.catch(() => undefined)
    const of = await asked
    if (of.kind === 'refused') return of
    const light = view.beside === undefined && encoding === undefined ? this.#light(view, of) : undefined
    if (light !== undefined) return light
    const beside = await this.#within(askedBeside, view.beside?.patienceMs ?? 0)

    const key = keyOf(view, encoding)
    const madeFrom = madeFromOf(of.object, beside, this.#options.version ?? VERSION)
    const flight = `${key} ${madeFrom}`
    let making = this.#underWay.get(flight)
    const isWaiting = making !== undefined
    if (making === undefined) {
      // Looked up within the flight: whoever looked before it was kept would otherwise make it a second time.
      const make = async () => {
        const kept = await store.find(key)
        if (kept?.meta.madeFrom === madeFrom) return kept
        return this.#make(view, encoding, of.object, beside, { key, madeFrom })
      }
      making = make().finally(() => this.#underWay.delete(flight))
      this.#underWay.set(flight, making)
    }
    const made = await making
    if (isWaiting && !('refusal' in made) && made.body.kind === 'file') await this.#leaving.turn()
    return 'refusal' in made ? made : { kind: 'seen', object: made, of }
  }

  #light(view: View, of: Kept): Seen | Refused | undefined {
    const { name, params } = view.transform
    const { body, meta } = of.object
    const transform = this.#options.light?.[name]
    if (transform === undefined || body.kind !== 'bytes' || of.object.sizeBytes > LIGHT_BYTES)
      return undefined
    try {
      const bytes = Buffer.concat([...transform({ body: body.bytes, beside: undefined, params })])
      const { mediaType } = view
      const { source, proof, checkedAtMs } = meta
      const object = inMemory(keyOf(view, undefined), bytes, { mediaType, source, proof, checkedAtMs })
      return { kind: 'seen', object, of }
    } catch (error) {
      return unreadable(view, of.object, asError(error))
    }
  }

  async #within(
    asked: Promise<Kept | Refused> | undefined,
    patienceMs: number,
  ): Promise<StoredObject | undefined> {
    if (asked === undefined) return undefined
    const answer = await withPatience(
      asked.catch(() => undefined).then((kept) => ({ kept })),
      patienceMs,
    )
    if ('late' in answer || answer.kept === undefined || answer.kept.kind === 'refused') return undefined
    return answer.kept.object
  }

  async #make(
    view: View,
    encoding: Encoding,
    of: StoredObject,
    beside: StoredObject | undefined,
    { key, madeFrom }: { readonly key: string; readonly madeFrom: string },
  ): Promise<StoredObject | Refused> {
    const { store, renderer } = this.#options
    using _held = store.hold(of)
    using _besideHeld = beside === undefined ? undefined : store.hold(beside)
    const meta: ObjectMeta = {
      mediaType: view.mediaType,
      source: of.meta.source,
      proof: of.meta.proof,
      checkedAtMs: of.meta.checkedAtMs,
      madeFrom,
      ...(encoding === undefined ? {} : { encoding }),
    }
    await using taker = new Taker(store)
    try {
      await renderer.transform({
        name: view.transform.name,
        params: view.transform.params,
        body: candidateOf(of),
        beside: beside === undefined ? undefined : candidateOf(beside),
        encoding,
        take: (piece) => taker.take(piece),
      })
      const object = await taker.keep(key, meta)
      this.#options.changed(key)
      return object
    } catch (error) {
      return this.#failed(view, of, error, taker, { key, meta })
    }
  }

  #failed(
    view: View,
    of: StoredObject,
    error: unknown,
    taker: Taker,
    { key, meta }: { readonly key: string; readonly meta: ObjectMeta },
  ): StoredObject | Refused {
    if (error instanceof StoreError) {
      this.#options.storeFailed(view, error)
      return (
        taker.unkept(key, meta) ??
        refused({ kind: 'store-failed', reason: error.message, hint: error.hint }, of)
      )
    }
    if (error instanceof RenderError && error.refused) return unreadable(view, of, error)
    const reason = error instanceof Error ? error.message : String(error)
    return refused(
      { kind: 'store-failed', reason, hint: 'try again; if it stays so, see the log of the server' },
      of,
    )
  }
}

/** Under which a view is kept: what it shows, for whom, and how it is encoded. */
export function keyOf({ key, transform }: View, encoding: Encoding): string {
  const identity = JSON.stringify([transform.name, Object.entries(transform.params).sort()])
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 12)
  return `${key}~${digest}${encoding === 'gzip' ? '.gz' : ''}`
}

function madeFromOf(of: StoredObject, beside: StoredObject | undefined, version: string): string {
  return `${[of, ...(beside === undefined ? [] : [beside])].map(({ sha256 }) => sha256).join('+')} ${version}`
}

function candidateOf({ body, sizeBytes }: StoredObject): CandidateBody {
  // Lent bytes would change under the thread that reads them.
  if (body.kind === 'bytes') return { kind: 'bytes', bytes: new Uint8Array(body.bytes) }
  return { kind: 'file', path: body.path, sizeBytes }
}

function refused(refusal: Refusal, of: StoredObject): Refused {
  return { kind: 'refused', refusal, remembered: false, source: of.meta.source }
}

function unreadable(view: View, of: StoredObject, error: Error): Refused {
  const reason = `${of.meta.source} sent something for ${view.of.name} that cannot be read: ${error.message}`
  return refused({ kind: 'upstream-failed', reason }, of)
}

/** Good for one answer. */
function inMemory(key: string, bytes: Uint8Array, meta: ObjectMeta): StoredObject {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { key, sha256, sizeBytes: bytes.byteLength, meta, body: { kind: 'bytes', bytes } }
}

/** Takes the pieces of a view in, and keeps them whole or not at all. */
class Taker implements AsyncDisposable {
  readonly #store: Pick<Store, 'put' | 'stage'>
  #small: Uint8Array[] = []
  #smallBytes = 0
  #stage: Stage | undefined
  #isWhole = false

  constructor(store: Pick<Store, 'put' | 'stage'>) {
    this.#store = store
  }

  async take(piece: Uint8Array): Promise<void> {
    if (this.#stage === undefined) {
      this.#small.push(piece)
      this.#smallBytes += piece.byteLength
      if (this.#smallBytes <= IN_MEMORY_BYTES) return
      this.#stage = await this.#store.stage()
      for (const earlier of this.#small) await this.#stage.write(earlier)
      this.#small = []
      return
    }
    await this.#stage.write(piece)
  }

  keep(key: string, meta: ObjectMeta): Promise<StoredObject> {
    this.#isWhole = true
    return this.#stage === undefined
      ? this.#store.put(key, this.#bytes(), meta)
      : this.#stage.commit(key, meta)
  }

  /** What the disk did not take, when it is whole and small. */
  unkept(key: string, meta: ObjectMeta): StoredObject | undefined {
    if (!this.#isWhole || this.#stage !== undefined) return undefined
    return inMemory(key, this.#bytes(), meta)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stage?.[Symbol.asyncDispose]()
  }

  #bytes(): Uint8Array {
    return Buffer.concat(this.#small, this.#smallBytes)
  }
}
