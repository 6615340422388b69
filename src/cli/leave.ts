import type { ExitCode } from './io.ts'

/**
 * Ends the process when all is said and only the system's resolver still waits for an answer: it cannot be told to
 * stop, and would keep the process until it gives up.
 */
export async function leave(code: ExitCode): Promise<never> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()))
  process.exit(code)
}
