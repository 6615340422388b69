import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Test files that share one process and one time limit. */
export interface Batch {
  readonly name: string
  /** Relative to the repository, with `/`. */
  readonly files: readonly string[]
  readonly limitMs: number
  /** Unit tests may share the machine with another batch; black-box suites want it for themselves. */
  readonly alone: boolean
}

const testFile = /\.test\.ts$/
const minuteMs = 60_000

/** Every test file below the given folders, sorted; folders that do not exist hold none. */
export async function findTestFiles(root: string, folders: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const folder of folders) await collect(root, folder, found)
  return found.sort()
}

async function collect(root: string, folder: string, found: string[]): Promise<void> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const entry of entries) {
    if (entry.name === 'node_modules' || entry.name === 'testdata') continue
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) await collect(root, path, found)
    else if (testFile.test(entry.name)) found.push(path)
  }
}

/**
 * Groups files so that a crash or a hang costs one room, not the run: one batch for each room of `src/` (the
 * ecosystems each count as one), for `lab/` and `scripts/`, and one for each black-box file of `tests/`.
 */
export function planBatches(files: readonly string[], options: { readonly all: boolean }): Batch[] {
  const groups = new Map<string, string[]>()
  for (const file of files) {
    const name = batchName(file)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [file])
    else group.push(file)
  }
  const stretch = options.all ? 5 : 1
  return [...groups].map(([name, members]) => {
    const alone = name.startsWith('tests/')
    return { name, files: members, alone, limitMs: (alone ? 5 : 4) * minuteMs * stretch }
  })
}

function batchName(file: string): string {
  const parts = file.split('/')
  if (parts[0] === 'tests') return file
  if (parts[0] !== 'src' || parts.length < 3) return parts[0] ?? file
  return parts[1] === 'ecosystems' && parts.length > 3 ? parts.slice(0, 3).join('/') : `src/${parts[1]}`
}
