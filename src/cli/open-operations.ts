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

/** Opens the data folder, or reaches the server that holds it. Throws StoreError when neither works. */
export async function openOperations(config: Config): Promise<OpenedOperations> {
  try {
    const store = await openLocalStore({
      dataDir: config.data,
      maxBytes: config.cache.maxBytes,
      scrubEveryMs: 0,
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
