import { spawn } from 'node:child_process'
import type { StepResult } from './client-run.ts'

export interface RunStepOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** The whole environment; `undefined` counts as absent. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** A client that says more is cut: only its first words are read. */
const MAX_OUTPUT = 2 * 1024 * 1024

/** Runs a program to its end and ends it with all that it started when time is over. Never throws. */
export function runStep(options: RunStepOptions): Promise<StepResult> {
  const { command, args, cwd, env, timeoutMs, signal } = options
  return new Promise((resolve) => {
    const said = { stdout: '', stderr: '' }
    let timedOut = false
    const isUnix = process.platform !== 'win32'
    const present = Object.fromEntries(
      Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
    )
    // A group of its own, so that git and node below a client end with it.
    const child = spawn(command, [...args], {
      cwd,
      env: present,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: isUnix,
      windowsHide: true,
    })
    const end = () => {
      if (child.pid === undefined) return
      try {
        process.kill(isUnix ? -child.pid : child.pid, 'SIGKILL')
      } catch (error) {
        // It ended a moment ago.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    const late = setTimeout(() => {
      timedOut = true
      end()
    }, timeoutMs)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    const settle = (code: number | null, more = '') => {
      clearTimeout(late)
      signal.removeEventListener('abort', end)
      resolve({ code: code ?? undefined, stdout: said.stdout, stderr: said.stderr + more, timedOut })
    }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (piece: string) => {
        if (said[name].length < MAX_OUTPUT) said[name] += piece
      })
    }
    child.once('error', (error) => settle(null, error.message))
    child.once('close', (code) => settle(code))
  })
}
