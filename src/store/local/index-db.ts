import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { ListFilter, ProofState } from '../store.ts'

/** Where the record of a key lies, and what listing and eviction need to know without reading it. */
export interface IndexRow {
  readonly key: string
  readonly pack: number
  readonly offset: number
  readonly length: number
  readonly sizeBytes: number
  readonly proof: ProofState
  /** Only of a body in a blob file. */
  readonly sha256: string | undefined
  readonly usedSeconds: number
  readonly hits: number
}

/** A place in the packs: everything before it is in the index. */
export interface PackPlace {
  readonly pack: number
  readonly offset: number
}

/** Sums over all objects, so that a start needs no scan. */
export interface IndexTotals {
  readonly objects: number
  readonly unproved: number
  readonly blobBytes: number
}

export type IndexChange =
  | { readonly kind: 'put'; readonly row: IndexRow }
  | { readonly kind: 'gone'; readonly key: string }
  | { readonly kind: 'used'; readonly key: string; readonly usedSeconds: number; readonly hits: number }

const formatVersion = '1'
const schema = `
  CREATE TABLE IF NOT EXISTS objects (
    key TEXT PRIMARY KEY, pack INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
    size INTEGER NOT NULL, proof INTEGER NOT NULL, sha256 TEXT, used INTEGER NOT NULL, hits INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS by_blob ON objects (sha256) WHERE sha256 IS NOT NULL;
  CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`
const columns = 'key, pack, offset, length, size, proof, sha256, used, hits'
const proofs: readonly ProofState[] = ['proved', 'sound', 'unproved']

/**
 * The index: SQLite, for look-ups before the table in memory is full, for lists, and for a start without a
 * scan. It follows the packs and can be made again from them. Every method may throw what SQLite throws.
 */
export class IndexDb {
  readonly #db: DatabaseSync
  readonly #get: StatementSync
  readonly #put: StatementSync
  readonly #gone: StatementSync
  readonly #used: StatementSync
  readonly #blob: StatementSync
  readonly #page: StatementSync
  readonly #setFact: StatementSync

  /** `path` may be `:memory:`. Throws when the file is no index of this format. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path)
    try {
      this.#db.exec('PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
      this.#db.exec(`PRAGMA wal_autocheckpoint = 500; PRAGMA journal_size_limit = 4194304; ${schema}`)
      this.#setFact = this.#db.prepare(
        'INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
      )
      if ((this.#fact('format') ?? formatVersion) !== formatVersion) throw new Error('another index format')
      this.#get = this.#db.prepare(`SELECT ${columns} FROM objects WHERE key = ?`)
      this.#put = this.#db.prepare(`INSERT OR REPLACE INTO objects (${columns}) VALUES (?,?,?,?,?,?,?,?,?)`)
      this.#gone = this.#db.prepare('DELETE FROM objects WHERE key = ?')
      this.#used = this.#db.prepare('UPDATE objects SET used = ?, hits = ? WHERE key = ?')
      this.#blob = this.#db.prepare('SELECT 1 FROM objects WHERE sha256 = ? LIMIT 1')
      this.#page = this.#db.prepare(`SELECT ${columns} FROM objects WHERE key > ? ORDER BY key LIMIT ?`)
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** Undefined when the index does not cover the packs: it must be made again from all of them. */
  get covered(): PackPlace | undefined {
    const place = this.#fact('covered')
    return place === undefined ? undefined : (JSON.parse(place) as PackPlace)
  }

  get totals(): IndexTotals {
    const totals = this.#fact('totals')
    return totals === undefined
      ? { objects: 0, unproved: 0, blobBytes: 0 }
      : (JSON.parse(totals) as IndexTotals)
  }

  get(key: string): IndexRow | undefined {
    const row = this.#get.get(key)
    return row === undefined ? undefined : toRow(row)
  }

  /** Rows after `key` in ascending order. */
  page(after: string, limit: number): IndexRow[] {
    return this.#page.all(after, limit).map(toRow)
  }

  /** Rows that `filter` lets through; the pattern is matched by SQLite, byte by byte and case-sensitive. */
  list(filter: ListFilter, limit: number): IndexRow[] {
    const where = ['key > ?']
    const values: (string | number)[] = [filter.after ?? '']
    if (filter.pattern !== undefined) {
      where.push('key GLOB ?')
      values.push(filter.pattern.replaceAll('[', '[[]'))
    }
    if (filter.proof !== undefined) {
      where.push('proof = ?')
      values.push(proofs.indexOf(filter.proof))
    }
    const query = `SELECT ${columns} FROM objects WHERE ${where.join(' AND ')} ORDER BY key LIMIT ?`
    return this.#db
      .prepare(query)
      .all(...values, limit)
      .map(toRow)
  }

  usesBlob(sha256: string): boolean {
    return this.#blob.get(sha256) !== undefined
  }

  /** The key whose record lies at a place. Reads the whole index: only for damage. */
  keyAt(place: PackPlace): string | undefined {
    const query = this.#db.prepare('SELECT key FROM objects WHERE pack = ? AND offset = ?')
    const key = query.get(place.pack, place.offset)?.key
    return key === undefined ? undefined : String(key)
  }

  /** One transaction. `covered` and `totals` stay as they are when undefined. */
  write(
    changes: Iterable<IndexChange>,
    covered: PackPlace | undefined,
    totals: IndexTotals | undefined,
  ): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      for (const change of changes) this.#apply(change)
      if (totals) this.#setFact.run('totals', JSON.stringify(totals))
      if (covered) {
        this.#setFact.run('format', formatVersion)
        this.#setFact.run('covered', JSON.stringify(covered))
      }
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  close(): void {
    this.#db.close()
  }

  #apply(change: IndexChange): void {
    if (change.kind === 'gone') this.#gone.run(change.key)
    else if (change.kind === 'used') this.#used.run(change.usedSeconds, change.hits, change.key)
    else {
      const { row } = change
      const proof = proofs.indexOf(row.proof)
      const place = [row.key, row.pack, row.offset, row.length] as const
      this.#put.run(...place, row.sizeBytes, proof, row.sha256 ?? null, row.usedSeconds, row.hits)
    }
  }

  #fact(name: string): string | undefined {
    const value = this.#db.prepare('SELECT value FROM facts WHERE name = ?').get(name)?.value
    return value === undefined ? undefined : String(value)
  }
}

function toRow(row: Record<string, unknown>): IndexRow {
  return {
    key: String(row.key),
    pack: Number(row.pack),
    offset: Number(row.offset),
    length: Number(row.length),
    sizeBytes: Number(row.size),
    proof: proofs[Number(row.proof)] ?? 'unproved',
    sha256: typeof row.sha256 === 'string' ? row.sha256 : undefined,
    usedSeconds: Number(row.used),
    hits: Number(row.hits),
  }
}
