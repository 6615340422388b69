import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import type { Client } from './client.ts'
import { SettingsFileError } from './file-text.ts'
import { hostsIn, type LockAddress, lockAddresses } from './lock-addresses.ts'
import type { Machine } from './machine.ts'

export interface LockFile {
  readonly path: string
  readonly ecosystem: EcosystemId
  readonly text: string
  readonly addresses: readonly LockAddress[]
  readonly hosts: ReturnType<typeof hostsIn>
}

/** A lock file that cannot be read, or is no text. */
export interface SkippedLock {
  readonly path: string
  readonly reason: string
}

/** Folders that hold no lock files of the project's own. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  '.venv',
  'venv',
  'target',
  'vendor',
])
const MAX_DEPTH = 4
const MAX_FOLDERS = 5_000

/**
 * The lock files of these clients in the working folder and below. Bounded. Those that cannot be read go to `skip`.
 * Throws what the file system says of the working folder.
 */
export async function findLocks(
  machine: Machine,
  clients: readonly Client[],
  skip?: (skipped: SkippedLock) => void,
): Promise<readonly LockFile[]> {
  const kinds = new Map(
    clients.flatMap(({ locks, ecosystem }) => locks.map((name) => [name, ecosystem] as const)),
  )
  const found: LockFile[] = []
  let folders = 0
  const walk = async (folder: string, depth: number): Promise<void> => {
    if (++folders > MAX_FOLDERS) return
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      if (depth === 0) throw error
      return []
    })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      const ecosystem = kinds.get(entry.name)
      if (entry.isDirectory() && depth < MAX_DEPTH && !PASSED_OVER.has(entry.name))
        await walk(path, depth + 1)
      if (ecosystem === undefined || entry.isDirectory()) continue
      let text: string
      try {
        text = (await machine.readText(path)) ?? ''
      } catch (error) {
        skip?.({ path, reason: whyUnread(error) })
        continue
      }
      const addresses = lockAddresses(text)
      found.push({ path, ecosystem, text, addresses, hosts: hostsIn(addresses) })
    }
  }
  await walk(machine.cwd, 0)
  return found
}

function whyUnread(error: unknown): string {
  if (error instanceof SettingsFileError) return `${error.message} (${error.hint})`
  return error instanceof Error ? error.message : String(error)
}
