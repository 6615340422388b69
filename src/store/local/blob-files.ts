import { join } from 'node:path'
import type { Clock } from './clock.ts'
import type { Disk } from './disk.ts'
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
  readonly #pins = new Map<string, number>()
  readonly #dying = new Map<string, { sizeBytes: number; dueMs: number }>()
  readonly #unlinking = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()
  #dyingBytes = 0
  #running: Promise<void> | undefined

  constructor(options: {
    disk: Disk
    clock: Clock
    folder: string
    /** Asked last before a file is removed. A failure leaves the file for a later time. */
    stillUsed: (sha256: string) => Promise<boolean>
  }) {
    this.#disk = options.disk
    this.#clock = options.clock
    this.#folder = options.folder
    this.#stillUsed = options.stillUsed
  }

  path(sha256: string): string {
    return join(this.#folder, sha256.slice(0, 2), sha256)
  }

  /** Room of files that no key names and that are not removed yet. */
  get dyingBytes(): number {
    return this.#dyingBytes
  }

  get dyingCount(): number {
    return this.#dying.size
  }

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
        if (left === 0) this.#pins.delete(sha256)
        else this.#pins.set(sha256, left)
      },
    }
  }

  /** Brings a written and synced file in. Durable when it resolves. Pin the digest before. */
  async adopt(from: string, sha256: string): Promise<void> {
    await this.#unlinking.get(sha256)
    const folder = join(this.#folder, sha256.slice(0, 2))
    if ((await step('look at', folder, () => this.#disk.size(folder))) === undefined) {
      await step('create', folder, () => this.#disk.mkdir(folder))
      await step('sync', this.#folder, () => this.#disk.syncFolder(this.#folder))
    }
    await step('rename', from, () => this.#disk.rename(from, this.path(sha256)))
    await step('sync', folder, () => this.#disk.syncFolder(folder))
  }

  /** One key less names this file. */
  release(sha256: string, sizeBytes: number): void {
    const before = this.#dying.get(sha256)
    const sum = sizeBytes + (before?.sizeBytes ?? 0)
    this.#dying.set(sha256, { sizeBytes: sum, dueMs: this.#clock.now() + graceMs })
    this.#dyingBytes += sizeBytes
    this.#running ??= this.#run()
  }

  /** Resolves when every file that may go is gone. */
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

  /** Removes files that no key names: what a crash between rename and record left. */
  async sweep(): Promise<number> {
    let removed = 0
    for await (const files of this.walk()) {
      for (const { sha256, path } of files) {
        if (!/^[0-9a-f]{64}$/.test(sha256) || this.#dying.has(sha256)) continue
        if (await this.#unlink(sha256, path)) removed++
      }
    }
    return removed
  }

  async #run(): Promise<void> {
    await undefined
    for (let first = this.#first(); first; first = this.#first()) {
      const [sha256, { sizeBytes, dueMs }] = first
      const closing = this.#stop.signal.aborted
      const waitMs = dueMs - this.#clock.now()
      if (waitMs > 0 && !closing) {
        await this.#clock.delay(waitMs, this.#stop.signal)
        continue
      }
      this.#dying.delete(sha256)
      if (this.isPinned(sha256) && !closing) {
        this.#dying.set(sha256, { sizeBytes, dueMs: this.#clock.now() + graceMs })
        continue
      }
      await this.#unlink(sha256, this.path(sha256))
      this.#dyingBytes -= sizeBytes
    }
    this.#running = undefined
  }

  #first(): [string, { sizeBytes: number; dueMs: number }] | undefined {
    for (const entry of this.#dying) return entry
    return undefined
  }

  /** False when the file is needed, or could not be removed: the sweep of a later start comes back to it. */
  async #unlink(sha256: string, path: string): Promise<boolean> {
    try {
      if (this.isPinned(sha256) || (await this.#stillUsed(sha256)) || this.isPinned(sha256)) return false
      const gone = this.#disk.unlink(path)
      this.#unlinking.set(
        sha256,
        gone.catch(() => undefined),
      )
      await gone
      return true
    } catch {
      return false
    } finally {
      this.#unlinking.delete(sha256)
    }
  }
}

const graceMs = 2000
