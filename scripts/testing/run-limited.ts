import { spawn } from 'node:child_process'
import { notOutliving, sendSignal } from './live-processes.ts'

export interface LimitedRun {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  /** The whole environment; the caller's own when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly limitMs: number
  /** Every piece of stdout and stderr as it comes, in the order of arrival. */
  readonly onOutput?: (text: string) => void
}

export interface LimitedResult {
  readonly code: number | undefined
  readonly signal: string | undefined
  readonly timedOut: boolean
  /** stdout and stderr together; the last `maxOutputChars` of them. */
  readonly output: string
  readonly tookMs: number
}

const maxOutputChars = 16 * 1024 * 1024
const killAfterMs = 3_000

/**
 * Runs a command in a process group of its own and ends the whole group: when the time is up, and after the
 * command itself has ended, so that nothing it started stays behind. Rejects when the command cannot start.
 */
export function runLimited(run: LimitedRun): Promise<LimitedResult> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const child = spawn(run.command, [...run.args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(run.cwd !== undefined && { cwd: run.cwd }),
      ...(run.env !== undefined && { env: { ...run.env } as NodeJS.ProcessEnv }),
    })
    const group = child.pid === undefined ? undefined : -child.pid
    const noted = notOutliving(group)
    let output = ''
    let timedOut = false
    let hardKill: NodeJS.Timeout | undefined
    const limit = setTimeout(() => {
      timedOut = true
      sendSignal(group, 'SIGTERM')
      hardKill = setTimeout(() => sendSignal(group, 'SIGKILL'), killAfterMs)
    }, run.limitMs)
    const collect = (piece: string) => {
      output = (output + piece).slice(-maxOutputChars)
      run.onOutput?.(piece)
    }
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    // A grandchild that holds the pipes open would keep 'close' from coming: the group ends with its leader.
    child.on('exit', () => sendSignal(group, 'SIGKILL'))
    child.on('error', (error) => {
      clearTimeout(limit)
      reject(error)
    })
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      clearTimeout(hardKill)
      noted[Symbol.dispose]()
      resolve({
        code: code ?? undefined,
        signal: signal ?? undefined,
        timedOut,
        output,
        tookMs: performance.now() - startedMs,
      })
    })
  })
}
