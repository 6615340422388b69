import { join } from 'node:path'
import type { Clock } from './clock.ts'
import { type Disk, isErrno } from './disk.ts'
import { step } from './store-fault.ts'

/**
 * Bodies by digest, one file each: `<folder>/aa/<hex>`. A file goes only when no key names it any more, nobody
 * holds it, and a grace time has passed: whoever was just told its path opens it a moment later.
 */
export class BlobFiles {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #folder: string
  readonly #stillUsed: (sha256: string) => Promise<boolean>
  readonly #log: (line: string) => void
  readonly #pins = new Map<string, number>()
  readonly #dying = new Map<string, { sizeBytes: number; dueMs: number }>()
  readonly #unlinking = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()
  /** Room of files that were held after their grace time, or could not be removed. */
  readonly #held = new Map<string, number>()
  #dyingBytes = 0
  #heldBytes = 0
  #isFailing = false
  #running: Promise<void> | undefined

  constructor(options: {
    disk: Disk
    clock: Clock
    folder: string
    /** Asked last before a file is removed. A failure leaves the file for a later time. */
    stillUsed: (sha256: string) => Promise<boolean>
    log: (line: string) => void
  }) {
    this.#disk = options.disk
    this.#clock = options.clock
    this.#folder = options.folder
    this.#stillUsed = options.stillUsed
    this.#log = options.log
  }

  path(sha256: string): string {
    return join(this.#folder, sha256.slice(0, 2), sha256)
  }

  /** Room of files that no key names and that are not removed yet. */
  get dyingBytes(): number {
    return this.#dyingBytes + this.#heldBytes
  }

  /** The part of `dyingBytes` that `settle` gives back. */
  get returningBytes(): number {
    return this.#dyingBytes
  }

  /** True when a file that no key names had to stay. */
  leftBehind = false

  isPinned(sha256: string): boolean {
    return this.#pins.has(sha256)
  }

  /** Keeps the file while it lasts. */
  pin(sha256: string): Disposable {
    this.#pins.set(sha256, (this.#pins.get(sha256) ?? 0) + 1)
    let done = false
    return {
      [Symbol.dispose]: () => {
        if (done) return
        done = true
        const left = (this.#pins.get(sha256) ?? 1) - 1
        if (left > 0) this.#pins.set(sha256, left)
        else this.#unpinned(sha256)
      },
    }
  }

  /** Brings a written and synced file in. Durable when it resolves. Pin the digest before. */
  async adopt(from: string, sha256: string): Promise<void> {
    await this.#unlinking.get(sha256)
    const folder = join(this.#folder, sha256.slice(0, 2))
    await step('rename', from, async () => {
      try {
        await this.#disk.rename(from, this.path(sha256))
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error
        // The first with these two digits.
        await step('create', folder, () => this.#disk.mkdir(folder))
        await step('sync', this.#folder, () => this.#disk.syncFolder(this.#folder))
        await this.#disk.rename(from, this.path(sha256))
      }
    })
    await step('sync', folder, () => this.#disk.syncFolder(folder))
  }

  /** One key less names this file. */
  release(sha256: string, sizeBytes: number): void {
    const sum = sizeBytes + (this.#dying.get(sha256)?.sizeBytes ?? 0)
    this.#dying.delete(sha256)
    this.#dying.set(sha256, { sizeBytes: sum, dueMs: this.#clock.now() + graceMs })
    this.#dyingBytes += sizeBytes
    this.#running ??= this.#run()
  }

  /** Resolves when every file that nobody holds is gone. */
  async settle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Removes what may go without waiting for the grace time. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.settle()
  }

  /** Names of all files, a folder at a time. */
  async *walk(): AsyncGenerator<{ sha256: string; path: string }[]> {
    for (const prefix of await this.#disk.list(this.#folder)) {
      const folder = join(this.#folder, prefix)
      const names = await this.#disk.list(folder)
      yield names.map((name) => ({ sha256: name, path: join(folder, name) }))
    }
  }

  /** Removes files that no key names: what a crash between rename and record left. True when it got through. */
  async sweep(signal: AbortSignal): Promise<boolean> {
    let clean = true
    for await (const files of this.walk()) {
      for (const { sha256, path } of files) {
        if (signal.aborted) return false
        if (!/^[0-9a-f]{64}$/.test(sha256) || this.#dying.has(sha256) || this.#held.has(sha256)) continue
        if ((await this.#unlink(sha256, path)) === 'failed' && !this.isPinned(sha256)) clean = false
      }
    }
    return clean
  }

  /** Tries again to remove what could not be removed. */
  retry(): void {
    for (const sha256 of [...this.#held.keys()]) if (!this.isPinned(sha256)) this.#again(sha256)
  }

  #unpinned(sha256: string): void {
    this.#pins.delete(sha256)
    this.#again(sha256)
  }

  #again(sha256: string): void {
    const sizeBytes = this.#held.get(sha256)
    if (sizeBytes === undefined) return
    this.#held.delete(sha256)
    this.#heldBytes -= sizeBytes
    this.release(sha256, sizeBytes)
  }

  async #run(): Promise<void> {
    await undefined
    for (let first = this.#first(); first; first = this.#first()) {
      const [sha256, { sizeBytes, dueMs }] = first
      const waitMs = dueMs - this.#clock.now()
      if (waitMs > 0 && !this.#stop.signal.aborted) {
        await this.#clock.delay(waitMs, this.#stop.signal)
        continue
      }
      this.#dying.delete(sha256)
      if ((await this.#unlink(sha256, this.path(sha256))) === 'failed') {
        this.#held.set(sha256, sizeBytes + (this.#held.get(sha256) ?? 0))
        this.#heldBytes += sizeBytes
        this.leftBehind ||= this.#stop.signal.aborted
      }
      this.#dyingBytes -= sizeBytes
    }
    this.#running = undefined
  }

  #first(): [string, { sizeBytes: number; dueMs: number }] | undefined {
    for (const entry of this.#dying) return entry
    return undefined
  }

  async #unlink(sha256: string, path: string): Promise<'gone' | 'needed' | 'failed'> {
    try {
      if (this.isPinned(sha256)) return 'failed'
      if (await this.#stillUsed(sha256)) return 'needed'
      if (this.isPinned(sha256)) return 'failed'
      const gone = this.#disk.unlink(path)
      this.#unlinking.set(
        sha256,
        // Told below; whoever waits to bring the same file in needs to know only that this is over.
        gone.catch(() => undefined),
      )
      await gone
      this.#isFailing = false
      return 'gone'
    } catch (error) {
      // It counts as used room until a later try succeeds. Of many in a row one line is enough.
      if (!this.#isFailing) this.#log(`cannot remove ${path}: ${String(error)}`)
      this.#isFailing = true
      return 'failed'
    } finally {
      this.#unlinking.delete(sha256)
    }
  }
}

const graceMs = 2000
