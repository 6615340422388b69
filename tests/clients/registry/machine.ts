import { dirname } from 'node:path'
import { runLimited } from '../../../scripts/testing/run-limited.ts'

const limitMs = 20_000

/** The machine's node; undefined without one. */
export function nodeProgram(): string | undefined {
  return Bun.which('node') ?? undefined
}

/** The machine's python3 itself, not a launcher that needs its user's home; undefined without one. */
export async function pythonProgram(): Promise<string | undefined> {
  const said = await firstLine('python3', ['-c', 'import sys; print(sys.executable)'])
  return said?.startsWith('/') ? said : undefined
}

/** The first line that a command prints; undefined when it fails or is not there. */
export function firstLine(command: string, args: readonly string[]): Promise<string | undefined> {
  return runLimited({ command, args, limitMs }).then(
    ({ code, output }) => (code === 0 ? output.trim().split('\n').at(-1) : undefined),
    () => undefined,
  )
}

/** A PATH with these programs' folders first and the system's own after them. */
export function pathWith(programs: readonly (string | undefined)[]): string {
  const folders = programs.flatMap((program) => (program === undefined ? [] : [dirname(program)]))
  return [...new Set([...folders, '/usr/local/bin', '/usr/bin', '/bin'])].join(':')
}
