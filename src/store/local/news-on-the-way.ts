import type { Pack, PackWriter } from './packs.ts'

/** What is being appended, by key: until it lands, what the table says of the key is older. */
export class NewsOnTheWay {
  readonly #writer: PackWriter
  readonly #counts = new Map<string, number>()

  constructor(writer: PackWriter) {
    this.#writer = writer
  }

  isOf(key: string): boolean {
    return this.#counts.has(key)
  }

  /** Resolves when nothing is on its way. */
  landed(): Promise<void> {
    return this.#writer.drain()
  }

  /** Durable when it resolves. `landed` is called once it is, and before anything later lands. */
  async append(key: string, bytes: Buffer, landed: (pack: Pack, offset: number) => void): Promise<void> {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    try {
      await this.#writer.append(bytes, (pack, offset) => {
        this.#arrived(key)
        landed(pack, offset)
      })
    } catch (error) {
      this.#arrived(key)
      throw error
    }
  }

  #arrived(key: string): void {
    const left = (this.#counts.get(key) ?? 1) - 1
    if (left === 0) this.#counts.delete(key)
    else this.#counts.set(key, left)
  }
}
