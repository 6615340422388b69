import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { type SetupHooks, setupCommand } from './setup-command.ts'

/** A home in which a test runs `posthaste setup`. */
export interface Scene extends AsyncDisposable {
  readonly home: string
  write(path: string, text: string): Promise<void>
  read(path: string): Promise<string | undefined>
  journal(): Promise<readonly string[]>
  setup(line: string, hooks?: SetupHooks, env?: Readonly<Record<string, string>>): Promise<Said>
}

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A home of its own, on a machine that has the named commands; none of them can be run. */
export async function scene(installed: readonly string[] = []): Promise<Scene> {
  const folder = await temporaryFolder()
  const home = join(folder.path, 'ho me')
  const cwd = join(home, 'project')
  await mkdir(cwd, { recursive: true })
  const at = (path: string) => join(home, path)
  return {
    home,
    write: async (path, text) => {
      await mkdir(dirname(at(path)), { recursive: true })
      await writeFile(at(path), text)
    },
    read: (path) => readFile(at(path), 'utf8').catch(() => undefined),
    journal: async () => (await readdir(at('data/journal'), { recursive: true }).catch(() => [])).sort(),
    setup: async (line, hooks = {}, env = {}) => {
      const said = { out: '', err: '' }
      const words = line === '' ? [] : line.split(' ')
      const code = await setupCommand(
        [...words, '--data', at('data')],
        {
          stdout: { write: (text) => (said.out += text) },
          stderr: { write: (text) => (said.err += text) },
          env: { HOME: home, PATH: '/nowhere', ...env },
          cwd,
        },
        {
          machine: {
            platform: 'linux',
            etc: join(folder.path, 'etc'),
            which: async (command) => (installed.includes(command) ? `/nowhere/${command}` : undefined),
          },
          now: () => 0,
          ask: undefined,
          ...hooks,
        },
      )
      return { code, ...said }
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

export const served = { served: ['go', 'npm', 'pypi', 'cargo', 'maven'] } as const
