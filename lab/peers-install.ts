import { execFile } from 'node:child_process'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A program of others that a row needs and that no package of the system has. */
export type InstalledPeer = 'verdaccio' | 'devpi' | 'proxpi' | 'uv'

const recipes: Readonly<Record<InstalledPeer, Recipe>> = {
  // Its own dependency names a tag that not every registry passes on.
  verdaccio: {
    with: 'npm',
    dependencies: { verdaccio: '6' },
    overrides: { 'node-fetch': '2.6.7' },
    program: 'node_modules/verdaccio/bin/verdaccio',
  },
  devpi: { with: 'pip', packages: ['devpi-server'], program: 'bin/devpi-server' },
  proxpi: { with: 'pip', packages: ['proxpi', 'gunicorn'], program: 'bin/gunicorn' },
  uv: { with: 'pip', packages: ['uv'], program: 'bin/uv' },
}

type Recipe = { readonly program: string } & (
  | {
      readonly with: 'npm'
      readonly dependencies: Readonly<Record<string, string>>
      readonly overrides: Readonly<Record<string, string>>
    }
  | { readonly with: 'pip'; readonly packages: readonly string[] }
)

/**
 * The path of a peer's program, installed into `keepFolder` when it is not there yet, from the registry that npm
 * or pip has. Throws with the installer's last words when it cannot be had.
 */
export async function installPeer(
  name: InstalledPeer,
  keepFolder: string,
  progress: (line: string) => void,
): Promise<string> {
  const folder = join(keepFolder, 'peers', name)
  const recipe = recipes[name]
  const program = join(folder, recipe.program)
  const complete = join(folder, 'complete')
  if (await exists(complete)) return program
  progress(`  installing ${name}, once …`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  if (recipe.with === 'npm') {
    const { dependencies, overrides } = recipe
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies, overrides }))
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], folder)
  } else {
    await run('python3', ['-m', 'venv', folder], folder)
    await run(join(folder, 'bin', 'pip'), ['install', '-q', ...recipe.packages], folder)
  }
  await writeFile(complete, '')
  return program
}

async function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await promisify(execFile)(program, args, { cwd, timeout: 300_000, maxBuffer: 64e6 })
  } catch (error) {
    const { stderr } = error as { stderr?: string }
    const why = (stderr || String(error)).trim().split('\n').slice(-3).join(' ')
    throw new Error(`${program} cannot install into ${cwd}: ${why}`, { cause: error })
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
