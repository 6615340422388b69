import type { BlobFiles } from './blob-files.ts'
import type { Clock } from './clock.ts'
import { type DataFolder, sweepTmp } from './data-folder.ts'
import type { Disk } from './disk.ts'
import type { Quarantine } from './quarantine.ts'
import type { Room } from './room.ts'
import type { StateFiles } from './state-files.ts'

export interface UpkeepParts {
  readonly clock: Clock
  readonly disk: Disk
  readonly folder: DataFolder
  readonly blobs: BlobFiles
  readonly quarantine: Quarantine
  readonly state: StateFiles
  readonly room: Room
  readonly signal: AbortSignal
  readonly maxBytes: number
  readonly evictAtStart: boolean
  /** 0 for never. */
  readonly scrubEveryMs: number
  readonly ready: () => Promise<void>
}

/** The store's slow chores: leftovers after a start, tidy packs, a scrub now and then. */
export class Upkeep {
  readonly #parts: UpkeepParts
  lastScrubAtMs: number | undefined

  constructor(parts: UpkeepParts) {
    this.#parts = parts
  }

  /** Learns what earlier runs left behind to be told: when they scrubbed, and what they put aside. */
  async load(): Promise<void> {
    const { quarantine, state } = this.#parts
    this.lastScrubAtMs = Number(await state.read(scrubState)) || undefined
    await quarantine.load()
  }

  /** Once after a start; `unclean` when the last run may have left files that no key names. */
  async cleanUp(unclean: boolean): Promise<void> {
    const { disk, folder, blobs, room, signal, maxBytes, evictAtStart, ready } = this.#parts
    if (!folder.lock) return
    await sweepTmp(disk, folder)
    await ready()
    if (unclean) {
      blobs.leftBehind = true
      if (await blobs.sweep(signal)) blobs.leftBehind = false
    }
    if (evictAtStart && room.usedBytes > maxBytes && !signal.aborted) await room.collect(maxBytes)
  }

  async tidyForEver(): Promise<void> {
    const { clock, signal, blobs, room, folder } = this.#parts
    while (!signal.aborted) {
      await clock.delay(tidyEveryMs, signal)
      blobs.retry()
      if (!signal.aborted && folder.lock) await room.tidy()
    }
  }

  async scrubForEver(scrub: () => Promise<unknown>): Promise<void> {
    const { clock, signal, scrubEveryMs, state } = this.#parts
    while (!signal.aborted && scrubEveryMs > 0) {
      const last = Number(await state.read(scrubState)) || 0
      const waitMs = last + scrubEveryMs - clock.now()
      // Waits are cut into hours, so that a clock that was set meanwhile is noticed.
      await clock.delay(Math.min(Math.max(waitMs, scrubRestMs), 3_600_000), signal)
      if (waitMs <= scrubRestMs && !signal.aborted) await scrub()
    }
  }

  async noteScrub(): Promise<void> {
    const { clock, folder, state } = this.#parts
    this.lastScrubAtMs = clock.now()
    if (!folder.lock) return
    await state.swap(scrubState, await state.read(scrubState), String(this.lastScrubAtMs))
  }
}

const scrubState = 'scrub'
const tidyEveryMs = 5000
/** The least time before and between scrubs. */
const scrubRestMs = 600_000
