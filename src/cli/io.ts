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

export function systemIo(): Io {
  return { stdout: process.stdout, stderr: process.stderr, env: process.env, cwd: process.cwd() }
}
