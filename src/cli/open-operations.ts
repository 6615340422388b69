import { stat } from 'node:fs/promises'
import type { CacheOperations } from '../cache/operations.ts'
import { operationsOn } from '../cache/operations.ts'
import type { Config } from '../config/schema.ts'
import { readServerFile, type ServerFile } from '../serve/server-file.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import { StoreError } from '../store/store.ts'
import { remoteOperations } from './remote-operations.ts'

export interface OpenedOperations extends AsyncDisposable {
  readonly operations: CacheOperations
  /** The running server that does the work; undefined when the data folder was opened here. */
  readonly server: string | undefined
}

/**
 * Opens the data folder, or reaches the server that holds it. Evicts nothing by itself: the settings at hand may not be
 * the server's. Throws StoreError when neither works, or when there is no such folder.
 */
export async function openOperations(config: Config): Promise<OpenedOperations> {
  await mustExist(config.data)
  try {
    const store = await openLocalStore({
      dataDir: config.data,
      maxBytes: config.cache.maxBytes,
      scrubEveryMs: 0,
      evictAtStart: false,
    })
    await store.ready()
    return {
      operations: operationsOn(store, () => undefined),
      server: undefined,
      [Symbol.asyncDispose]: () => store.close(),
    }
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'store.locked') throw error
    const server = await runningServer(config.data)
    if (server === undefined) throw error
    return {
      operations: remoteOperations(server.url, config.admin.token),
      server: server.url,
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
}

/** A mistyped folder is not made, and not told as an empty one. */
async function mustExist(dataDir: string): Promise<void> {
  try {
    await stat(dataDir)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // What else is in the way, the store tells.
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return
    throw new StoreError(
      'store.io',
      `there is no data folder at ${dataDir}`,
      "The first 'posthaste serve' makes one; for another name it with --data DIR.",
      { cause: error },
    )
  }
}

/** The server that holds a data folder; undefined when none runs. */
export async function runningServer(dataDir: string): Promise<ServerFile | undefined> {
  const server = await readServerFile(dataDir)
  // What a killed server left behind names a port that may be anybody's by now.
  return server === undefined || !isRunning(server.pid) ? undefined : server
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is one that runs.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
