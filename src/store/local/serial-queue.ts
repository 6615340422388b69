/** Runs one piece of work after the other, in the order in which they were asked for. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    // A failure is told to whoever asked; the next piece is done all the same.
    this.#last = result.catch(() => undefined)
    return result
  }
}
