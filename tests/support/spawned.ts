import { type ChildProcess, spawn } from 'node:child_process'
import { notOutliving } from '../../scripts/testing/live-processes.ts'

export interface Exit {
  readonly code: number | undefined
  readonly signal: string | undefined
}

export interface Spawned extends AsyncDisposable {
  readonly pid: number
  readonly exited: Promise<Exit>
  stdout(): string
  stderr(): string
  /** Resolves with the first line of the output, so far or later, that matches. Rejects when the process ends first, or after 30 s. */
  sees(pattern: RegExp): Promise<string>
  signal(name: NodeJS.Signals): void
}

export interface SpawnedOptions {
  readonly cwd: string
  /** The whole environment; `undefined` counts as absent. */
  readonly env: Readonly<Record<string, string | undefined>>
}

const waitMs = 30_000

/** Starts a process and reads what it says. Disposal kills it when it still runs. */
export function startProcess(
  command: string,
  args: readonly string[],
  { cwd, env }: SpawnedOptions,
): Spawned {
  const child = spawn(command, [...args], { cwd, env: present(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const noted = notOutliving(child.pid)
  let stdout = ''
  let stderr = ''
  let ended = false
  const waiting = new Set<() => void>()
  const look = () => {
    for (const check of [...waiting]) check()
  }
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece
    look()
  })
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece
    look()
  })
  const exited = whenEnded(child, (problem) => {
    stderr += problem
  }).then((exit) => {
    ended = true
    noted[Symbol.dispose]()
    look()
    return exit
  })
  const said = () => `${stdout}\n${stderr}`
  const sees = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const settle = (done: () => void) => {
        waiting.delete(check)
        clearTimeout(limit)
        done()
      }
      const limit = setTimeout(
        () => settle(() => reject(new Error(`no ${pattern} within ${waitMs} ms in:\n${said()}`))),
        waitMs,
      )
      const check = () => {
        const line = said()
          .split('\n')
          .find((one) => pattern.test(one))
        if (line !== undefined) settle(() => resolve(line))
        else if (ended) settle(() => reject(new Error(`ended without ${pattern}:\n${said()}`)))
      }
      waiting.add(check)
      check()
    })
  return {
    pid: child.pid ?? 0,
    exited,
    stdout: () => stdout,
    stderr: () => stderr,
    sees,
    signal: (name) => {
      child.kill(name)
    },
    [Symbol.asyncDispose]: async () => {
      if (!ended) child.kill('SIGKILL')
      await exited
    },
  }
}

function whenEnded(child: ChildProcess, onProblem: (text: string) => void): Promise<Exit> {
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }))
    child.on('error', (error) => {
      onProblem(String(error))
      resolve({ code: undefined, signal: undefined })
    })
  })
}

function present(env: SpawnedOptions['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
