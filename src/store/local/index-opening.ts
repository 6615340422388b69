import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DataFolder } from './data-folder.ts'
import { IndexDb, type IndexTotals, type PackPlace } from './index-db.ts'

export interface OpenedIndex {
  readonly db: IndexDb
  readonly covered: PackPlace | undefined
  readonly totals: IndexTotals
  /** A damaged file that lay in its place. */
  readonly aside: string | undefined
}

/** An index in memory takes the place of one that cannot be opened: hits go on, the packs know everything. */
export function openIndex(folder: DataFolder, log: (line: string) => void): OpenedIndex {
  if (!folder.lock) return opened(':memory:')
  try {
    return opened(folder.index)
  } catch (error) {
    if (!isDamage(error)) return inMemory(folder, error, log)
    log(`the index ${folder.index} is damaged (${String(error)}): it is made again from the packs`)
    return renewIndex(folder, log)
  }
}

/** Puts the index file aside and begins an empty one. */
export function renewIndex(folder: DataFolder, log: (line: string) => void): OpenedIndex {
  const aside = join(folder.tmp, `${folder.run}-index`)
  try {
    renameSync(folder.index, aside)
    for (const end of ['-wal', '-shm']) rmSync(folder.index + end, { force: true })
    return { ...opened(folder.index), aside }
  } catch (error) {
    return inMemory(folder, error, log)
  }
}

function inMemory(folder: DataFolder, error: unknown, log: (line: string) => void): OpenedIndex {
  log(`cannot write the index ${folder.index} (${String(error)}): it is kept in memory until the next start`)
  return opened(':memory:')
}

/** True when SQLite says that its file is damaged, and not that it cannot be reached. */
export function isDamage(error: unknown): boolean {
  return /malformed|not a database|corrupt|no such (table|column)|another index format/i.test(String(error))
}

function opened(path: string): OpenedIndex {
  const db = new IndexDb(path)
  try {
    return { db, covered: db.covered, totals: db.totals, aside: undefined }
  } catch (error) {
    db.close()
    throw error
  }
}
