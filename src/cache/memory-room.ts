/** Memory for bodies on their way in, bounded over all of them. */
export class MemoryRoom {
  #freeBytes: number

  constructor(maxBytes: number) {
    this.#freeBytes = maxBytes
  }

  /** Undefined when there is no room now; given back once, by disposing of it. */
  take(bytes: number): Disposable | undefined {
    if (bytes > this.#freeBytes) return undefined
    this.#freeBytes -= bytes
    let held = bytes
    return {
      [Symbol.dispose]: () => {
        this.#freeBytes += held
        held = 0
      },
    }
  }
}
