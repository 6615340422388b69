import { readFile } from 'node:fs/promises'

/** The text of a file, or undefined when there is none. Throws when it cannot be read. */
export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** For whoever only looks: a file that cannot be read is as one that is not there. */
export function quietly(
  read: (path: string) => Promise<string | undefined>,
): (path: string) => Promise<string | undefined> {
  return (path) => read(path).catch(() => undefined)
}
