import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { SerialQueue } from './serial-queue.ts'
import { step } from './store-fault.ts'

/** Small named values, one file each, replaced atomically. */
export class StateFiles {
  readonly #disk: Disk
  readonly #folder: string
  readonly #tmp: string
  readonly #queue = new SerialQueue()

  constructor(disk: Disk, folder: string, tmp: string) {
    this.#disk = disk
    this.#folder = folder
    this.#tmp = tmp
  }

  async read(name: string): Promise<string | undefined> {
    const path = this.#path(name)
    const sizeBytes = await step('look at', path, () => this.#disk.size(path))
    if (sizeBytes === undefined) return undefined
    const fd = await step('open', path, () => this.#disk.open(path, 'r'))
    try {
      const bytes = Buffer.alloc(sizeBytes)
      const count = await step('read', path, () => this.#disk.read(fd, bytes, 0))
      return bytes.toString('utf8', 0, count)
    } finally {
      await this.#disk.close(fd)
    }
  }

  /** False, and nothing written, when the present value is not `expected`. */
  swap(name: string, expected: string | undefined, next: string): Promise<boolean> {
    return this.#queue.run(async () => {
      if ((await this.read(name)) !== expected) return false
      await this.#write(name, next)
      return true
    })
  }

  async #write(name: string, value: string): Promise<void> {
    const path = this.#path(name)
    const staged = join(this.#tmp, `state-${encodeURIComponent(name)}`)
    await step('remove', staged, () => this.#disk.unlink(staged))
    const fd = await step('create', staged, () => this.#disk.open(staged, 'wx+'))
    try {
      await step('write', staged, () => this.#disk.write(fd, Buffer.from(value), 0))
      await step('sync', staged, () => this.#disk.datasync(fd))
    } finally {
      await this.#disk.close(fd)
    }
    await step('rename', staged, () => this.#disk.rename(staged, path))
    await step('sync', this.#folder, () => this.#disk.syncFolder(this.#folder))
  }

  #path(name: string): string {
    return join(this.#folder, encodeURIComponent(name))
  }
}
