import { randomUUID } from 'node:crypto'
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces a file's text in one step: whoever reads it sees the old text or the new one. A link is followed, the
 * mode is kept, a missing folder is made. Throws what the file system says; then the old file is as it was.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return path
    throw error
  })
  const mode = await stat(target).then(
    (found) => found.mode & 0o777,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return 0o600
      throw error
    },
  )
  await mkdir(dirname(target), { recursive: true })
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}`)
  try {
    {
      await using file = await open(temporary, 'wx', mode)
      await file.chmod(mode)
      await file.writeFile(text)
      await file.sync()
    }
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
