import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Machine } from '../clients/machine.ts'
import { goEnvironment } from './clients/go-run.ts'
import { runStep } from './run-step.ts'

const names = [
  'GOVERSION',
  'GOMODCACHE',
  'GOFLAGS',
  'GOSUMDB',
  'GOPRIVATE',
  'GONOPROXY',
  'GONOSUMDB',
] as const

export type GoSettings = Readonly<Record<(typeof names)[number] | 'GOTOOLCHAIN', string>>

interface Options {
  readonly machine: Machine
  readonly command: string
  readonly signal: AbortSignal
}

const LIMIT_MS = 10_000

/** What Go goes by for its user's own builds; undefined when it does not say. Leaves nothing in the home. */
export async function readGoSettings({ machine, command, signal }: Options): Promise<GoSettings | undefined> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'posthaste-go-')))
  try {
    const { GOENV, ...others } = await goEnvironment(machine, folder)
    // The other home is for Go's counters alone: folders and flags are to be the user's own.
    const own = Object.fromEntries(
      ['GOPATH', 'GOMODCACHE', 'GOFLAGS', 'GOCACHE'].map((name) => [name, machine.env[name]]),
    )
    const env = { ...machine.env, ...others, ...own, GOENV, PWD: folder }
    const args = ['env', '-json', ...names]
    const result = await runStep({ command, args, cwd: folder, env, timeoutMs: LIMIT_MS, signal })
    if (result.code !== 0) return undefined
    const said: unknown = JSON.parse(result.stdout)
    const value = (name: string) => {
      const found: unknown = typeof said === 'object' && said !== null ? Reflect.get(said, name) : undefined
      return typeof found === 'string' ? found : ''
    }
    const text = GOENV === undefined ? undefined : await machine.readText(GOENV)
    const GOTOOLCHAIN = machine.env.GOTOOLCHAIN || /^GOTOOLCHAIN=(.*)$/m.exec(text ?? '')?.[1] || 'auto'
    const cache = value('GOMODCACHE')
    return {
      GOVERSION: value('GOVERSION'),
      GOMODCACHE: cache.startsWith(folder) ? machine.home + cache.slice(folder.length) : cache,
      GOFLAGS: value('GOFLAGS'),
      GOSUMDB: value('GOSUMDB'),
      GOPRIVATE: value('GOPRIVATE'),
      GONOPROXY: value('GONOPROXY'),
      GONOSUMDB: value('GONOSUMDB'),
      GOTOOLCHAIN,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
