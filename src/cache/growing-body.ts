import { asError } from '../as-error.ts'
import type { GrowingBytes } from './growing-bytes.ts'

type State = 'growing' | 'whole' | 'broken'

/**
 * What one writer fills and any number of readers follow, each at its own pace. Late readers start at
 * the first byte and catch up; a slow one holds back nobody and costs one chunk of memory.
 */
export class GrowingBody {
  readonly expectedBytes: number | undefined
  readonly #bytes: GrowingBytes
  #state: State = 'growing'
  #failure: Error | undefined
  #readers = 0
  #closed = false
  #wake: (() => void) | undefined
  #change: Promise<void> | undefined

  constructor(bytes: GrowingBytes, expectedBytes: number | undefined) {
    this.#bytes = bytes
    this.expectedBytes = expectedBytes
  }

  get state(): State {
    return this.#state
  }

  get readers(): number {
    return this.#readers
  }

  /** Tells the readers that there are more bytes. */
  grown(): void {
    const wake = this.#wake
    this.#wake = undefined
    this.#change = undefined
    wake?.()
  }

  /** The writer is done; readers end cleanly once they have read it all. */
  finish(): void {
    if (this.#state !== 'growing') return
    this.#state = 'whole'
    this.grown()
    this.#closeWhenUnused()
  }

  /** The body will never be whole, or is wrong: every reader is cut off, never ended cleanly. */
  fail(failure: Error): void {
    if (this.#state !== 'growing') return
    this.#state = 'broken'
    this.#failure = failure
    this.grown()
    this.#closeWhenUnused()
  }

  /**
   * Streams the body from its first byte. Must be consumed or cancelled.
   *
   * The last chunk is held back until the body is declared whole, so that a client never has all bytes of a
   * body whose proof then fails.
   */
  stream(onEnd?: (sentBytes: number, failure: Error | undefined) => void): ReadableStream<Uint8Array> {
    this.#readers++
    let position = 0
    let open = true
    const end = (failure?: Error) => {
      if (!open) return
      open = false
      this.#readers--
      this.#closeWhenUnused()
      onEnd?.(position, failure)
    }
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            const chunk = await this.#read(position)
            if (chunk === undefined) {
              controller.close()
              end()
              return
            }
            position += chunk.byteLength
            controller.enqueue(chunk)
          } catch (error) {
            const failure = asError(error)
            controller.error(failure)
            end(failure)
          }
        },
        cancel: () => end(new Error('the client left')),
      },
      { highWaterMark: 0 },
    )
  }

  async #read(position: number): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#state === 'broken') throw this.#failure ?? new Error('the body broke off')
      const available = this.#bytes.sizeBytes - position
      const whole = this.#state === 'whole'
      const readable = whole ? available : available - 1
      if (readable > 0) return await this.#readChunk(position, readable)
      if (whole) return undefined
      this.#change ??= new Promise((resolve) => {
        this.#wake = resolve
      })
      await this.#change
    }
  }

  #readChunk(position: number, readable: number): Promise<Uint8Array> {
    if (this.#closed) throw new Error('the body is no longer at hand')
    // Few readers get large chunks (less work per byte), many get small ones (bounded memory).
    return this.#bytes.read(position, Math.min(readable, this.#readers > 32 ? 64 * 1024 : 256 * 1024))
  }

  #closeWhenUnused(): void {
    // One turn later: whoever was handed this body in the present turn starts to read within it.
    setImmediate(() => {
      if (this.#readers > 0 || this.#state === 'growing' || this.#closed) return
      this.#closed = true
      this.#bytes.close()
    })
  }
}
