/**
 * The toolchains that take their time are asked once, for whoever needs them first. A request can come as soon as
 * the port is open, before there is anybody whom their answers could be told: it waits for that too.
 */
export class LateOpening {
  readonly #asking = Promise.withResolvers<() => Promise<void>>()
  #opened: Promise<void> | undefined

  /** Resolves when they have been asked. */
  open(): Promise<void> {
    this.#opened ??= this.#asking.promise.then((ask) => ask())
    return this.#opened
  }

  /** From now on they can be asked. */
  enable(ask: () => Promise<void>): void {
    this.#asking.resolve(ask)
  }

  /** Resolves when nobody is being asked. */
  async idle(): Promise<void> {
    await this.#opened
  }
}
