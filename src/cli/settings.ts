import type { Loaded } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { readTextFile } from '../config/read-text-file.ts'
import { askGo, type Discover, resolveConfig, type Toolchains } from '../config/resolve-config.ts'
import type { Io } from './io.ts'

export interface Settings extends Partial<Toolchains> {
  readonly loaded: Loaded
}

/**
 * The settings in force, or undefined after every problem was told on stderr. Whoever needs no source leaves the
 * toolchains alone: asking them takes up to a second each.
 */
export async function settingsFor(
  flags: Readonly<Record<string, unknown>>,
  io: Io,
  toolchains: 'asked' | 'only go' | 'left alone' = 'asked',
): Promise<Settings | undefined> {
  const options = { flags, env: io.env, cwd: io.cwd, readFile: readTextFile }
  const ask: Discover | undefined = { asked: undefined, 'only go': askGo, 'left alone': askNobody }[
    toolchains
  ]
  const { result, ...found } = await resolveConfig(options, ask)
  if (!result.ok) {
    for (const problem of result.problems) io.stderr.write(`${formatProblem(problem)}\n`)
    return undefined
  }
  for (const warning of result.warnings) io.stderr.write(`warning: ${formatProblem(warning)}\n`)
  return { loaded: result, ...found }
}

const askNobody: Discover = async () => ({})
