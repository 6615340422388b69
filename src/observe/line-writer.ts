import { asError } from '../as-error.ts'
/** Lines on their way to a terminal, a pipe or a file, without anybody waiting for them. */

import type { Writable } from 'node:stream'

/** Takes one batch of whole lines; resolves when it may be given the next, rejects when it takes no more. */
export type LineSink = (text: string) => Promise<void>

/** A stream as a sink. An error of the stream, a closed pipe for example, fails the next batch. */
export function streamSink(stream: Writable): LineSink {
  let broken: Error | undefined
  stream.on('error', (error: Error) => {
    broken ??= error
  })
  return (text) =>
    new Promise((resolve, reject) => {
      if (broken !== undefined) reject(broken)
      else stream.write(text, (error) => (error ? reject(error) : resolve()))
    })
}

export interface LineWriterOptions {
  readonly sink: LineSink
  /** What is waiting never holds more than this many characters. */
  readonly maxQueuedChars?: number
  /** The line that tells how many lines had to be dropped, once there is room again. */
  readonly droppedLine?: (count: number) => string
  /** Calls back soon, after what runs now; a seam for tests. */
  readonly soon?: (callback: () => void) => void
}

const MAX_QUEUED_CHARS = 1024 * 1024

/**
 * A bounded queue before a sink that may be slow or stuck. One batch is under way at a time, and everything
 * that came meanwhile goes with the next. What does not fit is dropped, counted and reported. A sink that
 * failed is not tried again.
 */
export class LineWriter {
  readonly #options: LineWriterOptions
  readonly #maxQueuedChars: number
  #queue: string[] = []
  #queuedChars = 0
  #unreported = 0
  #dropped = 0
  #failure: Error | undefined
  #running: Promise<void> | undefined

  constructor(options: LineWriterOptions) {
    this.#options = options
    this.#maxQueuedChars = options.maxQueuedChars ?? MAX_QUEUED_CHARS
  }

  /** Lines that were dropped since the start. */
  get dropped(): number {
    return this.#dropped
  }

  /** Why the sink takes no more; undefined while it does. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** True when a line would be dropped: making it is wasted work. */
  get isFull(): boolean {
    return this.#failure !== undefined || this.#queuedChars >= this.#maxQueuedChars
  }

  /** Counts a line that was not even made. */
  drop(): void {
    this.#dropped++
    this.#unreported++
  }

  /** `line` has no line end. Returns at once, whatever the sink does. */
  write(line: string): void {
    if (this.#failure !== undefined || this.#queuedChars + line.length >= this.#maxQueuedChars) {
      this.drop()
      return
    }
    this.#queue.push(line)
    this.#queuedChars += line.length + 1
    this.#running ??= this.#run()
  }

  /** Resolves when everything that was written is out, when the sink has failed, or when `signal` aborts. */
  async flush(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#running
    if (signal.aborted) return
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([this.#running, aborted])
  }

  async #run(): Promise<void> {
    await new Promise<void>((resolve) => (this.#options.soon ?? setImmediate)(resolve))
    while (this.#queue.length > 0 && this.#failure === undefined) {
      const batch = `${this.#queue.join('\n')}\n`
      this.#queue = []
      this.#queuedChars = 0
      await this.#options.sink(batch + this.#reportDropped()).catch((error: unknown) => {
        this.#failure = asError(error)
      })
    }
    this.#running = undefined
  }

  #reportDropped(): string {
    const count = this.#unreported
    if (count === 0 || this.#options.droppedLine === undefined) return ''
    this.#unreported = 0
    return `${this.#options.droppedLine(count)}\n`
  }
}
