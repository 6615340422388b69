import type { Catalog } from './catalog.ts'
import type { Disk } from './disk.ts'
import type { PackPlace } from './index-db.ts'
import { scanPack } from './pack-scan.ts'
import type { Pack } from './packs.ts'

/** What a start (or a damaged index) leaves to be done while the store serves already. */
export class Recovery {
  readonly #disk: Disk
  readonly #catalog: Catalog
  readonly #signal: AbortSignal
  readonly #isReadOnly: boolean
  readonly #log: (line: string) => void
  #waiters: (() => void)[] = []

  constructor(options: {
    disk: Disk
    catalog: Catalog
    signal: AbortSignal
    isReadOnly: boolean
    log: (line: string) => void
  }) {
    this.#disk = options.disk
    this.#catalog = options.catalog
    this.#signal = options.signal
    this.#isReadOnly = options.isReadOnly
    this.#log = options.log
  }

  /** Resolves when more is known than now. */
  progress(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  /** Reads the packs from `covered` on, or all of them, then the rows that the index has beyond that. */
  async run(covered: PackPlace | undefined): Promise<void> {
    const { index } = this.#catalog
    const { generation } = index
    try {
      const whole = await this.#readPacks(covered)
      if (this.#catalog.state === 'tail') {
        this.#catalog.state = 'filling'
        this.#advance()
        await this.#fill(generation)
      }
      // When the index was found damaged meanwhile, its successor gets a run of its own.
      if (this.#signal.aborted || generation !== index.generation) return
      if (this.#catalog.state !== 'complete') this.#catalog.completed()
      index.incomplete = !whole
      this.#markCovered()
    } finally {
      this.#advance()
    }
  }

  #markCovered(): void {
    const last = this.#catalog.packs.last
    if (last) this.#catalog.index.applied({ pack: last.id, offset: last.sizeBytes })
  }

  /** Newest first: what is met first of a key is final. False when some could not be read. */
  async #readPacks(covered: PackPlace | undefined): Promise<boolean> {
    let whole = true
    const packs = this.#catalog.packs.all()
    const newest = packs.at(-1)
    for (const pack of packs.reverse()) {
      if (this.#signal.aborted) return false
      if (covered && pack.id < covered.pack) continue
      const from = covered?.pack === pack.id ? covered.offset : 0
      try {
        await this.#readPack(pack, from, pack === newest)
      } catch (error) {
        // The rest goes on serving; the next start reads it again.
        this.#log(`cannot read ${pack.path}: ${String(error)}`)
        whole = false
      }
      this.#advance()
    }
    return whole
  }

  async #readPack(pack: Pack, from: number, isNewest: boolean): Promise<void> {
    const { sizeBytes } = pack
    const lastOf = new Map<
      string,
      { record: Parameters<Catalog['learn']>[0]; offset: number; length: number }
    >()
    const scan = await scanPack(this.#disk, pack, from, ({ record, bytes, offset }) => {
      const key = record.kind === 'gone' ? record.key : record.head.key
      if (record.kind === 'gone') pack.goneBytes += bytes.length
      const slim = record.kind === 'body' ? { ...record, body: noBody } : record
      lastOf.set(key, { record: slim, offset, length: bytes.length })
    })
    if (this.#signal.aborted) return
    let turn = 0
    for (const { record, offset, length } of lastOf.values()) {
      this.#catalog.learn(record, { pack: pack.id, offset }, length)
      if (++turn % recordsInATurn === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    if (isNewest && pack.closed && scan.endBytes < sizeBytes && !this.#isReadOnly)
      await this.#cut(pack, scan.endBytes)
  }

  /** A torn end is what a crash left of records that nobody was told were kept. */
  async #cut(pack: Pack, endBytes: number): Promise<void> {
    try {
      await this.#disk.truncate(pack.fd, endBytes)
      this.#catalog.packs.resize(pack, endBytes)
    } catch {
      // It stays as dead bytes: every reader skips it, and compaction drops it.
    }
  }

  async #fill(generation: number): Promise<void> {
    const { index } = this.#catalog
    for (let after = ''; !this.#signal.aborted && index.generation === generation; ) {
      const rows = index.page(after, rowsInATurn)
      const last = rows?.at(-1)
      if (!rows || !last) return
      for (const row of rows) this.#catalog.load(row)
      after = last.key
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #advance(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }
}

const noBody = Buffer.alloc(0)
const rowsInATurn = 500
const recordsInATurn = 500
