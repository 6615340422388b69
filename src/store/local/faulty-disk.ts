import { type Disk, nodeDisk } from './disk.ts'

/**
 * A disk for tests that fails from the k-th change on: `crash` tears a write in half and nothing works any
 * more, `full` and `readonly` answer as such a disk does, `error` fails that one change only. Syncs count as
 * changes and are not made: these tests kill processes, not the machine.
 */
export type Fault = { readonly kind: 'crash' | 'full' | 'readonly' | 'error'; readonly at: number }

export class FaultyDisk {
  readonly disk: Disk
  #fault: Fault | undefined
  #changes = 0
  #struck = 0

  constructor() {
    const real = nodeDisk
    const nothing = () => Promise.resolve()
    const change = <T>(run: () => Promise<T>, torn?: () => Promise<void>, frees = false) =>
      this.#change(run, torn, frees)
    this.disk = {
      ...real,
      open: (path, flags) =>
        flags === 'wx+' ? change(() => real.open(path, flags)) : this.#read(() => real.open(path, flags)),
      write: (fd, bytes, position) =>
        change(
          () => real.write(fd, bytes, position),
          () => real.write(fd, bytes.subarray(0, bytes.length >> 1), position),
        ),
      datasync: () => change(nothing),
      truncate: (fd, sizeBytes) => change(() => real.truncate(fd, sizeBytes), undefined, true),
      rename: (from, to) => change(() => real.rename(from, to)),
      link: (from, to) => change(() => real.link(from, to)),
      unlink: (path) => change(() => real.unlink(path), undefined, true),
      mkdir: (path) => change(() => real.mkdir(path)),
      syncFolder: () => change(nothing),
      read: (fd, bytes, position) => this.#read(() => real.read(fd, bytes, position)),
    }
  }

  /** Changes from now on are counted from 1. */
  arm(fault: Fault | undefined): void {
    this.#fault = fault
    this.#changes = 0
    this.#struck = 0
  }

  /** How often the fault struck. */
  get struck(): number {
    return this.#struck
  }

  get #isDead(): boolean {
    return this.#struck > 0 && this.#fault?.kind === 'crash'
  }

  async #read<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isDead) throw errno('EIO')
    return run()
  }

  async #change<T>(
    run: () => Promise<T>,
    torn: (() => Promise<void>) | undefined,
    frees: boolean,
  ): Promise<T> {
    const fault = this.#fault
    if (!fault) return run()
    this.#changes++
    if (this.#changes < fault.at || (fault.kind === 'error' && this.#changes > fault.at)) return run()
    if (fault.kind === 'full' && frees) return run()
    this.#struck++
    if (this.#struck === 1 && fault.kind !== 'readonly') await torn?.()
    throw errno(codes[fault.kind])
  }
}

const codes = { crash: 'EIO', full: 'ENOSPC', readonly: 'EROFS', error: 'EIO' } as const

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}
