import type { ExitCode, Io } from './io.ts'

/** One word of the command line. */
export interface Command {
  readonly name: string
  /** One line for the overview. */
  readonly summary: string
  readonly run: (args: readonly string[], io: Io) => Promise<ExitCode>
}

/** Errors that tell a person what to do: ours all carry a stable code and a hint. */
export function tellError(error: unknown, io: Io, command: string): void {
  const message = error instanceof Error ? error.message : String(error)
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : ''
  io.stderr.write(`posthaste ${command}: ${message}${hint === '' ? '' : `\n  ${hint}`}\n`)
}

export function tellUsage(message: string, io: Io, command: string): ExitCode {
  io.stderr.write(`posthaste ${command}: ${message}\nSee 'posthaste ${command} --help'.\n`)
  return 64
}
