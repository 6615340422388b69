import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { behind } from './behind.ts'

export type ToolchainAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string }

/** How a toolchain is asked, whatever it is. */
export interface AskOptions {
  readonly command: string
  readonly timeoutMs: number
  /** Nobody waits for it right now: others go first. */
  readonly inBackground?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ToolchainQuestion extends AskOptions {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly maxOutputBytes: number
  /** How the question is called in a reason: `npm config`. */
  readonly title: string
  /** The limit that a reason names, where `timeoutMs` is what is left of it. @default timeoutMs */
  readonly wholeLimitMs?: number
  /** Runs a command that is a script by the system's shell. */
  readonly shell?: boolean
  /** The line of the error output that says what is wrong. @default its first */
  readonly complaint?: (stderr: string) => string | undefined
}

/** What a toolchain prints, without space around it. Never throws; a limit on time and output holds. */
export function askToolchain(question: ToolchainQuestion): Promise<ToolchainAnswer<string>> {
  const { command, cwd, env, signal } = question
  return new Promise((resolve) => {
    const done = (error: ExecError | null, stdout: string, stderr: string) => {
      if (!error) resolve({ ok: true, value: stdout.trim() })
      else resolve({ ok: false, reason: explain(error, stderr, question) })
    }
    try {
      const child = execFile(
        command,
        question.args,
        {
          cwd,
          env: { ...env, PWD: cwd },
          encoding: 'utf8',
          timeout: question.timeoutMs,
          killSignal: 'SIGKILL',
          maxBuffer: question.maxOutputBytes,
          windowsHide: true,
          shell: question.shell === true,
          ...(signal && { signal }),
        },
        done,
      )
      if (question.inBackground === true) behind(child)
    } catch (error) {
      resolve({ ok: false, reason: `'${command}' did not start: ${messageOf(error)}` })
    }
  })
}

/** Works in an empty folder that goes afterwards, so that no project's settings have a say. Never throws. */
export async function inEmptyFolder<T>(options: {
  /** What its name begins with. */
  readonly name: string
  readonly command: string
  readonly work: (folder: string) => Promise<T>
  readonly failed: (reason: string) => T
}): Promise<T> {
  let folder: string | undefined
  try {
    folder = await mkdtemp(join(tmpdir(), options.name))
    return await options.work(folder)
  } catch (error) {
    return options.failed(`no folder to run '${options.command}' in: ${messageOf(error)}`)
  } finally {
    // A folder that stays behind in the system's own temporary one is no reason to give up an answer.
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  }
}

interface ExecError extends Error {
  readonly code?: unknown
  readonly killed?: boolean
}

function explain(error: ExecError, stderr: string, question: ToolchainQuestion): string {
  const { command, title, wholeLimitMs = question.timeoutMs, complaint = firstLine } = question
  if (error.code === 'ENOENT') return `there is no '${command}' command on the PATH`
  if (error.name === 'AbortError') return 'the search was given up'
  if (error.killed) return `'${title}' gave no answer within ${wholeLimitMs} ms, or too long a one`
  return `'${title}' failed: ${complaint(stderr)?.trim().slice(0, 200) || firstLine(error.message)}`
}

function firstLine(text: string): string | undefined {
  return text.trim().split('\n')[0]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
