import type { EventEmitter } from 'node:events'

/** What a command may touch of the process that it runs in. */
export interface Io {
  readonly stdout: Writer
  readonly stderr: Writer
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

export interface Writer {
  write(text: string): unknown
  /** True on a terminal. */
  readonly isTTY?: boolean
  readonly columns?: number
}

/** 0 done and healthy, 1 a problem found or failed, 2 could not tell, 64 wrong usage. */
export type ExitCode = 0 | 1 | 2 | 64

/** This process's own streams. A reader that went away (`… | head`) is no failure of the command. */
export function systemIo(): Io {
  endQuietly(process.stdout, 'the output', process.stderr)
  endQuietly(process.stderr, 'messages')
  return { stdout: process.stdout, stderr: process.stderr, env: process.env, cwd: process.cwd() }
}

/** The work goes on, and its exit code with it, unless the output is lost for another reason (a full disk). */
function endQuietly(stream: EventEmitter, what: string, messages?: Writer): void {
  stream.once('error', (error: Error) => {
    stream.on('error', () => undefined)
    if ('code' in error && error.code === 'EPIPE') return
    messages?.write(`posthaste: ${what} cannot be written: ${error.message}\n`)
    process.once('exit', () => {
      process.exitCode = 1
    })
  })
}
