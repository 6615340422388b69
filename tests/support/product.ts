import { dirname, join } from 'node:path'
import { type Exit, type Spawned, startProcess } from './spawned.ts'

export const repository = dirname(dirname(import.meta.dirname))
export const posthaste = join(repository, 'bin', 'posthaste')

export interface StartOptions {
  readonly dataDir: string
  /** Flags besides `--listen`, `--data` and `--log`: `['--offline']`. */
  readonly args?: readonly string[]
  /** Added to `isolatedEnv` with a home beside the data folder; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default `json`. */
  readonly log?: 'json' | 'text' | 'off'
  /** `host:port`; a free port of 127.0.0.1 when left out. */
  readonly listen?: string
}

export interface Product extends Spawned {
  /** `http://127.0.0.1:PORT`, from the ready line. */
  readonly url: string
  /** The JSON lines of its logs so far (`log: 'json'`). */
  logLines(): Record<string, unknown>[]
  /** SIGTERM, then waits for the end. */
  stop(): Promise<Exit>
}

const readyLine = /^posthaste ready on (http:\/\/\S+)$/

/** A minimal environment that reads nothing of the person who runs the tests. */
export function isolatedEnv(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'share'),
    GOENV: join(home, 'goenv'),
    GOTOOLCHAIN: 'local',
    GOTELEMETRY: 'off',
    LANG: 'C',
  }
}

/** `bin/posthaste serve …`, not waited for. */
export function launchProduct(options: StartOptions): Spawned {
  const home = dirname(options.dataDir)
  const listen = ['--listen', options.listen ?? '127.0.0.1:0']
  const rest = ['--data', options.dataDir, '--log', options.log ?? 'json', ...(options.args ?? [])]
  const env = { ...isolatedEnv(home), ...options.env }
  return startProcess(posthaste, ['serve', ...listen, ...rest], { cwd: home, env })
}

/** Starts Posthaste and waits for its ready line. Disposal kills it when it still runs. */
export async function startProduct(options: StartOptions): Promise<Product> {
  const process = launchProduct(options)
  try {
    const url = readyLine.exec(await process.sees(readyLine))?.[1] ?? ''
    return {
      ...process,
      url,
      logLines: () => `${process.stdout()}\n${process.stderr()}`.split('\n').flatMap(parseJsonLine),
      stop: async () => {
        process.signal('SIGTERM')
        return await process.exited
      },
    }
  } catch (error) {
    await process[Symbol.asyncDispose]()
    throw error
  }
}

function parseJsonLine(line: string): Record<string, unknown>[] {
  if (!line.startsWith('{')) return []
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? [value as Record<string, unknown>] : []
  } catch {
    // The last line may still be on its way.
    return []
  }
}
