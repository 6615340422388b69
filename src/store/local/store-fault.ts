import { StoreError, type StoreErrorCode } from '../store.ts'

const faults: Record<string, readonly [StoreErrorCode, string]> = {
  ENOSPC: ['store.full', 'Free some room on this disk, or lower cache.maxBytes.'],
  EDQUOT: ['store.full', 'The disk quota is used up: free some room, or lower cache.maxBytes.'],
  EROFS: [
    'store.readonly',
    'The disk is mounted read-only: mount it for writing, or set data to another folder.',
  ],
  EACCES: [
    'store.readonly',
    'Give the user that runs Posthaste the right to write there, or set data to another folder.',
  ],
  EPERM: [
    'store.readonly',
    'Give the user that runs Posthaste the right to write there, or set data to another folder.',
  ],
  EIO: ['store.io', 'The disk reports errors: look at the system log and check the disk.'],
  EMFILE: ['store.io', 'Too many open files: raise the limit (ulimit -n).'],
}

/** What a failed step of the store is told as: a stable code, the path, and what to do. */
export function storeFault(error: unknown, action: string, path: string): StoreError {
  if (error instanceof StoreError) return error
  const errno = error instanceof Error && 'code' in error ? String(error.code) : ''
  const [code, hint] = faults[errno] ?? ['store.io', 'Look at the cause, and at the system log.']
  const reason = error instanceof Error ? error.message : String(error)
  return new StoreError(code, `cannot ${action} ${path}: ${reason}`, hint, { cause: error })
}

/** Runs one step and tells its failure as a `StoreError`. */
export async function step<T>(action: string, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw storeFault(error, action, path)
  }
}

/** What is asked of a store that was closed. */
export function closedError(): StoreError {
  return new StoreError('store.closed', 'the store is closed', 'Open it again.')
}
