import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { parseGoproxyList } from '../src/ecosystems/go/goproxy-list.ts'
import { escapePath } from '../src/ecosystems/go/module-path.ts'

const limitMs = 30_000
const atATime = 6

/** Reads a file below `PATH/@v/` of the module proxy that this machine's go is set to; undefined where it has none. */
export type ReadModuleFile = (path: string, file: string) => Promise<string | undefined>

export async function moduleProxy(): Promise<ReadModuleFile> {
  const { stdout } = await promisify(execFile)('go', ['env', 'GOPROXY'])
  const list = parseGoproxyList(stdout.trim())
  const source = list.ok ? list.steps.find((step) => step.kind === 'source') : undefined
  if (source === undefined) throw new Error(`no module proxy in GOPROXY: ${stdout.trim()}`)
  return async (path, file) => {
    const answer = await fetch(`${source.url}/${escapePath(path)}/@v/${file}`, {
      signal: AbortSignal.timeout(limitMs),
    })
    if (answer.status === 404 || answer.status === 410) return undefined
    if (!answer.ok) throw new Error(`${path} ${file}: status ${answer.status}`)
    return await answer.text()
  }
}

/** Works off `queue`, which may grow meanwhile, politely: six at a time. */
export async function workOff<Item>(queue: Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const one = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) await work(next)
  }
  while (queue.length > 0) await Promise.all(Array.from({ length: atATime }, one))
}
