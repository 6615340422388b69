import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where a running server can be reached, for commands that find its data folder in use. */
export interface ServerFile {
  readonly url: string
  readonly pid: number
}

const NAME = 'server.json'

export async function writeServerFile(dataDir: string, server: ServerFile): Promise<void> {
  const path = join(dataDir, NAME)
  await writeFile(`${path}.new`, `${JSON.stringify(server)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

export async function removeServerFile(dataDir: string): Promise<void> {
  await rm(join(dataDir, NAME), { force: true })
}

/** Undefined when there is none, or none that can be read. */
export async function readServerFile(dataDir: string): Promise<ServerFile | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(dataDir, NAME), 'utf8'))
    if (typeof parsed !== 'object' || parsed === null) return undefined
    const { url, pid } = parsed as Partial<Record<string, unknown>>
    return typeof url === 'string' && typeof pid === 'number' ? { url, pid } : undefined
  } catch {
    // A torn or missing file says as much as none: no server is known.
    return undefined
  }
}
