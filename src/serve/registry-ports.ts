import { readFile } from 'node:fs/promises'
import type { Cache } from '../cache/cache.ts'
import type { Kept, Refused } from '../cache/outcome.ts'
import type { CandidateBody, Resource, Verdict, View } from '../ecosystems/ecosystem.ts'
import type { StoredObject } from '../store/store.ts'
import type { Renderer } from '../views/renderer.ts'
import type { Views } from '../views/views.ts'

/** A view's plain bytes, and the kept body that they were made from. */
export interface MadeView {
  readonly kind: 'made'
  readonly body: CandidateBody
  /** Of the view's bytes: equal for equal bytes, so that what was parsed from them can be kept. */
  readonly sha256: string
  readonly of: Kept
}

/** What a registry's adapter may ask of the engine while it proves and locates. */
export interface RegistryPorts {
  /** What is kept, however old, with a refresh behind it; fetched when there is nothing. */
  ask(resource: Resource): Promise<Kept | Refused>
  /** Asks the sources again now. */
  refresh(resource: Resource): Promise<Kept | Refused>
  view(view: View): Promise<MadeView | Refused>
  /** Judges a body's form, a large one's away from the serving thread. Never rejects. */
  check(name: string, body: CandidateBody, params?: Readonly<Record<string, string>>): Promise<Verdict>
  now(): number
  /** The bytes of a view that is small by its nature; undefined when it cannot be had. Never rejects. */
  digest(view: View): Promise<Uint8Array | undefined>
}

export function registryPorts(engine: {
  readonly cache: Pick<Cache, 'askWhole' | 'refresh'>
  readonly views: Pick<Views, 'ask'>
  readonly renderer: Pick<Renderer, 'check'>
}): RegistryPorts {
  const { cache, views, renderer } = engine
  return {
    ask: (resource) => cache.askWhole(resource),
    refresh: (resource) => cache.refresh(resource),
    async view(view) {
      const seen = await views.ask(view, undefined)
      if (seen.kind === 'refused') return seen
      return { kind: 'made', body: bodyOf(seen.object), sha256: seen.object.sha256, of: seen.of }
    },
    check: (name, body, params = {}) => renderer.check({ name, body, params }),
    now: Date.now,
    async digest(view) {
      try {
        const seen = await views.ask(view, undefined)
        if (seen.kind === 'refused') return undefined
        const { body } = seen.object
        return body.kind === 'bytes' ? body.bytes : await readFile(body.path)
      } catch {
        // Nobody waits for it: what is wrong with the body, whoever asks for that learns.
        return undefined
      }
    },
  }
}

function bodyOf({ body, sizeBytes }: StoredObject): CandidateBody {
  return body.kind === 'bytes' ? body : { kind: 'file', path: body.path, sizeBytes }
}
