import type { Loaded } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { readTextFile } from '../config/read-text-file.ts'
import { type Resolved, resolveConfig } from '../config/resolve-config.ts'
import type { Io } from './io.ts'

/** The settings in force, or undefined after every problem was told on stderr. */
export async function settingsFor(
  flags: Readonly<Record<string, unknown>>,
  io: Io,
): Promise<{ readonly loaded: Loaded; readonly go: Resolved['go'] } | undefined> {
  const { result, go } = await resolveConfig({ flags, env: io.env, cwd: io.cwd, readFile: readTextFile })
  if (!result.ok) {
    for (const problem of result.problems) io.stderr.write(`${formatProblem(problem)}\n`)
    return undefined
  }
  for (const warning of result.warnings) io.stderr.write(`warning: ${formatProblem(warning)}\n`)
  return { loaded: result, go }
}
