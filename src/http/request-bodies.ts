export interface RequestBodyLimits {
  /** Of all large bodies together that are held at one time. */
  readonly maxHeldBytes: number
  /** A body that brings nothing for so long is given up. */
  readonly stallMs: number
}

export type ReadBody =
  | { readonly kind: 'read'; readonly body: Uint8Array | undefined }
  | { readonly kind: 'too-large' | 'stalled' | 'busy' }

/** From this size on a body counts: an audit must pass while packages are published. */
const SMALL_BYTES = 1024 * 1024

/** Bodies of requests in memory: each bounded, all of them together, and none waited for when it stands still. */
export class RequestBodies {
  readonly #limits: RequestBodyLimits
  #heldBytes = 0

  constructor(limits: Partial<RequestBodyLimits> = {}) {
    this.#limits = { maxHeldBytes: 256 * 1024 * 1024, stallMs: 60_000, ...limits }
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** What is read within it counts until it is left. */
  holding(): { read(request: Request, maxBytes: number): Promise<ReadBody> } & Disposable {
    let countedBytes = 0
    const count = (bytes: number) => {
      const large = Math.max(0, bytes - SMALL_BYTES)
      if (this.#heldBytes - countedBytes + large > this.#limits.maxHeldBytes) return false
      this.#heldBytes += large - countedBytes
      countedBytes = large
      return true
    }
    return {
      read: (request, maxBytes) => this.#read(request, maxBytes, count),
      [Symbol.dispose]: () => {
        this.#heldBytes -= countedBytes
        countedBytes = 0
      },
    }
  }

  async #read(request: Request, maxBytes: number, count: (bytes: number) => boolean): Promise<ReadBody> {
    if (request.body === null) return { kind: 'read', body: undefined }
    const reader = request.body.getReader()
    const give = (kind: 'too-large' | 'stalled' | 'busy'): ReadBody => {
      // Whoever goes on sending is not heard any more; how that ends is of no interest.
      reader.cancel().catch(() => undefined)
      return { kind }
    }
    const chunks: Uint8Array[] = []
    for (let bytes = 0; ; ) {
      const next = await this.#next(reader)
      if (next === undefined) return give('stalled')
      if (next.done) return { kind: 'read', body: Buffer.concat(chunks, bytes) }
      bytes += next.value.byteLength
      if (bytes > maxBytes) return give('too-large')
      if (!count(bytes)) return give('busy')
      chunks.push(next.value)
    }
  }

  async #next(reader: Pick<ReadableStreamDefaultReader<Uint8Array>, 'read'>) {
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => late.resolve(undefined), this.#limits.stallMs)
    try {
      return await Promise.race([reader.read(), late.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}
