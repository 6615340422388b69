/** A share of the requests, as a bucket of tokens: what is saved in quiet times may be spent, up to a bound. */
export class Budget {
  readonly #share: number
  readonly #most: number
  #tokens: number

  /**
   * @param share tokens earned by each request
   * @param most the bound, and what is there at the start
   */
  constructor(share: number, most: number) {
    this.#share = share
    this.#most = most
    this.#tokens = most
  }

  earn(): void {
    this.#tokens = Math.min(this.#most, this.#tokens + this.#share)
  }

  /** False when nothing is left: then the thing is not done. */
  spend(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
