/** Runs one piece of work after the other, in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run)
    // A failure is told to whoever asked; the next turn comes all the same.
    this.#last = result.catch(() => undefined)
    return result
  }
}
