/** Lets callers go on one after the other, each in a turn of the event loop of its own. */
export class OneByOne {
  #last: Promise<void> = Promise.resolve()

  /** Resolves in a turn that no other caller goes on in. Never rejects. */
  turn(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)))
    return this.#last
  }
}
