import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runLimited } from '../../../scripts/testing/run-limited.ts'
import pins from './client-versions.json'
import { nodeProgram, pythonProgram } from './machine.ts'

/** A client that can be run, or why it cannot. */
export type Obtained =
  | { readonly command: readonly [program: string, ...args: string[]]; readonly version: string }
  | { readonly missing: string }

export type PinnedClient = keyof typeof pins

/** Outside the repository, so that no fresh checkout has to fetch them again. */
export const clientsCache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'posthaste-clients')
const installLimitMs = 240_000
const quiet = ['--no-audit', '--no-fund'] as const

/**
 * The pinned version of a client: from the cache, else installed by npm or pip from the registry that the
 * machine's own toolchain is set to.
 */
export async function obtainClient(id: PinnedClient): Promise<Obtained> {
  const pin = pins[id]
  const folder = join(clientsCache, `${id}-${pin.version}`)
  const program = join(folder, pin.program)
  const isHere = await stat(program).then(
    () => true,
    () => false,
  )
  if (!isHere) {
    const problem = await installInto(folder, pin)
    if (problem !== undefined) return { missing: `${pin.package} ${pin.version} cannot be had: ${problem}` }
  }
  if (pin.from === 'pypi' || !pin.program.endsWith('js')) return { command: [program], version: pin.version }
  const node = nodeProgram()
  if (node === undefined) return { missing: 'no node on this machine' }
  return { command: [node, program], version: pin.version }
}

async function installInto(
  folder: string,
  { from, package: name, version }: (typeof pins)[PinnedClient],
): Promise<string | undefined> {
  // Virtual environments cannot be moved: a half-made one is taken away instead.
  const making = from === 'npm' ? `${folder}.making-${process.pid}` : folder
  await mkdir(making, { recursive: true })
  const python = from === 'pypi' ? await pythonProgram() : undefined
  if (from === 'pypi' && python === undefined) return 'no python3 on this machine'
  const steps: readonly (readonly string[])[] =
    from === 'npm'
      ? // pnpm 12 is put in place by its install script, which the machine's own npm settings may forbid.
        [['npm', 'install', ...quiet, '--ignore-scripts=false', '--prefix', making, `${name}@${version}`]]
      : [
          [python ?? '', '-m', 'venv', making],
          [join(making, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', `${name}==${version}`],
        ]
  for (const [command = '', ...args] of steps) {
    const result = await runLimited({ command, args, limitMs: installLimitMs }).catch((error: Error) => ({
      code: undefined,
      output: error.message,
    }))
    if (result.code !== 0) {
      await rm(making, { recursive: true, force: true })
      return result.output.trim().split('\n').at(-1) ?? 'it says nothing'
    }
  }
  if (making !== folder) await rename(making, folder)
  return undefined
}
