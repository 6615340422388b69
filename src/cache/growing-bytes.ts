import { type FileHandle, open } from 'node:fs/promises'

/** What a growing body reads from: bytes that only ever get more. */
export interface GrowingBytes {
  readonly sizeBytes: number
  /** At least one and at most `length` of the bytes from `position` on, all of which are there. */
  read(position: number, length: number): Promise<Uint8Array>
  /** Nobody reads any more, and nobody will. */
  close(): void
}

/**
 * The bytes of a file that one writer fills. All readers share one descriptor: it stays valid when the file is renamed
 * into its place or unlinked.
 */
export class FileBytes implements GrowingBytes {
  readonly #file: { readonly path: string; readonly sizeBytes: number }
  readonly #handle: Promise<FileHandle>

  constructor(file: { readonly path: string; readonly sizeBytes: number }) {
    this.#file = file
    // Opened at once: by the time the first reader asks, the file may have been renamed.
    this.#handle = open(file.path, 'r')
    this.#handle.catch(() => undefined) // reported to the readers, which await the same promise
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const handle = await this.#handle
    const chunk = Buffer.allocUnsafeSlow(length)
    const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, position)
    if (bytesRead === 0) throw new Error(`${this.#file.path} is shorter than what was written to it`)
    return bytesRead === chunk.byteLength ? chunk : chunk.subarray(0, bytesRead)
  }

  close(): void {
    this.#handle.then(
      (opened) => opened.close(),
      () => undefined, // never opened: nothing to close
    )
  }
}

/** Bytes that are gathered in memory while they come. */
export class GatheredBytes implements GrowingBytes {
  readonly #chunks: Uint8Array[] = []
  readonly #room: Disposable | undefined
  #sizeBytes = 0

  /** @param room given back when nobody reads them any more */
  constructor(room?: Disposable) {
    this.#room = room
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#sizeBytes += chunk.byteLength
  }

  get chunks(): readonly Uint8Array[] {
    return this.#chunks
  }

  /** All of them in memory of their own. */
  joined(): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(this.#sizeBytes)
    let at = 0
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at)
      at += chunk.byteLength
    }
    return bytes
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    let from = position
    for (const chunk of this.#chunks) {
      if (from < chunk.byteLength) return chunk.subarray(from, from + length)
      from -= chunk.byteLength
    }
    throw new Error(`there are ${this.#sizeBytes} bytes, none at ${position}`)
  }

  close(): void {
    this.#room?.[Symbol.dispose]()
  }
}

/**
 * Bytes whose beginning is in memory and that go on in a file: who waits for the first of them waits for no disk. All of
 * them are written to the file.
 */
export class SpilledBytes implements GrowingBytes {
  readonly #beginning: GatheredBytes
  readonly #file: FileBytes

  /** @param beginning to which nothing is added any more */
  constructor(beginning: GatheredBytes, file: { readonly path: string; readonly sizeBytes: number }) {
    this.#beginning = beginning
    this.#file = new FileBytes(file)
  }

  get sizeBytes(): number {
    return Math.max(this.#beginning.sizeBytes, this.#file.sizeBytes)
  }

  read(position: number, length: number): Promise<Uint8Array> {
    const from = position < this.#beginning.sizeBytes ? this.#beginning : this.#file
    return from.read(position, length)
  }

  close(): void {
    this.#beginning.close()
    this.#file.close()
  }
}
