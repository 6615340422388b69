import { createNoteSigner } from './note-signer.ts'
import { parseTilePath, TILE_HEIGHT } from './tile.ts'
import { combineTree, formatTree, hashesOfRecord, storedHashIndex, treeIndexes } from './tlog.ts'

export interface TestRecord {
  readonly module: string
  readonly version: string
  /** `h1:…`; a record can lack either. */
  readonly mod?: string
  readonly zip?: string
}

export interface TestDatabaseOptions {
  readonly name: string
  /** 32 bytes; databases of one seed sign with one key. */
  readonly seed?: Uint8Array
  /** Makes the record of a module version on first demand; undefined denies it. */
  readonly make?: (
    module: string,
    version: string,
  ) => TestRecord | undefined | Promise<TestRecord | undefined>
}

/** A signed checksum database in memory, for tests and for the lab. */
export interface TestDatabase {
  readonly name: string
  readonly key: string
  readonly size: number
  /** Adds a record unless the version has one; gives its number. */
  add(record: TestRecord): number
  /** Adds records that nobody asks for, so that the tree grows. */
  grow(count: number): void
  /** The signed head of the tree at `size` records; default: all. */
  head(size?: number): string
  /** The body of a lookup under the head of `size` records; undefined when there is no such record. */
  lookup(module: string, version: string, size?: number): Promise<Uint8Array | undefined>
  /** Answers `lookup/…`, `tile/…`, `latest` and `supported`; undefined is a 404. The path is not percent-encoded. */
  read(path: string): Promise<Uint8Array | undefined>
  /** The same records signed by the same key, going their own way from here. */
  fork(): TestDatabase
}

export function createTestDatabase(options: TestDatabaseOptions): TestDatabase {
  return open(options, { records: [], numbers: new Map(), hashes: [] })
}

interface Log {
  readonly records: Uint8Array[]
  readonly numbers: Map<string, number>
  readonly hashes: Uint8Array[]
}

function open(options: TestDatabaseOptions, log: Log): TestDatabase {
  const { name, seed = new Uint8Array(32).fill(7), make } = options
  const signer = createNoteSigner(name, seed)
  const stored = (index: number): Uint8Array => {
    const hash = log.hashes[index]
    if (hash === undefined) throw new RangeError(`hash ${index} is not in the test database`)
    return hash
  }
  const append = (id: string, text: string): number => {
    const number = log.records.length
    const record = Buffer.from(text)
    log.hashes.push(...hashesOfRecord(number, record, stored))
    log.records.push(record)
    log.numbers.set(id, number)
    return number
  }

  const database: TestDatabase = {
    name,
    key: signer.key,
    get size() {
      return log.records.length
    },
    add({ module, version, mod, zip }) {
      const id = `${module}@${version}`
      const known = log.numbers.get(id)
      if (known !== undefined) return known
      const lines = [
        zip === undefined ? '' : `${module} ${version} ${zip}\n`,
        mod === undefined ? '' : `${module} ${version}/go.mod ${mod}\n`,
      ].join('')
      return append(id, lines === '' ? `${module} ${version}\n` : lines)
    },
    grow(count) {
      for (let i = 0; i < count; i++) {
        const filler = `filler.example/m${log.records.length}`
        append(`${filler}@v1.0.0`, `${filler} v1.0.0 h1:filler\n`)
      }
    },
    head(size = log.records.length) {
      return signer.sign(formatTree({ size, hash: combineTree(treeIndexes(size).map(stored)) }))
    },
    async lookup(module, version, size) {
      const number = log.numbers.get(`${module}@${version}`) ?? (await create(module, version))
      if (number === undefined) return undefined
      const record = log.records[number] ?? new Uint8Array()
      return Buffer.concat([Buffer.from(`${number}\n`), record, Buffer.from(`\n${database.head(size)}`)])
    },
    async read(path) {
      if (path === 'supported') return new Uint8Array()
      if (path === 'latest') return Buffer.from(database.head())
      const [, module, version] = /^lookup\/(.+)@([^@]+)$/.exec(path) ?? []
      if (module !== undefined && version !== undefined) {
        return database.lookup(plain(module), plain(version))
      }
      const tile = parseTilePath(path)
      if (tile === undefined || tile.height !== TILE_HEIGHT) return undefined
      const from = tile.n * 2 ** TILE_HEIGHT
      if (tile.level === 'data') {
        if (from + tile.width > log.records.length) return undefined
        const newline = Buffer.from('\n')
        return Buffer.concat(
          log.records.slice(from, from + tile.width).flatMap((record) => [record, newline]),
        )
      }
      const level = tile.level * TILE_HEIGHT
      if (from + tile.width > Math.floor(log.records.length / 2 ** level)) return undefined
      return Buffer.concat(
        Array.from({ length: tile.width }, (_, i) => stored(storedHashIndex(level, from + i))),
      )
    },
    fork() {
      return open(options, {
        records: [...log.records],
        numbers: new Map(log.numbers),
        hashes: [...log.hashes],
      })
    },
  }

  async function create(module: string, version: string): Promise<number | undefined> {
    const made = await make?.(module, version)
    return made === undefined ? undefined : database.add(made)
  }

  return database
}

/** `!x` stands for an upper-case X in the paths of the protocol. */
function plain(text: string): string {
  return text.replaceAll(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
