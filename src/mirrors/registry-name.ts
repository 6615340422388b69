import { readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The public crate registry's own name, which some mirrors have in their paths: Cargo names the folder of its
 * sparse index after it once it has built anything. Undefined when there is none.
 */
export async function cargoRegistryName(env: Environment): Promise<string | undefined> {
  const home = env.CARGO_HOME || join(env.HOME || homedir(), '.cargo')
  const folders = await readdir(join(home, 'registry', 'index')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EACCES') return []
    throw error
  })
  const names = folders.flatMap((folder) => /^index\.([a-z0-9.-]+)-[0-9a-f]{16}$/.exec(folder)?.[1] ?? [])
  return names.length === 1 ? names[0] : undefined
}
