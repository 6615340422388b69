import type { Asking, EcosystemId } from '../ecosystems/ecosystem.ts'

/** The door that a request came in by: a listening address, and what stands behind it. */
export interface Entrance {
  /** The ecosystem that has this door to itself; undefined where each stands below its own prefix. */
  readonly root: EcosystemId | undefined
  /** The address of who is asking; empty when it is not known. */
  peer(request: Request): string
  /** Whether the settings give us this host name (lower case, without a port). */
  isOwnName(host: string): boolean
  /** The address under which this client reaches us, without a path. */
  base(request: Request): string
}

/** A request as an adapter sees it: read only where it looks. */
export class AskingRequest implements Asking {
  readonly #request: Request
  readonly #entrance: Entrance
  readonly #id: EcosystemId
  #base: string | undefined

  constructor(request: Request, entrance: Entrance, id: EcosystemId) {
    this.#request = request
    this.#entrance = entrance
    this.#id = id
  }

  get method(): string {
    return this.#request.method
  }

  get query(): string {
    const { url } = this.#request
    const at = url.indexOf('?')
    return at < 0 ? '' : url.slice(at + 1)
  }

  get atRoot(): boolean {
    return this.#entrance.root !== undefined
  }

  get base(): string {
    if (this.#base === undefined) {
      const address = this.#entrance.base(this.#request)
      this.#base = this.atRoot ? address : `${address}/${this.#id}`
    }
    return this.#base
  }

  /** A function of its own, so that it may be handed on. */
  readonly header = (name: string): string | undefined => this.#request.headers.get(name) ?? undefined
}
