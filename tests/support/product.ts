import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'

export const repository = dirname(dirname(import.meta.dirname))
export const posthaste = join(repository, 'bin', 'posthaste')

export interface StartOptions {
  /** What follows the command, before the defaults: `['--offline']`. */
  readonly args?: readonly string[]
  readonly dataDir: string
  /** Added to a minimal environment: PATH and a home inside the data folder's parent. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly log?: 'json' | 'text' | 'off'
  /** `host:port`; a free port of 127.0.0.1 when left out. */
  readonly listen?: string
  /** Run instead of `bin/posthaste serve`. */
  readonly command?: readonly [string, ...string[]]
}

export interface Exit {
  readonly code: number | undefined
  readonly signal: string | undefined
}

export interface Product extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, from the ready line. */
  readonly url: string
  readonly pid: number
  readonly exited: Promise<Exit>
  /** stdout and stderr so far. */
  output(): string
  /** The JSON lines of the log so far (`log: 'json'`). */
  logLines(): Record<string, unknown>[]
  /** Resolves when the output so far, or later, matches. Rejects when the process ends first, or after 30 s. */
  sees(pattern: RegExp): Promise<string>
  signal(name: NodeJS.Signals): void
  /** SIGTERM, then waits for the end. */
  stop(): Promise<Exit>
}

const readyLine = /posthaste ready on (http:\/\/\S+)/
const waitMs = 30_000

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

/** Starts Posthaste and waits for its ready line. Disposal kills it when it still runs. */
export async function startProduct(options: StartOptions): Promise<Product> {
  const [command, ...first] = options.command ?? [posthaste, 'serve']
  const listen = options.listen ?? '127.0.0.1:0'
  const args = [...first, '--listen', listen, '--data', options.dataDir, '--log', options.log ?? 'json']
  const child = spawn(command, [...args, ...(options.args ?? [])], {
    cwd: options.cwd ?? dirname(options.dataDir),
    env: { ...isolatedEnv(dirname(options.dataDir)), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const watched = watch(child)
  try {
    const line = await watched.sees(readyLine)
    const url = readyLine.exec(line)?.[1] ?? ''
    return { url, pid: child.pid ?? 0, ...watched }
  } catch (error) {
    await watched[Symbol.asyncDispose]()
    throw error
  }
}

function watch(child: ChildProcess): Omit<Product, 'url' | 'pid'> {
  let output = ''
  let ended = false
  const waiting = new Set<() => void>()
  const look = () => {
    for (const check of waiting) check()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      output += piece
      look()
    })
  }
  const exited = new Promise<Exit>((resolve) => {
    const finish = (exit: Exit) => {
      ended = true
      resolve(exit)
      look()
    }
    child.on('close', (code, signal) => finish({ code: code ?? undefined, signal: signal ?? undefined }))
    child.on('error', (error) => {
      output += `\n${String(error)}`
      finish({ code: undefined, signal: undefined })
    })
  })
  const sees = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const stop = (settle: () => void) => {
        waiting.delete(check)
        clearTimeout(limit)
        settle()
      }
      const limit = setTimeout(
        () => stop(() => reject(new Error(`no ${pattern} within ${waitMs} ms in:\n${output}`))),
        waitMs,
      )
      const check = () => {
        const line = output.split('\n').find((one) => pattern.test(one))
        if (line !== undefined) stop(() => resolve(line))
        else if (ended) stop(() => reject(new Error(`ended without ${pattern}:\n${output}`)))
      }
      waiting.add(check)
      check()
    })
  const end = async (signal: NodeJS.Signals) => {
    if (!ended) child.kill(signal)
    return await exited
  }
  return {
    exited,
    sees,
    output: () => output,
    logLines: () => output.split('\n').flatMap(parseJsonLine),
    signal: (name) => {
      child.kill(name)
    },
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL')
    },
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
