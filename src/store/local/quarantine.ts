import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import type { Disk } from './disk.ts'
import { SerialQueue } from './serial-queue.ts'
import { step } from './store-fault.ts'

export interface QuarantineNote {
  readonly key: string
  readonly note: string
  readonly sha256?: string
}

/** Evidence of what was wrong: the bytes and a note for each, the oldest given up when room is short. */
export class Quarantine {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #folder: string
  readonly #maxBytes: number
  readonly #queue = new SerialQueue()
  readonly #entries: { name: string; sizeBytes: number }[] = []
  #bytes = 0

  constructor(options: { disk: Disk; clock: Clock; folder: string; maxBytes: number }) {
    this.#disk = options.disk
    this.#clock = options.clock
    this.#folder = options.folder
    this.#maxBytes = options.maxBytes
  }

  get count(): number {
    return this.#entries.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Learns what lies there from earlier runs. */
  async load(): Promise<void> {
    await this.#queue.run(async () => {
      const sizes = new Map<string, number>()
      for (const name of await this.#disk.list(this.#folder)) {
        const base = name.replace(/\.(bin|json)$/, '')
        const sizeBytes = (await this.#disk.size(join(this.#folder, name))) ?? 0
        sizes.set(base, sizeBytes + (sizes.get(base) ?? 0))
      }
      const known = new Set(this.#entries.map(({ name }) => name))
      const found = [...sizes].filter(([name]) => !known.has(name))
      this.#entries.unshift(...found.map(([name, sizeBytes]) => ({ name, sizeBytes })))
      for (const [, sizeBytes] of found) this.#bytes += sizeBytes
      await this.#trim(0)
    })
  }

  keepBytes(bytes: Uint8Array, note: QuarantineNote): Promise<void> {
    return this.#queue.run(() =>
      this.#keep(note, bytes.length, async (path) => {
        await writeFile(this.#disk, path, bytes)
      }),
    )
  }

  /** Gives a file a second name here; its own stays. One larger than the whole quarantine leaves only its note. */
  keepFile(from: string, note: QuarantineNote): Promise<void> {
    return this.#queue.run(async () => {
      const size = await this.#disk.size(from)
      await this.#keep(note, size ?? 0, async (path) => {
        if (size !== undefined) await step('link', from, () => this.#disk.link(from, path))
      })
    })
  }

  async #keep(
    about: QuarantineNote,
    evidenceBytes: number,
    bring: (path: string) => Promise<void>,
  ): Promise<void> {
    const at = this.#clock.now()
    const name = `${String(at).padStart(15, '0')}-${randomBytes(6).toString('hex')}`
    const tooLarge = evidenceBytes + maxNoteBytes > this.#maxBytes
    const text = Buffer.from(
      `${JSON.stringify({ ...about, note: about.note.slice(0, 1000), at: new Date(at).toISOString(), sizeBytes: evidenceBytes, kept: !tooLarge })}\n`,
    )
    const sizeBytes = text.length + (tooLarge ? 0 : evidenceBytes)
    await this.#trim(sizeBytes)
    const entry = { name, sizeBytes }
    this.#entries.push(entry)
    this.#bytes += sizeBytes
    try {
      if (!tooLarge) await bring(join(this.#folder, `${name}.bin`))
      await writeFile(this.#disk, join(this.#folder, `${name}.json`), text)
    } catch (error) {
      await this.#remove(entry)
      throw error
    }
  }

  async #trim(comingBytes: number): Promise<void> {
    while (this.#bytes + comingBytes > this.#maxBytes || this.#entries.length > maxEntries) {
      const oldest = this.#entries[0]
      if (!oldest) return
      await this.#remove(oldest)
    }
  }

  /** What cannot be removed still counts. */
  async #remove(entry: { name: string; sizeBytes: number }): Promise<void> {
    for (const end of ['.bin', '.json']) {
      const path = join(this.#folder, entry.name + end)
      await step('remove', path, () => this.#disk.unlink(path))
    }
    this.#entries.splice(this.#entries.indexOf(entry), 1)
    this.#bytes -= entry.sizeBytes
  }
}

async function writeFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const fd = await step('create', path, () => disk.open(path, 'wx+'))
  try {
    await step('write', path, () => disk.write(fd, bytes, 0))
  } finally {
    await disk.close(fd)
  }
}

const maxEntries = 1000
const maxNoteBytes = 4096
