import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store.ts'
import { isErrno } from './disk.ts'

/** The right to write in a data folder, for one process at a time. */
export interface DataLock {
  /** True when the last owner was cut off, or could not remove everything. */
  readonly ownerDied: boolean
  /** With `leftovers` the next owner is told to look for what lies about. */
  release(leftovers?: boolean): void
}

/**
 * Takes the lock or throws `store.locked`. The lock is SQLite's own on a small file of its own, which the
 * kernel drops when its owner ends in whatever way: nothing stale is left to judge by process ids.
 * `owner.json` beside it only says who it is.
 */
export function takeDataLock(dataDir: string): DataLock {
  const note = join(dataDir, 'owner.json')
  const db = new DatabaseSync(join(dataDir, 'lock.sqlite'))
  try {
    db.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (!/locked|busy/i.test(String(error))) throw error
    const pid = ownerPid(note)
    const owner = pid === undefined ? 'another process' : `another process (pid ${pid})`
    throw new StoreError(
      'store.locked',
      `the data folder ${dataDir} is in use by ${owner}`,
      'Stop that process, or give this one a data folder of its own (--data DIR).',
      { cause: error },
    )
  }
  const ownerDied = ownerPid(note) !== undefined
  try {
    writeFileSync(note, `${JSON.stringify({ pid: process.pid })}\n`)
  } catch (error) {
    db.close()
    throw error
  }
  return {
    ownerDied,
    release(leftovers = false) {
      if (!leftovers) rmSync(note, { force: true })
      db.close()
    },
  }
}

function ownerPid(note: string): number | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(note, 'utf8'))
    const pid = typeof owner === 'object' && owner !== null && 'pid' in owner ? owner.pid : undefined
    return typeof pid === 'number' ? pid : 0
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    return 0
  }
}
