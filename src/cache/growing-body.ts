import { type FileHandle, open } from 'node:fs/promises'
import { asError } from '../as-error.ts'

/** What a growing body reads from: a file that only ever gets longer. */
export interface GrowingFile {
  readonly path: string
  readonly sizeBytes: number
}

type State = 'growing' | 'whole' | 'broken'

/**
 * A file that one writer fills and any number of readers follow, each at its own pace. Late readers start at
 * the first byte and catch up; a slow one holds back nobody and costs one chunk of memory.
 *
 * Readers share one descriptor: it stays valid when the file is renamed into its place or unlinked.
 */
export class GrowingBody {
  readonly expectedBytes: number | undefined
  readonly #file: GrowingFile
  #state: State = 'growing'
  #failure: Error | undefined
  #readers = 0
  #handle: Promise<FileHandle> | undefined
  #wake: (() => void) | undefined
  #change: Promise<void> | undefined

  constructor(file: GrowingFile, expectedBytes: number | undefined) {
    this.#file = file
    this.expectedBytes = expectedBytes
    // Opened at once: by the time the first reader asks, the file may have been renamed.
    this.#handle = open(file.path, 'r')
    this.#handle.catch(() => undefined) // reported to the readers, which await the same promise
  }

  get state(): State {
    return this.#state
  }

  get readers(): number {
    return this.#readers
  }

  /** Tells the readers that the file has grown. */
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
      const available = this.#file.sizeBytes - position
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

  async #readChunk(position: number, readable: number): Promise<Uint8Array> {
    const handle = await this.#handle
    if (handle === undefined) throw new Error(`${this.#file.path} is no longer open`)
    // Few readers get large chunks (less work per byte), many get small ones (bounded memory).
    const chunk = Buffer.allocUnsafeSlow(Math.min(readable, this.#readers > 32 ? 64 * 1024 : 256 * 1024))
    const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, position)
    if (bytesRead === 0) throw new Error(`${this.#file.path} is shorter than what was written to it`)
    return bytesRead === chunk.byteLength ? chunk : chunk.subarray(0, bytesRead)
  }

  #closeWhenUnused(): void {
    // One turn later: whoever was handed this body in the present turn starts to read within it.
    setImmediate(() => {
      if (this.#readers > 0 || this.#state === 'growing' || this.#handle === undefined) return
      const handle = this.#handle
      this.#handle = undefined
      handle.then(
        (opened) => opened.close(),
        () => undefined, // never opened: nothing to close
      )
    })
  }
}
