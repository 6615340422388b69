import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const header = /^-- (\S+) --\n/gm

/** What the lock files of a project hold: of one its text, of several one after another; empty when none is there. */
export async function readLock(project: string, names: readonly string[]): Promise<string> {
  const texts = await Promise.all(names.map((name) => textOf(join(project, name))))
  if (names.length <= 1 || texts.every((text) => text === '')) return texts.join('')
  return names.map((name, index) => `-- ${name} --\n${texts[index]}`).join('')
}

/** Puts back what `readLock` gave. */
export async function writeLock(project: string, names: readonly string[], lock: string): Promise<void> {
  const [only] = names
  if (names.length === 1 && only !== undefined) return writeFile(join(project, only), lock)
  const [, ...parts] = lock.split(header)
  for (const name of names) {
    const at = parts.indexOf(name)
    if (at === -1) throw new Error(`the lock has no ${name}`)
    await writeFile(join(project, name), parts[at + 1] ?? '')
  }
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
}
